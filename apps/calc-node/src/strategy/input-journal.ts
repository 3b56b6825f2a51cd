// hot: no allocation after init
// Everything that reaches a strategy live goes through here: it is noted in the log of inputs, then
// given to the driver. After a crash the log is played again: the same inputs in the same order,
// whose signals are those that left before.
//
// Always: inputs are in the file before a signal they caused leaves; a strategy that gives another
// signal than before is refused (PLUGIN_FAILED) before anything leaves under an old ordinal.

import {
  type BookBatch,
  createTickBatch,
  NdtsError,
  nsPerDay,
  nsPerMs,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import { type BookFeed, PastBooks } from '../source/book-queue.js';
import type { SignalWriter } from '../emit/signal-writer.js';
import type { OrderUpdate } from './define.js';
import type { StrategyDriver } from './driver.js';
import {
  type InputLog,
  type InputRecord,
  type LoggedSignal,
  orderText,
} from './input-checkpoint.js';
import { type InputPositions, InputLogWriter } from './input-log.js';
import type { GapBatch, GapRows, Place } from './gap-rows.js';

export interface JournalParts {
  readonly driver: StrategyDriver;
  readonly path: string;
  readonly identity: string;
  readonly signals: Pick<
    SignalWriter,
    'answered' | 'cancels' | 'giveAgain' | 'restoreCancels' | 'unanswered'
  >;
  now(): Time;
}

export interface JournalState {
  readonly generation: number;
  readonly signals: number;
  readonly positions: InputPositions;
  /** What the driver saved. */
  readonly driver: Uint8Array;
  /** JSON text of the plugin; only asked for where it is kept. */
  readonly snapshot: () => string | undefined;
}

/** Rows of the past, by shard and sequence. */
export interface PastInputs {
  readonly ticks: GapRows<TickBatch>;
  readonly books: GapRows<BookBatch>;
}

const none: readonly LoggedSignal[] = [];
const noTicks = createTickBatch(1);
const two32 = 4_294_967_296;
const importedNs = 60_000 * nsPerMs;

/** Books on their way to the driver: each is noted, behind the ticks before it. */
class NotedBooks implements BookFeed {
  feed!: BookFeed;
  readonly #note: (batch: BookBatch, row: number) => void;

  constructor(note: (batch: BookBatch, row: number) => void) {
    this.#note = note;
  }

  isDueBefore(day: number, nsOfDay: number): boolean {
    return this.feed.isDueBefore(day, nsOfDay);
  }

  isDue(): boolean {
    return this.feed.isDue();
  }

  get batch(): BookBatch {
    return this.feed.batch;
  }

  take(): number {
    const { batch } = this.feed;
    const row = this.feed.take();
    this.#note(batch, row);
    return row;
  }
}

export class InputJournal {
  readonly #parts: JournalParts;
  readonly #log: InputLogWriter;
  readonly #books = new NotedBooks((batch, row) => this.#noteBook(batch, row));
  #batch: TickBatch | undefined;
  #logged = 0;
  #isOn = false;
  #isReplay = false;
  #isCatchUp = false;
  #orders = 0;
  #replayed: readonly LoggedSignal[] = none;
  #nextReplayed = 0;
  /** So many of the signals that are played again were received. */
  #released = 0;
  #ids: number[] = [];
  #names: string[] = [];
  #symbols = 0;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#log = new InputLogWriter(parts.path);
  }

  /** The log is played. */
  get isReplay(): boolean {
    return this.#isReplay;
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  /** Revision of the last change of an order that was received. */
  get orders(): number {
    return this.#orders;
  }

  /** From now on everything is noted, behind what is known now; nothing where nobody could go on
   * from that. */
  checkpoint({ snapshot, positions, ...state }: JournalState): void {
    const { driver, identity, signals } = this.#parts;
    if (!canGoOn(driver)) {
      this.remove();
      return;
    }
    const text = snapshot();
    this.#log.begin({
      ...{ ...state, identity, orders: this.#orders, symbols: this.#symbols },
      unanswered: signals.unanswered().map((slot) => Buffer.from(slot).toString('base64')),
      cancels: signals.cancels(),
      positions: positions.ticks,
      ...(driver.hasBook ? { books: positions.books } : {}),
      ...(text === undefined ? {} : { snapshot: text }),
    });
    this.#isOn = true;
  }

  run(batch: TickBatch, books?: BookFeed): void {
    this.#batch = batch;
    this.#logged = 0;
    this.#parts.driver.run(batch, books === undefined ? undefined : this.#noting(books));
    this.#noteRows(batch.count);
    this.#batch = undefined;
  }

  #noting(books: BookFeed): BookFeed {
    this.#books.feed = books;
    return this.#books;
  }

  /** Noted where something is due. */
  advance(day: number, nsOfDay: number): void {
    const { driver } = this.#parts;
    if (this.#isOn && !this.#isReplay && driver.isDue(day, nsOfDay)) this.#log.time(day, nsOfDay);
    driver.advance(day, nsOfDay);
  }

  /** `number`: its revision. What was told already is nothing. */
  order(number: number, update: OrderUpdate): void {
    if (number <= this.#orders) return;
    if (this.#isOn && !this.#isReplay) this.#log.order(number, orderText(update));
    this.#orders = number;
    this.#parts.signals.answered(update.order, update.state);
    this.#parts.driver.order(update);
  }

  /** All changes of orders up to this revision were told, or are none of this start's. */
  ordersUpTo(number: number): void {
    if (number > this.#orders) this.#orders = number;
  }

  /** Before the strategy runs they wait for `showSymbols`. */
  addSymbols(ids: readonly number[], names: readonly string[]): void {
    this.#ids.push(...ids);
    this.#names.push(...names);
    if (this.#isOn && !this.#isReplay) this.showSymbols(this.#ids.length);
  }

  /** The first `count` of the directory are known. */
  showSymbols(upTo: number): void {
    const count = Math.min(upTo, this.#ids.length);
    if (count <= this.#symbols) return;
    if (this.#isOn && !this.#isReplay) this.#log.symbols(count);
    const from = this.#symbols;
    this.#symbols = count;
    this.#parts.driver.context.addSymbols(
      this.#ids.slice(from, count),
      this.#names.slice(from, count),
    );
  }

  /** The time a signal leaves with; undefined: it left before. */
  emitting(checksum: number, tickDay: number, tickNsOfDay: number): Time | undefined {
    const before = this.#replayed[this.#nextReplayed];
    if (this.#isReplay && before !== undefined) {
      this.#nextReplayed += 1;
      if (before.checksum !== checksum)
        throw differs(`signal ${this.#nextReplayed} of the log is another one`);
      return this.#nextReplayed <= this.#released ? undefined : before;
    }
    const time = this.#isCatchUp ? { day: tickDay, nsOfDay: tickNsOfDay } : this.#parts.now();
    if (!this.#isOn) return time;
    if (!this.#isReplay) this.#noteRows(this.#parts.driver.row + 1);
    this.#log.signal(time, checksum);
    return time;
  }

  /** Something else leaves: what caused it must be in the file. */
  flush(): void {
    if (!this.#isOn || this.#isReplay) return;
    this.#noteRows(this.#parts.driver.row + 1);
    this.#log.flush();
  }

  /** The log again, then the rows that came since it ends. Signals up to the ordinal `highest` were
   * received and are not given again. PLUGIN_FAILED: signals are others. */
  replay(log: InputLog, past: PastInputs, highest: number): void {
    const { checkpoint } = log;
    this.#log.append(log.bytes, log.ends);
    this.#isOn = true;
    this.#isReplay = true;
    this.#replayed = log.signals;
    this.#released = highest - (checkpoint.generation * two32 + checkpoint.signals);
    this.#orders = checkpoint.orders;
    const unanswered = checkpoint.unanswered.map((slot) =>
      Uint8Array.from(Buffer.from(slot, 'base64')),
    );
    this.#parts.signals.giveAgain(unanswered, highest);
    this.#parts.signals.restoreCancels(checkpoint.cancels);
    this.showSymbols(checkpoint.symbols);
    for (const record of log.records) this.#playAgain(record, past);
    if (this.#nextReplayed < log.signals.length) throw differs('it gives fewer signals');
    this.#isReplay = false;
    this.#replayed = none;
    this.showSymbols(this.#ids.length);
    this.catchUp(past, log.ends);
  }

  #playAgain(record: InputRecord, { ticks, books }: PastInputs): void {
    const { driver } = this.#parts;
    if (record.kind === 'rows') {
      const places = ticks.places(record.shard, record.first, record.count);
      for (const batch of ticks.batches(places)) driver.run(batch);
    } else if (record.kind === 'books') {
      const feed = new PastBooks(books.places(record.shard, record.first, record.count));
      feed.isAtEnd = true;
      driver.run(noTicks, feed);
    } else if (record.kind === 'time') driver.advance(record.day, record.nsOfDay);
    else if (record.kind === 'order') this.order(record.number, record.update);
    else this.showSymbols(record.count);
  }

  /** Rows that came while nobody received them, from these positions on, in the order of their
   * time. Signals have the times of their ticks: they expire as they would have. Rows far older
   * than the last event were imported: they were on no ring either. */
  catchUp({ ticks, books }: PastInputs, from: InputPositions): void {
    const { day, nsOfDay } = this.#parts.driver.context.now();
    const isLive = ({ batch, row }: Place<GapBatch>): boolean =>
      (batch.day[row]! - day) * nsPerDay + (batch.nsOfDay[row]! - nsOfDay) >= -importedNs;
    const feed = new PastBooks(books.rest(from.books).filter(isLive));
    this.#isCatchUp = true;
    const missed = ticks.rest(from.ticks).filter(isLive);
    for (const batch of ticks.batches(missed)) this.run(batch, feed);
    feed.isAtEnd = true;
    if (feed.isDue()) this.run(noTicks, feed);
    this.#isCatchUp = false;
  }

  close(): void {
    this.#log.close();
  }

  /** From now on nothing is noted. */
  remove(): void {
    this.#isOn = false;
    this.#log.remove();
  }

  #noteBook(batch: BookBatch, row: number): void {
    if (!this.#isOn) return;
    this.#noteRows(this.#parts.driver.row + 1);
    this.#log.book(batch, row);
  }

  #noteRows(end: number): void {
    const batch = this.#batch;
    if (batch === undefined || !this.#isOn || end <= this.#logged) return;
    this.#log.rows(batch, this.#logged, end);
    this.#logged = end;
  }
}

/** Not who keeps what it can't give. */
function canGoOn({ strategy }: StrategyDriver): boolean {
  const isGiven = strategy.snapshot !== undefined && strategy.restore !== undefined;
  return strategy.state === undefined || isGiven;
}

function differs(how: string): NdtsError {
  const what = 'played again over the same inputs the strategy does something else';
  return new NdtsError('PLUGIN_FAILED', `${what}: ${how}`);
}
