// hot: no allocation after init
// Several feeds of the same symbols in a node: good ticks of all become one stream. Always: one
// feed alone is not looked at, but for a while after others went: it may be behind what they gave,
// and of its trades without numbers after a new connection: it may send them again;
// a feed that came or went is known before its next rows; one at its end keeps its place, and its
// counts, until another one needs it.

import type { SourceStatus, TickBatch, TradeBatch } from '@ndts/protocol';
import { feedsMax } from '../feed/feed-set.js';
import { Arbiter, type ArbiterOptions } from './arbiter.js';

/** A feed as this stage needs it. */
export interface NamedSource {
  readonly source: number;
  readonly name: string;
  readonly isConnected: boolean;
  /** Nothing more comes of it. */
  readonly isEnded: boolean;
}

export type TradeChoice = 'none' | 'again' | 'many';

/** Rows kept of a symbol: as many as a feed may be behind the first. */
const window = 64;
/** How long the last one is looked at after others went. */
const lingerNs = 60e9;

export class SourceDesk {
  readonly #arbiter: Arbiter;
  readonly #names = new Map<number, string>();
  readonly #connected = new Set<number>();
  /** The one that is, or was before there were several. */
  #alone = 0;
  #hasMany = false;
  #manyUntilNs = 0;
  #againUntilNs = 0;
  #sendsAgain = false;

  constructor(options: Pick<ArbiterOptions, 'skew' | 'countsAlike' | 'recall'>) {
    this.#arbiter = new Arbiter({ window, slots: feedsMax, ...options });
  }

  /** What feeds there are now; those before others lead where both are well. */
  setSources(sources: readonly NamedSource[], nowNs: number): void {
    for (const source of this.#names.keys())
      if (!sources.some((one) => one.source === source)) this.#remove(source, nowNs);
    if (this.#names.size < 2)
      this.#alone = nowNs < this.#againUntilNs ? 0 : ([...this.#names.keys()][0] ?? 0);
    for (const [priority, { source, name, isConnected, isEnded }] of sources.entries()) {
      if (isEnded && !this.#names.has(source)) continue;
      if (!this.#arbiter.addSource(source, priority)) {
        const ended = sources.find((one) => one.isEnded && this.#names.has(one.source));
        if (ended !== undefined) this.#remove(ended.source, nowNs);
        this.#arbiter.addSource(source, priority);
      }
      this.#names.set(source, name);
      if (isConnected) this.#connected.add(source);
      else if (this.#connected.delete(source)) this.#arbiter.lost(source, nowNs);
    }
    if (this.#names.size > 1) this.#manyUntilNs = nowNs + lingerNs;
    this.#hasMany = nowNs < this.#manyUntilNs;
    this.#sendsAgain = nowNs < this.#againUntilNs;
  }

  #remove(source: number, nowNs: number): void {
    this.#arbiter.removeSource(source, nowNs);
    this.#names.delete(source);
    this.#connected.delete(source);
  }

  /** There is something to choose from now on: the last rows of symbols that went on before. */
  begin(lastTicks?: (take: (batch: TickBatch) => void) => void): void {
    this.#arbiter.beginMany(this.#alone);
    lastTicks?.((batch) => this.#arbiter.noteAlone(batch));
  }

  /** Whether there is anything to choose among ticks. */
  get hasMany(): boolean {
    return this.#hasMany;
  }

  /** What there is to choose among trades: those of many, or those that one sends again. */
  get choice(): TradeChoice {
    if (this.#hasMany) return 'many';
    return this.#sendsAgain ? 'again' : 'none';
  }

  /** The source has a new connection: it may give again what it gave, or what the node had before
   * it was started. */
  sendsAgain(source: number, nowNs: number): void {
    this.#againUntilNs = nowNs + lingerNs;
    this.#sendsAgain = true;
    if (source === this.#alone) this.#alone = 0;
    this.#arbiter.sendsAgain(source);
  }

  /** Whether a source was never heard of. */
  isUnknown(source: number): boolean {
    return !this.#names.has(source);
  }

  /** Keeps the rows that no other source gave before, in order. Returns how many it did not. */
  choose(batch: TickBatch, source: number, nowNs: number): number {
    return this.hasMany ? this.#arbiter.ticks(batch, source, nowNs) : 0;
  }

  /** As choose(), of trades; of a source that is alone only those without numbers: by its numbers
   * it is cleaned. */
  chooseTrades(batch: TradeBatch, source: number, nowNs: number): number {
    const { choice } = this;
    return choice === 'none' ? 0 : this.#arbiter.trades(batch, source, nowNs, choice === 'again');
  }

  /** The source that leads a symbol; 0: none gave a row, or there is only one. */
  lead(symbol: number): number {
    return this.#names.size > 1 ? this.#arbiter.lead(symbol) : 0;
  }

  /** The best source but this one that gives ticks of a symbol; 0: there is none. */
  other(symbol: number, source: number, nowNs: number): number {
    return this.#names.size > 1 ? this.#arbiter.other(symbol, source, nowNs) : 0;
  }

  /** What each source did, once there is more than one. */
  statistics(): SourceStatus[] {
    if (this.#names.size < 2) return [];
    return this.#arbiter.statistics().map((one) => ({
      name: this.#names.get(one.source) ?? '',
      rows: one.rows,
      first: one.first,
      copies: one.copies,
      repeats: one.repeats,
      late: one.late,
      missed: one.missed,
      failovers: one.failovers,
      returns: one.returns,
      leads: one.leads,
      behindUsMean: one.behindNsMean / 1000,
      behindUsP50: one.behindNsP50 / 1000,
      behindUsP99: one.behindNsP99 / 1000,
      behindUsMax: one.behindNsMax / 1000,
    }));
  }
}
