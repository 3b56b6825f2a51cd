// hot: no allocation after init
// Everything that reaches a strategy live goes through here: it is noted in the log of inputs, then
// given to the driver. After a crash the log is played again: the same inputs in the same order,
// whose signals are those that left before.
//
// Always: inputs are in the file before a signal they caused leaves; a strategy that gives another
// signal than before is refused (PLUGIN_FAILED) before anything leaves under an old ordinal.

import { NdtsError, type RingPosition, type TickBatch, type Time } from '@ndts/protocol';
import type { BookFeed } from '../source/book-queue.js';
import type { OrderUpdate } from './define.js';
import type { StrategyDriver } from './driver.js';
import { type InputLog, type LoggedSignal, orderText } from './input-checkpoint.js';
import { InputLogWriter } from './input-log.js';
import type { GapRows } from './gap-rows.js';

export interface JournalParts {
  readonly driver: StrategyDriver;
  readonly path: string;
  readonly identity: string;
  /** Of the node that numbers changes of orders. */
  readonly node: string;
  now(): Time;
}

export interface JournalState {
  readonly generation: number;
  readonly signals: number;
  readonly positions: readonly RingPosition[];
  /** What the driver saved. */
  readonly driver: Uint8Array;
  /** JSON text of the plugin; only asked for where it is kept. */
  readonly snapshot: () => string | undefined;
}

export interface ReplayOptions {
  /** Who hears signals heard those in the log: what left for sure is not given again. */
  readonly isHeard: boolean;
  /** Number of the last change of an order, for a node that did not number those in the log. */
  readonly orders: number;
}

const none: readonly LoggedSignal[] = [];

export class InputJournal {
  readonly #parts: JournalParts;
  readonly #log: InputLogWriter;
  #batch: TickBatch | undefined;
  #logged = 0;
  #isOn = false;
  #isReplay = false;
  #isCatchUp = false;
  #orders = 0;
  #replayed: readonly LoggedSignal[] = none;
  #nextReplayed = 0;
  /** So many of the signals that are played again left for sure. */
  #released = 0;
  #ids: number[] = [];
  #names: string[] = [];
  #symbols = 0;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#log = new InputLogWriter(parts.path);
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  /** Changes of orders received so far, by their number. */
  get orders(): number {
    return this.#orders;
  }

  /** From now on everything is noted, behind what is known now; nothing where nobody could go on
   * from that. */
  checkpoint({ snapshot, ...state }: JournalState): void {
    const { driver, identity, node } = this.#parts;
    if (!canGoOn(driver)) {
      this.remove();
      return;
    }
    const text = snapshot();
    this.#log.begin({
      ...{ ...state, identity, node, orders: this.#orders, symbols: this.#symbols },
      ...(text === undefined ? {} : { snapshot: text }),
    });
    this.#isOn = true;
  }

  /** Books are in no log: whoever is handed some has none. */
  run(batch: TickBatch, books?: BookFeed): void {
    this.#batch = batch;
    this.#logged = 0;
    this.#parts.driver.run(batch, books);
    this.#noteRows(batch.count);
    this.#batch = undefined;
  }

  /** Noted where something is due. */
  advance(day: number, nsOfDay: number): void {
    const { driver } = this.#parts;
    if (this.#isOn && !this.#isReplay && driver.isDue(day, nsOfDay)) this.#log.time(day, nsOfDay);
    driver.advance(day, nsOfDay);
  }

  order(number: number, update: OrderUpdate): void {
    if (this.#isOn && !this.#isReplay) this.#log.order(number, orderText(update));
    this.#orders = number;
    this.#parts.driver.order(update);
  }

  /** Changes of orders up to this one are none of this start's. */
  startOrders(number: number): void {
    this.#orders = number;
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

  /** The log again, then what came since it ends. PLUGIN_FAILED: signals are others. */
  replay(log: InputLog, rows: GapRows, { isHeard, orders }: ReplayOptions): void {
    const { driver, node } = this.#parts;
    this.#log.append(log.bytes, log.ends);
    this.#isOn = true;
    this.#isReplay = true;
    this.#replayed = log.signals;
    // The last one was about to leave when it was noted.
    this.#released = isHeard ? log.signals.length - 1 : 0;
    this.#orders = log.checkpoint.orders;
    this.showSymbols(log.checkpoint.symbols);
    for (const record of log.records)
      if (record.kind === 'rows')
        for (const batch of rows.run(record.shard, record.first, record.count)) driver.run(batch);
      else if (record.kind === 'time') driver.advance(record.day, record.nsOfDay);
      else if (record.kind === 'order') this.order(record.number, record.update);
      else this.showSymbols(record.count);
    if (this.#nextReplayed < log.signals.length) throw differs('it gives fewer signals');
    if (log.checkpoint.node !== node) this.#orders = orders;
    this.#isReplay = false;
    this.#replayed = none;
    this.showSymbols(this.#ids.length);
    this.#isCatchUp = true;
    for (const batch of rows.rest(log.ends)) this.run(batch);
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

  #noteRows(end: number): void {
    const batch = this.#batch;
    if (batch === undefined || !this.#isOn || end <= this.#logged) return;
    this.#log.rows(batch, this.#logged, end);
    this.#logged = end;
  }
}

/** Not who keeps what it can't give, nor who is handed books, which are kept nowhere. */
function canGoOn({ strategy, hasBook }: StrategyDriver): boolean {
  const isGiven = strategy.snapshot !== undefined && strategy.restore !== undefined;
  return !hasBook && (strategy.state === undefined || isGiven);
}

function differs(how: string): NdtsError {
  const what = 'played again over the same inputs the strategy does something else';
  return new NdtsError('PLUGIN_FAILED', `${what}: ${how}`);
}
