// hot: no allocation after init
// What a decoder makes of messages: rows in bounded queues, counts, rejects. Always: a row without
// room is counted as skipped, and rows of symbols that nobody subscribed to are passed over.

import {
  createTickBatch,
  copyTickRow,
  nsBetween,
  type TickBatch,
  type Time,
  type TradeBatch,
  createTradeBatch,
  copyTradeRow,
} from '@ndts/protocol';
import { type BookChangeBatch, copyBookChangeRow, createBookChangeBatch } from './batches.js';
import { ClockOffset } from './clock-offset.js';
import type { FeedReject, FeedRule, FeedSymbol, TakeHalt } from './feed.js';
import { NameTable } from './name-table.js';
import { RejectLog } from './reject-log.js';
import { RowQueue } from './row-queue.js';

/** A hole: the numbers [from, to) of a symbol did not come. */
export interface FeedGap {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Of rows. A kind that nobody polls must not be made: its queue would only fill. */
export type RowKind = 'tick' | 'trade' | 'book';

export const allRowKinds: readonly RowKind[] = ['tick', 'trade', 'book'];

export class FeedRows {
  readonly #ticks: RowQueue<TickBatch>;
  readonly #trades: RowQueue<TradeBatch>;
  readonly #book: RowQueue<BookChangeBatch>;
  readonly #ids = new Map<string, number>();
  /** The same, for names that stand in a message. */
  readonly known = new NameTable();
  readonly #rejects = new RejectLog();
  readonly #offset = new ClockOffset();
  readonly #onGap: (gap: FeedGap) => void;
  readonly #halted = new Set<number>();
  /** Since they were taken: the newest of each symbol. */
  readonly #haltNews = new Map<number, boolean>();
  skipped = 0;
  gaps = 0;
  gapsRepaired = 0;
  /** How often the source was opened. */
  #connection = 0;
  /** Of the message that is decoded now. */
  receivedAt: Time = { day: 0, nsOfDay: 0 };
  receivedNs = 0;

  readonly wantsTicks: boolean;
  readonly wantsTrades: boolean;
  readonly wantsBook: boolean;

  constructor(capacity: number, kinds: readonly RowKind[], onGap: (gap: FeedGap) => void) {
    this.wantsTicks = kinds.includes('tick');
    this.wantsTrades = kinds.includes('trade');
    this.wantsBook = kinds.includes('book');
    this.#ticks = new RowQueue(createTickBatch(capacity), copyTickRow);
    this.#trades = new RowQueue(createTradeBatch(capacity), copyTradeRow);
    this.#book = new RowQueue(createBookChangeBatch(capacity), copyBookChangeRow);
    this.#onGap = onGap;
  }

  /** 0: nobody subscribed to it. */
  idOf(name: string): number {
    return this.#ids.get(name) ?? 0;
  }

  get names(): string[] {
    return [...this.#ids.keys()];
  }

  get backlog(): number {
    return this.#ticks.count + this.#trades.count + this.#book.count;
  }

  /** The fullest queue: what back-pressure goes by. */
  get fullest(): number {
    return Math.max(this.#ticks.count, this.#trades.count, this.#book.count);
  }

  get malformed(): number {
    return this.#rejects.count;
  }

  get malformedBy(): Readonly<Record<string, number>> {
    return this.#rejects.counts;
  }

  /** @returns the names that are new */
  add(symbols: readonly FeedSymbol[]): string[] {
    const fresh = symbols.filter(({ name }) => !this.#ids.has(name));
    for (const { id, name } of fresh) this.#ids.set(name, id);
    if (fresh.length > 0) this.known.set(this.#ids);
    return fresh.map(({ name }) => name);
  }

  /** Their rows that wait go, too. @returns the names that were there */
  remove(symbols: readonly FeedSymbol[]): string[] {
    const known = symbols.filter(({ name }) => this.#ids.delete(name));
    if (known.length > 0) this.known.set(this.#ids);
    this.drop(known);
    for (const { id } of known) this.halt(id, false);
    return known.map(({ name }) => name);
  }

  /** Rows of these that wait go. */
  drop(symbols: readonly FeedSymbol[]): void {
    for (const { id } of symbols)
      for (const queue of [this.#ticks, this.#trades, this.#book]) queue.drop(id);
  }

  /** The row of `ticks` to write; -1: nobody wants it, or it has no room, which is counted. */
  claimTick(): number {
    return this.wantsTicks ? this.#counted(this.#ticks.claim()) : -1;
  }

  claimTrade(): number {
    return this.wantsTrades ? this.#counted(this.#trades.claim()) : -1;
  }

  claimBook(): number {
    return this.wantsBook ? this.#counted(this.#book.claim()) : -1;
  }

  #counted(row: number): number {
    if (row < 0) this.skipped += 1;
    return row;
  }

  /** What comes now comes by another connection. */
  beginConnection(): void {
    this.#connection += 1;
    for (const queue of [this.#ticks, this.#trades, this.#book])
      queue.connection = this.#connection;
  }

  /** By which connection the trades came that were taken last. */
  get tradesConnection(): number {
    return this.#trades.takenConnection;
  }

  get ticks(): TickBatch {
    return this.#ticks.rows;
  }

  get trades(): TradeBatch {
    return this.#trades.rows;
  }

  get book(): BookChangeBatch {
    return this.#book.rows;
  }

  takeTicks(batch: TickBatch): number {
    return this.#ticks.take(batch);
  }

  takeTrades(batch: TradeBatch): number {
    return this.#trades.take(batch);
  }

  takeBook(batch: BookChangeBatch): number {
    return this.#book.take(batch);
  }

  /** When the venue says it sent the message. */
  sentAt(time: Time): void {
    this.#offset.note(nsBetween(this.receivedAt, time), this.receivedNs);
  }

  clockOffsetNs(nowNs: number): number {
    return this.#offset.valueNs(nowNs);
  }

  reject(timeMs: number, rule: FeedRule, reason: string, what: Uint8Array | string): void {
    this.#rejects.note(timeMs, rule, reason, what);
  }

  rejects(limit: number): readonly FeedReject[] {
    return this.#rejects.list(limit);
  }

  /** The venue says that a symbol is halted, or no longer. */
  halt(symbol: number, isHalted: boolean): void {
    if (this.#halted.has(symbol) === isHalted) return;
    if (isHalted) this.#halted.add(symbol);
    else this.#halted.delete(symbol);
    this.#haltNews.set(symbol, isHalted);
  }

  /** Whether any is: what ends a halt need not be looked for else. */
  get hasHalts(): boolean {
    return this.#halted.size > 0;
  }

  takeHalts(take: TakeHalt): void {
    for (const [symbol, isHalted] of this.#haltNews) take(symbol, isHalted);
    this.#haltNews.clear();
  }

  /** The numbers [from, to) of a symbol did not come. */
  gap(name: string, from: number, to: number): void {
    this.gaps += 1;
    this.#onGap({ name, from, to });
  }

  repaired(): void {
    this.gapsRepaired += 1;
  }

  /** Nothing waits any more; what did is counted as skipped. */
  clear(): void {
    this.skipped += this.#ticks.clear() + this.#trades.clear() + this.#book.clear();
  }
}
