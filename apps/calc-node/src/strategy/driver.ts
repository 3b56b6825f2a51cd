// hot: no allocation after init
// A strategy driven by events: batches of ticks, books, the passing of time, changes of its orders.
// It calls the hooks and hands what they ask for to a sink. It knows neither processes nor rings
// nor clocks, so the same code runs live and over history.
//
// Always: the same events in the same order give the same calls with the same numbers, however the
// ticks are cut into batches. For one tick: bars that end and timers that are due before it,
// onTick, onFactor for each factor in the order of declaration, then bars that the tick fills. A
// book is between two ticks: timers that are due before it, then onBook.

import { type BookBatch, NdtsError, type TickBatch } from '@ndts/protocol';
import type { FactorDeclarations } from '../factor/declare.js';
import type { RowPlace } from '../factor/factor-cursor.js';
import { FactorPlan } from '../factor/factor-plan.js';
import { BookCursor } from '../source/book-cursor.js';
import type { BookFeed } from '../source/book-queue.js';
import { msOf } from '../bar/bar-builder.js';
import { TickCursor } from '../source/tick-cursor.js';
import { BarSet } from './bar-set.js';
import { DriverContext, type SignalSink } from './context.js';
import type { AnyStrategy, OrderUpdate } from './define.js';
import { type DriverParts, loadDriver, saveDriver } from './driver-state.js';
import { EventTimer } from './event-timer.js';
import { type GivenParameters, resolveParameters } from './parameters.js';

export interface DriverOptions {
  readonly strategy: AnyStrategy;
  /** Names that the strategy does not declare are left out. */
  readonly parameters: GivenParameters;
  /** Rows of a batch at most. */
  readonly capacity: number;
  readonly sink: SignalSink;
  readonly log: (text: string) => void;
}

/** Between two looks at the bars of symbols that are silent. */
const barCheckMs = 1000;
const timerIntervalMsDefault = 1000;
/** A longer pause than so many intervals makes no more calls. */
const firingsMax = 100_000;

export class StrategyDriver {
  readonly strategy: AnyStrategy;
  readonly declarations: FactorDeclarations;
  readonly plan: FactorPlan;
  readonly context: DriverContext;
  /** Of the batch that was begun: the row at hand, or the last one. */
  row = -1;
  readonly #tick = new TickCursor();
  readonly #book = new BookCursor();
  readonly #timer: EventTimer;
  readonly #bars: BarSet;
  readonly #barTimer = new EventTimer(barCheckMs);
  /** Of the row at hand, where there are bars. */
  #ms = 0;
  readonly #capacity: number;
  readonly #hasTick: boolean;
  readonly #hasFactor: boolean;
  readonly #hasBars: boolean;
  readonly #place: RowPlace;
  /** Of batches that have ended. */
  #ticks = 0;
  /** Of the two timers, which fires first: what each tick is compared with. */
  #dueDay = Number.NEGATIVE_INFINITY;
  #dueNs = 0;

  /** INVALID_ARGUMENT: parameters out of their ranges, factors that can't be run. */
  constructor(options: DriverOptions) {
    const { strategy, capacity, sink, log } = options;
    const parameters = resolveParameters(strategy.params, options.parameters);
    const { factors } = strategy;
    const declarations = (typeof factors === 'function' ? factors(parameters) : factors) ?? {};
    const plan = new FactorPlan(declarations, capacity);
    const state = strategy.state?.(parameters);
    this.strategy = strategy;
    this.declarations = declarations;
    this.plan = plan;
    this.context = new DriverContext({ parameters, state, plan, declarations, sink, log });
    this.#timer = new EventTimer(strategy.timerIntervalMs ?? timerIntervalMsDefault);
    this.#capacity = capacity;
    this.#hasTick = strategy.onTick !== undefined;
    this.#hasFactor = strategy.onFactor !== undefined;
    const { bars } = strategy;
    const specs = (typeof bars === 'function' ? bars(parameters) : bars) ?? {};
    this.#bars = new BarSet(specs, (bar) => strategy.onBar?.(bar, this.context));
    this.#hasBars = !this.#bars.isEmpty;
    this.#place = plan.place;
  }

  /** Tells drivers apart that can't load what the other has saved. */
  get signature(): string {
    const { signature } = this.plan;
    return this.#bars.isEmpty ? signature : `${signature} ${this.#bars.signature}`;
  }

  /** Ticks whose hooks were called. */
  get ticks(): number {
    return this.#ticks + this.#place.row + 1;
  }

  /** Ticks of the past: they go through the factors only, no hook is called. */
  warmUp(batch: TickBatch): void {
    this.#checkSize(batch);
    this.end();
    this.plan.compute(batch);
    this.#place.row = batch.count - 1;
    this.plan.end();
    this.context.prices.setRows(batch.symbol, batch.price, 0, batch.count);
  }

  /** Whether it is to be handed books. */
  get hasBook(): boolean {
    return this.strategy.onBook !== undefined;
  }

  /** Rows [0, count), in their order, books between them. Their factors are in the plan until the
   * next call. */
  run(batch: TickBatch, books?: BookFeed): void {
    this.begin(batch);
    try {
      for (let row = 0; row < batch.count; row += 1) {
        if (books !== undefined)
          while (books.isDueBefore(batch.day[row]!, batch.nsOfDay[row]!)) this.#takeBook(books);
        this.step(row);
      }
      if (books !== undefined) while (books.isDue()) this.#takeBook(books);
    } finally {
      this.end();
    }
  }

  /** The same row by row, for who has something to do between two: factors of all rows first. The
   * batch holds until end(). */
  begin(batch: TickBatch): void {
    this.#checkSize(batch);
    this.end();
    this.context.begin(batch);
    this.plan.compute(batch);
    this.row = -1;
    this.#tick.batch = batch;
  }

  /** Behind the last row that is stepped: what is known of it is kept, the batch is free. */
  end(): void {
    this.#ticks += this.#place.row + 1;
    this.context.end();
    this.plan.end();
  }

  /** One row of the batch that was begun. */
  step(row: number): void {
    const tick = this.#tick;
    const { batch } = tick;
    const day = batch.day[row]!;
    const nsOfDay = batch.nsOfDay[row]!;
    this.row = row;
    if (day > this.#dueDay || (day === this.#dueDay && nsOfDay >= this.#dueNs))
      this.#passTime(day, nsOfDay);
    if (this.#hasBars) this.#endBars(batch, row);
    this.#place.row = row;
    if (this.#hasTick) {
      tick.row = row;
      this.strategy.onTick!(tick, this.context);
    }
    if (this.#hasFactor) this.#callOnFactor();
    if (this.#hasBars) this.#bars.push(this.#ms, batch, row);
  }

  /** A book, behind all events before. What it leads to has the newest tick as its cause. */
  stepBook(batch: BookBatch, row: number): void {
    const { strategy, context } = this;
    if (strategy.onBook === undefined) return;
    const book = this.#book;
    this.#passTime(batch.day[row]!, batch.nsOfDay[row]!);
    context.setTime(batch.day[row]!, batch.nsOfDay[row]!);
    context.setFactorValue(Number.NaN);
    book.batch = batch;
    book.row = row;
    strategy.onBook(book, context);
  }

  /** Whether advance() would call anything. */
  isDue(day: number, nsOfDay: number): boolean {
    return this.#timer.isDue(day, nsOfDay) || this.#barTimer.isDue(day, nsOfDay);
  }

  /** Event time has come so far without a tick: timers that are due are called. A time before that
   * of the last event is nothing. */
  advance(day: number, nsOfDay: number): void {
    const isDue = day > this.#dueDay || (day === this.#dueDay && nsOfDay >= this.#dueNs);
    if (isDue && this.#timer.isStarted) this.#passTime(day, nsOfDay);
  }

  /** An order of this strategy has changed. */
  order(update: OrderUpdate): void {
    this.strategy.onOrder?.(update, this.context);
  }

  /** What it knows of the past beside the plugin's own state; between two calls. */
  save(): Uint8Array {
    return saveDriver(this.#parts);
  }

  /** Goes on to the bit from where one of the same factors was saved. CORRUPT: it was not. */
  load(bytes: Uint8Array): void {
    loadDriver(this.#parts, bytes);
    this.#noteDue();
  }

  close(): void {
    this.plan.close();
  }

  #takeBook(books: BookFeed): void {
    const { batch } = books;
    this.stepBook(batch, books.take());
  }

  get #parts(): DriverParts {
    const { plan, context } = this;
    const timers = [this.#timer, this.#barTimer];
    return { plan, context, bars: this.#bars, prices: context.prices, timers };
  }

  #callOnFactor(): void {
    const { strategy, context, plan } = this;
    for (let index = 0; index < plan.factors.length; index += 1) {
      const { cursor } = plan.factors[index]!;
      context.setFactorValue(cursor.value);
      strategy.onFactor!(cursor, context);
    }
  }

  #endBars({ day, nsOfDay, symbol }: TickBatch, row: number): void {
    this.#ms = msOf(day[row]!, nsOfDay[row]!);
    if (!this.#bars.isDue(symbol[row]!, this.#ms)) return;
    this.context.setTime(day[row]!, nsOfDay[row]!);
    this.#bars.closeAt(symbol[row]!, this.#ms);
  }

  /** Whatever is due, in the order of its time; bars before a timer of the same time. */
  #passTime(day: number, nsOfDay: number): void {
    const timer = this.#timer;
    const barTimer = this.#barTimer;
    if (!timer.isStarted) {
      timer.startAfter(day, nsOfDay);
      if (this.#hasBars) barTimer.startAfter(day, nsOfDay);
    }
    for (let firing = 0; ; firing += 1) {
      const isTimer = timer.isDue(day, nsOfDay);
      const isBar = barTimer.isDue(day, nsOfDay);
      if (!isTimer && !isBar) break;
      if (firing === firingsMax) {
        timer.startAfter(day, nsOfDay);
        if (barTimer.isStarted) barTimer.startAfter(day, nsOfDay);
        break;
      }
      if (isBar && !(isTimer && isBefore(timer, barTimer))) this.#endSilentBars();
      else this.#callTimer();
    }
    this.#noteDue();
  }

  #noteDue(): void {
    const timer = this.#timer;
    const first = isBefore(this.#barTimer, timer) ? this.#barTimer : timer;
    // Before the first event there is a timer to be started.
    this.#dueDay = timer.isStarted ? first.day : Number.NEGATIVE_INFINITY;
    this.#dueNs = first.nsOfDay;
  }

  #callTimer(): void {
    const timer = this.#timer;
    this.context.setTime(timer.day, timer.nsOfDay);
    timer.step();
    this.strategy.onTimer?.(this.context);
  }

  #endSilentBars(): void {
    const { day, nsOfDay } = this.#barTimer;
    this.#barTimer.step();
    this.context.setTime(day, nsOfDay);
    this.#bars.closeAllAt(msOf(day, nsOfDay));
  }

  #checkSize(batch: TickBatch): void {
    if (batch.count > this.#capacity)
      throw new NdtsError('INVALID_ARGUMENT', `expected at most ${this.#capacity} rows at once`);
  }
}

function isBefore(one: EventTimer, other: EventTimer): boolean {
  return one.day < other.day || (one.day === other.day && one.nsOfDay < other.nsOfDay);
}
