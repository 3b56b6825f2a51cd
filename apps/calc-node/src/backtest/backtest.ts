// hot: no allocation after init
// A backtest: the driver that runs strategies live, over batches of history, with a simulated venue
// in place of the node. The whole path on one page.
//
// For each tick: time moves (orders arrive, news of orders, samples and timers that are due come
// first), the new price is known, working orders of the symbol meet it, then the hooks of each
// strategy run. What a hook asks for meets the next tick of its symbol at the earliest. Always:
// equal input gives equal output, however the ticks are split into batches.

import {
  type BookBatch,
  divideRound,
  nsPerDay,
  nsPerMs,
  type OrderStateName,
  parseMoney,
  type Random,
  type TickBatch,
} from '@ndts/protocol';
import type { SignalDraft } from '../emit/signal-writer.js';
import { BookQueue } from '../source/book-queue.js';
import type { AnyStrategy, OrderUpdate } from '../strategy/define.js';
import { StrategyDriver } from '../strategy/driver.js';
import { termsText } from '../strategy/order-terms.js';
import type { GivenParameters } from '../strategy/parameters.js';
import { Account } from './account.js';
import { EquityCurve } from './equity-curve.js';
import type { SimulatedOrder } from './order.js';
import type { BacktestSettings } from './settings.js';
import { simulatedTerms } from './terms.js';
import { SimulatedVenue } from './venue.js';

export interface BacktestSymbol {
  readonly id: number;
  readonly name: string;
}

export interface BacktestOptions {
  readonly strategies: readonly {
    readonly strategy: AnyStrategy;
    readonly parameters: GivenParameters;
  }[];
  readonly symbols: readonly BacktestSymbol[];
  readonly settings: BacktestSettings;
  /** Needed for latency with jitter. */
  readonly random?: Random;
  /** Rows of a batch at most. */
  readonly capacity: number;
  /** Told what strategies ask for and log, and before the end of how many ticks: for checks. */
  readonly onOutput?: (ticks: number, text: string) => void;
}

/** One strategy of the run. */
export interface Participant {
  readonly strategy: AnyStrategy;
  readonly driver: StrategyDriver;
  readonly logLines: string[];
}

/** News of an order on its way to its strategy. */
interface News {
  dueNs: number;
  readonly strategy: number;
  readonly update: OrderUpdate;
}

const logLinesMax = 1000;

export class Backtest {
  readonly account: Account;
  readonly venue: SimulatedVenue;
  readonly curve = new EquityCurve();
  readonly participants: readonly Participant[];
  readonly settings: BacktestSettings;
  readonly startEquity: bigint;
  readonly #onOutput: BacktestOptions['onOutput'];
  readonly #sampleNs: number;
  readonly #latencyNs: number;
  readonly #hasTimers: boolean;
  readonly #books = new BookQueue();
  ticks = 0;
  marginCalls = 0;
  /** Times are nanoseconds of this day, those of what is due, too. */
  #day = Number.NaN;
  #nowNs = 0;
  #sampleAtNs = Number.POSITIVE_INFINITY;
  /** When something is due next, of what #catchUp does. */
  #nextNs = Number.NEGATIVE_INFINITY;
  #news: News[] = [];
  #newsTold = 0;
  #newsAtNs = Number.POSITIVE_INFINITY;

  /** Throws what a strategy's state or factors throw, INVALID_ARGUMENT for its parameters. */
  constructor(options: BacktestOptions) {
    const { settings, symbols, strategies, random } = options;
    const symbolCount = symbols.reduce((most, { id }) => Math.max(most, id + 1), 1);
    const names = new Map(symbols.map(({ id, name }) => [id, name]));
    this.settings = settings;
    this.startEquity = parseMoney(settings.cash);
    this.account = new Account(settings, strategies.length, symbolCount);
    this.venue = new SimulatedVenue({
      ...{ settings, account: this.account, names, symbolCount },
      onOrder: (order, state, reason, nowNs) => this.#note(order, state, reason, nowNs),
      listens: strategies.map(({ strategy }) => strategy.onOrder !== undefined),
      ...(random === undefined ? {} : { random }),
    });
    this.#onOutput = options.onOutput;
    this.participants = strategies.map((_, place) => this.#participant(options, place));
    this.#hasTimers = strategies.some(({ strategy }) => strategy.onTimer !== undefined);
    this.#sampleNs = settings.sampleMs * nsPerMs;
    this.#latencyNs = settings.latencyUs * 1000;
  }

  /** Ticks before the run, through the factors only. */
  warmUp(batch: TickBatch): void {
    for (const { driver } of this.participants) driver.warmUp(batch);
  }

  /** The ticks of a batch, and books between and behind them, behind all before. Throws what a hook
   * throws. */
  run(batch: TickBatch, books?: BookBatch): void {
    const { account, venue, participants } = this;
    for (let at = 0; at < participants.length; at += 1) participants[at]!.driver.begin(batch);
    if (books !== undefined) this.#books.begin(books);
    const { working } = venue;
    const { day: days, nsOfDay, symbol: symbols, price, count } = batch;
    const only = participants.length === 1 ? participants[0]!.driver : undefined;
    for (let row = 0; row < count; row += 1) {
      if (books !== undefined) this.#runBooksBefore(days[row]!, nsOfDay[row]!);
      this.ticks += 1;
      const nowNs = nsOfDay[row]!;
      this.#moveTo(days[row]!, nowNs);
      const symbol = symbols[row]!;
      account.mark(symbol, price[row]!);
      if (working[symbol] !== 0) venue.match(batch, row);
      if (this.#newsAtNs <= nowNs) this.#tellNews(nowNs);
      if (only !== undefined) only.step(row);
      else for (let at = 0; at < participants.length; at += 1) participants[at]!.driver.step(row);
    }
    if (books !== undefined) this.#runBooksBefore(Number.POSITIVE_INFINITY, 0);
    for (let at = 0; at < participants.length; at += 1) participants[at]!.driver.end();
  }

  /** What is due before this time happens. */
  #moveTo(day: number, nowNs: number): void {
    if (day !== this.#day) this.#moveDay(day);
    if (nowNs >= this.#nextNs) this.#catchUp(nowNs);
    if (this.#hasTimers) this.#callTimers(nowNs);
    this.#nowNs = nowNs;
  }

  /** A book moves no price; orders that work meet it before the hooks, as they meet a tick. */
  #runBooksBefore(day: number, nsOfDay: number): void {
    const books = this.#books;
    while (books.isDueBefore(day, nsOfDay)) {
      const { batch } = books;
      const row = books.take();
      const nowNs = batch.nsOfDay[row]!;
      this.#moveTo(batch.day[row]!, nowNs);
      if (this.settings.bookFills) this.venue.meetBook(batch, row);
      if (this.#newsAtNs <= nowNs) this.#tellNews(nowNs);
      for (const { driver } of this.participants) driver.stepBook(batch, row);
    }
  }

  /** The last sample. Nothing runs afterwards. */
  finish(): void {
    if (this.ticks > 0) this.#sample(this.#nowNs);
    for (const { driver } of this.participants) driver.close();
  }

  #participant({ strategies, symbols, capacity }: BacktestOptions, place: number): Participant {
    const { strategy, parameters } = strategies[place]!;
    const logLines: string[] = [];
    const driver = new StrategyDriver({
      strategy,
      parameters,
      capacity,
      sink: {
        emit: (draft) => this.#submit(place, draft),
        cancel: (order) => {
          this.#onOutput?.(this.ticks, `${place} cancel ${order}`);
          this.venue.cancel(order, this.#timeOf(place));
          this.#nextNs = Math.min(this.#nextNs, this.venue.nextArrivalNs);
        },
      },
      log: (text) => {
        this.#onOutput?.(this.ticks, `${place} ${text}`);
        if (logLines.length < logLinesMax) logLines.push(text);
      },
    });
    const ids = symbols.map(({ id }) => id);
    driver.context.addSymbols(
      ids,
      symbols.map(({ name }) => name),
    );
    return { strategy, driver, logLines };
  }

  #submit(strategy: number, draft: SignalDraft): number {
    const { symbol, side, quantity, limitPrice } = draft;
    const terms = simulatedTerms(draft);
    if (this.#onOutput !== undefined) {
      const words = terms === undefined ? '' : ` ${JSON.stringify(termsText(draft))}`;
      this.#onOutput(this.ticks, `${strategy} ${side} ${symbol} ${quantity} ${limitPrice}${words}`);
    }
    const request = { strategy, symbol, side, quantity, limitPrice, terms };
    const order = this.venue.submit(request, this.#timeOf(strategy), false);
    this.#nextNs = Math.min(this.#nextNs, this.venue.nextArrivalNs);
    return order;
  }

  /** Of the event that a strategy acts on. */
  #timeOf(strategy: number): number {
    const { day, nsOfDay } = this.participants[strategy]!.driver.context.now();
    return (day - this.#day) * nsPerDay + nsOfDay;
  }

  /** What is due before midnight happens; the rest is counted from the beginning of the new day. */
  #moveDay(day: number): void {
    if (!Number.isNaN(this.#day)) {
      const days = day - this.#day;
      this.#catchUp(nsPerDay);
      this.account.chargeBorrow(days);
      this.venue.moveDay(days * nsPerDay);
      for (let at = this.#newsTold; at < this.#news.length; at += 1)
        this.#news[at]!.dueNs -= days * nsPerDay;
      this.#newsAtNs -= days * nsPerDay;
    }
    this.#day = day;
    this.#sampleAtNs = Number.NEGATIVE_INFINITY;
    this.#nextNs = Number.NEGATIVE_INFINITY;
  }

  /** All that is due before a tick of this time, the earliest first. */
  #catchUp(nowNs: number): void {
    if (this.#sampleAtNs === Number.NEGATIVE_INFINITY) this.#sampleAtNs = this.#gridAfter(nowNs);
    for (;;) {
      const arrivalNs = this.venue.nextArrivalNs;
      const dueNs = Math.min(arrivalNs, this.#sampleAtNs, this.#newsAtNs);
      if (dueNs > nowNs) {
        this.#nextNs = dueNs;
        return;
      }
      if (arrivalNs === dueNs) this.venue.receive(dueNs);
      else if (this.#newsAtNs === dueNs) this.#tellNews(dueNs);
      else {
        this.#sample(dueNs);
        this.#sampleAtNs = this.#gridAfter(nowNs);
      }
    }
  }

  /** Timers that are due before a tick of this time; what they ask for may be due, too. */
  #callTimers(nowNs: number): void {
    for (const { driver } of this.participants) driver.advance(this.#day, nowNs);
    if (nowNs >= this.#nextNs) this.#catchUp(nowNs);
  }

  /** Intervals without a tick have no sample, and a day ends with its last one. */
  #gridAfter(nowNs: number): number {
    if (nowNs >= nsPerDay) return Number.POSITIVE_INFINITY;
    return Math.min(nsPerDay, (Math.floor(nowNs / this.#sampleNs) + 1) * this.#sampleNs);
  }

  #sample(nowNs: number): void {
    const valuation = this.account.value();
    const over = nowNs === nsPerDay ? 1 : 0;
    this.curve.add(this.#day + over, nowNs - over * nsPerDay, valuation);
    if (!this.account.isClosing && this.account.isCalled(valuation)) this.#close(nowNs);
  }

  /** A margin call: nothing works any more, everything that is held is closed at the market. */
  #close(nowNs: number): void {
    this.marginCalls += 1;
    this.account.isClosing = true;
    this.venue.cancelAll(nowNs);
    for (const { strategy, symbol, quantity } of this.account.open()) {
      const side = quantity > 0n ? -1 : 1;
      const size = quantity > 0n ? quantity : -quantity;
      const request = { strategy, symbol, side, quantity: size, limitPrice: 0n, terms: undefined };
      this.venue.submit(request, nowNs, true);
    }
  }

  /** The strategy hears of it after the way back. */
  #note(order: SimulatedOrder, state: OrderStateName, reason: string, nowNs: number): void {
    const { strategy, ordinal, symbol, quantity, open, paid } = order;
    const filled = quantity - open;
    const update: OrderUpdate = {
      ...{ order: ordinal, symbol, quantity, filled, state, reason },
      side: order.side > 0 ? 'buy' : 'sell',
      averagePrice: filled === 0n ? 0n : divideRound(paid, filled),
    };
    const dueNs = nowNs + this.#latencyNs;
    this.#news.push({ dueNs, strategy, update });
    this.#newsAtNs = Math.min(this.#newsAtNs, dueNs);
    this.#nextNs = Math.min(this.#nextNs, dueNs);
  }

  #tellNews(nowNs: number): void {
    const news = this.#news;
    for (; this.#newsTold < news.length; this.#newsTold += 1) {
      const { dueNs, strategy, update } = news[this.#newsTold]!;
      if (dueNs > nowNs) break;
      const { driver } = this.participants[strategy]!;
      const days = Math.floor(dueNs / nsPerDay);
      driver.context.setTime(this.#day + days, dueNs - days * nsPerDay);
      driver.order(update);
    }
    this.#newsAtNs = news[this.#newsTold]?.dueNs ?? Number.POSITIVE_INFINITY;
    if (this.#newsTold < news.length) return;
    this.#news = [];
    this.#newsTold = 0;
  }
}
