// Quality in the data node: the state machine, what it is told by the feed, and who is told of its
// changes: the ticks themselves, the bus, the table `quality`, and whoever asks. Always: a change
// is on the bus after the ticks before it are on the rings, and names the sequence from which ticks
// carry it.

import {
  type Bus,
  type Clock,
  NdtsError,
  nsPerMs,
  type QualityChanged,
  type QualityRequest,
  type QualityView,
  subjects,
  type TickBatch,
} from '@ndts/protocol';
import type { Gauge, Logger, Metrics } from '@ndts/runtime';
import type { Database, SymbolEntry } from '@ndts/storage';
import type { SymbolDirectory } from '../serve/symbols.js';
import { noSymbolName } from '../symbols/no-symbol.js';
import { QualityHistory, stateName } from './quality-history.js';
import type { QualityClasses } from './quality-rules.js';
import { type QualityChange, stateOfFlags, SymbolQuality } from './symbol-quality.js';

/** What is looked at of a feed's statistics; a feed says no more than it knows. */
export interface FeedHealth {
  readonly state: string;
  readonly gaps?: number;
  readonly gapsRepaired?: number;
}

export interface QualityDeskDeps {
  readonly classes: QualityClasses;
  readonly database: Database;
  readonly symbols: SymbolDirectory;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly sourceName: (source: number) => string;
  /** One that gives a symbol beside that one; 0: there is none. */
  readonly other: (symbol: number, source: number) => number;
}

const sweepNs = 50 * nsPerMs;
/** Symbols looked at in one turn, so that many symbols do not hold up a tick. */
const sweepSymbols = 8192;
const historyMax = 1000;

interface Cause {
  readonly reason: string;
  readonly source: number;
  readonly sequence: number;
}

interface SourceHealth {
  isConnected: boolean;
  gaps: number;
}

export class QualityDesk {
  readonly #deps: QualityDeskDeps;
  readonly #quality: SymbolQuality;
  readonly #history: QualityHistory;
  readonly #notGood: Gauge;
  /** Changes since the last turn. */
  #news: { change: QualityChange; time: QualityChanged['time'] }[] = [];
  /** Of symbols that changed ever. */
  readonly #causes = new Map<number, Cause>();
  readonly #entries = new Map<number, SymbolEntry>();
  readonly #sources = new Map<number, SourceHealth>();
  /** By symbol: the sources that say it is halted. */
  readonly #halts = new Map<number, Set<number>>();
  #leaveBus: (() => void)[] = [];
  #sweepAtNs = 0;

  constructor(deps: QualityDeskDeps) {
    this.#deps = deps;
    this.#quality = new SymbolQuality(deps.classes.rules(deps.symbols.all()), (change) =>
      this.#news.push({ change: { ...change }, time: deps.clock.now() }),
    );
    const { database, clock, logger, sourceName } = deps;
    this.#history = new QualityHistory(database, clock, logger, sourceName);
    this.#notGood = deps.metrics.gauge('data_symbols_not_good', 'Symbols by state of quality.', [
      'state',
    ]);
  }

  /** What feeds know of single symbols goes in here: gap, repaired, lost. */
  get quality(): SymbolQuality {
    return this.#quality;
  }

  /** The table is there, requests are answered, and a tick of each symbol is expected. */
  open(): void {
    this.#history.open();
    this.watchAll();
    this.#leaveBus = [
      this.#deps.bus.respond(subjects.dataQuality, (request) =>
        this.views((request ?? {}) as QualityRequest),
      ),
    ];
  }

  close(): void {
    for (const leave of this.#leaveBus.splice(0)) leave();
    this.#history.flush();
  }

  /** The directory grew, or may have. */
  watchAll(): void {
    const nowNs = this.#deps.clock.monotonicNs();
    const all = this.#deps.symbols.all();
    if (all.length === this.#entries.size && !this.#deps.classes.hasChanged()) return;
    for (const entry of all) {
      this.#entries.set(entry.id, entry);
      if (entry.name !== noSymbolName) this.#quality.watch(entry.id, nowNs);
    }
    this.#quality.setRules(this.#deps.classes.rules(all));
  }

  /** After cleaning: what is told of each symbol goes into the flags of its rows. */
  mark(batch: TickBatch, source: number): void {
    this.#quality.noteTicks(batch, source, this.#deps.clock.monotonicNs());
  }

  noteRefused(batch: TickBatch): void {
    this.#quality.noteRefused(batch, this.#deps.clock.monotonicNs());
  }

  /** Of a source: one that went makes its symbols STALE, holes nobody filled make them GAPPED. */
  noteFeed(source: number, health: FeedHealth): void {
    const nowNs = this.#deps.clock.monotonicNs();
    const isConnected = health.state === 'connected';
    const gaps = (health.gaps ?? 0) - (health.gapsRepaired ?? 0);
    const known = this.#sources.get(source);
    if (known === undefined) {
      this.#sources.set(source, { isConnected, gaps });
      return;
    }
    if (known.isConnected && !isConnected)
      this.#quality.lost(source, nowNs, (symbol) => this.#deps.other(symbol, source));
    if (gaps > known.gaps) this.#quality.gapAtSource(source, nowNs);
    known.isConnected = isConnected;
    known.gaps = gaps;
  }

  /** A source says of a symbol: halted while any says so. */
  noteHalt(source: number, symbol: number, isHalted: boolean): void {
    const sources = this.#halts.get(symbol) ?? new Set<number>();
    this.#halts.set(symbol, sources);
    if (isHalted) sources.add(source);
    else sources.delete(source);
    if (sources.size === 0) this.#halts.delete(symbol);
    this.#quality.halt(symbol, sources.size > 0, this.#deps.clock.monotonicNs());
  }

  /** What the others said of halts is over: nobody is there who would take it back. */
  keepHaltsOf(sources: ReadonlySet<number>): void {
    for (const [symbol, said] of this.#halts)
      for (const source of said) if (!sources.has(source)) this.noteHalt(source, symbol, false);
  }

  /** Part of the duty cycle, after the batch was published. */
  doWork(nowNs: number): void {
    if (nowNs >= this.#sweepAtNs) {
      this.#quality.sweep(nowNs, sweepSymbols);
      const rounds = Math.ceil(this.#quality.end / sweepSymbols);
      this.#sweepAtNs = nowNs + sweepNs / Math.max(1, rounds);
    }
    if (this.#news.length > 0) this.#publish();
    this.#history.flush();
  }

  /** For the metrics; not in every turn. */
  count(): void {
    const counts: Record<string, number> = { STALE: 0, GAPPED: 0, CROSSED: 0, HALTED: 0 };
    for (const id of this.#causes.keys()) {
      const name = stateName(stateOfFlags(this.#quality.flags(id)));
      if (name in counts) counts[name]! += 1;
    }
    for (const [state, count] of Object.entries(counts)) this.#notGood.set({ state }, count);
  }

  #publish(): void {
    const { bus, database } = this.#deps;
    const news = this.#news;
    this.#news = [];
    for (const { change, time } of news) {
      const { symbol, source, reason, flags } = change;
      const shard = this.#entries.get(symbol)?.shard;
      const sequence = shard === undefined ? 0 : database.nextSequence(shard);
      const from = stateOfFlags(change.before);
      const to = stateOfFlags(flags);
      const message = { symbol, time, from, to, flags, sequence, source, reason };
      this.#causes.set(symbol, { reason, source, sequence });
      this.#history.add(message);
      bus.publish(subjects.quality, message satisfies QualityChanged);
    }
  }

  views(request: QualityRequest): QualityView[] {
    const { symbol, limit = 0 } = request;
    this.watchAll();
    if (symbol !== undefined) return [this.#view(symbol, Math.min(limit, historyMax))];
    return [...this.#causes.keys()]
      .filter((id) => this.#quality.flags(id) !== 0)
      .sort((one, other) => one - other)
      .map((id) => this.#view(id, 0));
  }

  #view(symbol: number, limit: number): QualityView {
    const entry = this.#entries.get(symbol);
    if (entry === undefined) throw new NdtsError('NOT_FOUND', `no symbol has the id ${symbol}`);
    const quality = this.#quality;
    const nowNs = this.#deps.clock.monotonicNs();
    const flags = quality.flags(symbol);
    const cause = this.#causes.get(symbol);
    const tickNs = quality.tickNs(symbol);
    const msSince = (ns: number): number => Math.round((nowNs - ns) / nsPerMs);
    return {
      symbol,
      name: entry.name,
      state: stateName(stateOfFlags(flags)),
      flags,
      sequence: cause?.sequence ?? 0,
      sinceMs: msSince(quality.sinceNs(symbol)),
      tickAgeMs: Number.isNaN(tickNs) ? null : msSince(tickNs),
      reason: cause?.reason ?? '',
      source: cause === undefined ? '' : this.#deps.sourceName(cause.source),
      history: this.#history.list(symbol, limit),
    };
  }
}
