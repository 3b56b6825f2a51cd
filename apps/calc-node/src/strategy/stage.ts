// A strategy played by hand, for its author's tests: ticks and changes of orders go in, what it
// asks for comes out. It is driven as it is live and in a backtest, without any market: nothing is
// filled unless the test says so.

import { createBookBatch, createTickBatch, moneyText, type Time, timeFromMs } from '@ndts/protocol';
import type { SignalDraft } from '../emit/signal-writer.js';
import type { AnyStrategy, OrderUpdate, StrategyDefinition } from './define.js';
import { StrategyDriver } from './driver.js';
import type { FactorDeclarations } from '../factor/declare.js';
import { type OrderTermsText, termsText } from './order-terms.js';
import type { GivenParameters, ParameterSpecs } from './parameters.js';

export interface StagedTick {
  readonly price: number;
  /** Default 1. */
  readonly symbol?: number;
  /** Since 1970; default a second after the tick before. */
  readonly timeMs?: number;
  readonly volume?: number;
  /** Default: the price. */
  readonly bid?: number;
  readonly ask?: number;
  readonly bidVolume?: number;
  readonly askVolume?: number;
}

/** The best levels of a symbol, the best one first; at most five of a side count. */
export interface StagedBook {
  readonly bids: readonly StagedLevel[];
  readonly asks: readonly StagedLevel[];
  /** Default 1. */
  readonly symbol?: number;
  /** Since 1970; default a second after what came before. */
  readonly timeMs?: number;
}

export type StagedLevel = readonly [price: number, volume: number];

/** What the strategy asked for. */
export interface Asked {
  readonly order: number;
  readonly side: 'buy' | 'sell';
  readonly symbol: number;
  /** Decimal text. */
  readonly quantity: string;
  /** undefined: at the market. */
  readonly limitPrice: string | undefined;
  /** Of an order with more to it than a limit price. */
  readonly terms?: OrderTermsText;
}

export class Stage {
  /** In their order. */
  readonly asked: Asked[] = [];
  /** Orders whose end was asked for. */
  readonly cancelled: number[] = [];
  readonly logged: string[] = [];
  readonly #driver: StrategyDriver;
  readonly #batch = createTickBatch(1);
  readonly #books = createBookBatch(1);
  #timeMs = Date.UTC(2026, 0, 2, 9, 30);

  /** INVALID_ARGUMENT: parameters out of their ranges, factors that can't be run. */
  constructor(strategy: AnyStrategy, parameters: GivenParameters = {}) {
    this.#driver = new StrategyDriver({
      strategy,
      parameters,
      capacity: 1,
      sink: {
        emit: (draft) => this.#emit(draft),
        cancel: (order) => void this.cancelled.push(order),
      },
      log: (text) => void this.logged.push(text),
    });
  }

  /** Names of symbols, by id from 1 on. */
  symbols(...names: readonly string[]): void {
    const ids = names.map((_, index) => index + 1);
    this.#driver.context.addSymbols(ids, names);
  }

  tick(tick: StagedTick): void {
    const batch = this.#batch;
    this.#timeMs = tick.timeMs ?? this.#timeMs + 1000;
    const { day, nsOfDay } = timeFromMs(this.#timeMs);
    batch.day[0] = day;
    batch.nsOfDay[0] = nsOfDay;
    batch.symbol[0] = tick.symbol ?? 1;
    batch.sequence[0]! += 1;
    batch.price[0] = tick.price;
    batch.volume[0] = tick.volume ?? 1;
    batch.bid[0] = tick.bid ?? tick.price;
    batch.ask[0] = tick.ask ?? tick.price;
    batch.bidVolume[0] = tick.bidVolume ?? 1;
    batch.askVolume[0] = tick.askVolume ?? 1;
    batch.count = 1;
    this.#driver.run(batch);
  }

  /** The book of a symbol has changed. */
  book({ bids, asks, symbol = 1, timeMs }: StagedBook): void {
    const batch = this.#books;
    this.#timeMs = timeMs ?? this.#timeMs + 1000;
    const { day, nsOfDay } = timeFromMs(this.#timeMs);
    batch.day[0] = day;
    batch.nsOfDay[0] = nsOfDay;
    batch.symbol[0] = symbol;
    batch.sequence[0]! += 1;
    batch.missing[0] = 0;
    const { bid1, bid2, bid3, bid4, bid5, ask1, ask2, ask3, ask4, ask5 } = batch;
    const { bidVolume1, bidVolume2, bidVolume3, bidVolume4, bidVolume5 } = batch;
    const { askVolume1, askVolume2, askVolume3, askVolume4, askVolume5 } = batch;
    const columns = [
      { from: bids, at: 0, to: [bid1, bid2, bid3, bid4, bid5] },
      { from: bids, at: 1, to: [bidVolume1, bidVolume2, bidVolume3, bidVolume4, bidVolume5] },
      { from: asks, at: 0, to: [ask1, ask2, ask3, ask4, ask5] },
      { from: asks, at: 1, to: [askVolume1, askVolume2, askVolume3, askVolume4, askVolume5] },
    ] as const;
    let bit = 1;
    for (const { from, at, to } of columns)
      for (const [level, column] of to.entries()) {
        const value = from[level]?.[at];
        if (value === undefined) batch.missing[0] |= bit;
        column[0] = value ?? 0;
        bit <<= 1;
      }
    batch.count = 1;
    this.#driver.stepBook(batch, 0);
  }

  /** A tick of symbol 1 for each price. */
  prices(...prices: readonly number[]): void {
    for (const price of prices) this.tick({ price });
  }

  /** Time goes on without ticks. */
  pass(ms: number): void {
    this.#timeMs += ms;
    const { day, nsOfDay } = timeFromMs(this.#timeMs);
    this.#driver.advance(day, nsOfDay);
  }

  now(): Time {
    return timeFromMs(this.#timeMs);
  }

  /** Tells the strategy that an order of its has changed. */
  order(update: OrderUpdate): void {
    this.#driver.order(update);
  }

  /** As it would be stored: plain JSON text. */
  snapshot(): string {
    return JSON.stringify(this.#driver.strategy.snapshot?.(this.#driver.context)) ?? 'null';
  }

  restore(json: string): void {
    this.#driver.strategy.restore?.(JSON.parse(json), this.#driver.context);
  }

  close(): void {
    this.#driver.close();
  }

  #emit(draft: SignalDraft): number {
    const order = this.asked.length + 1;
    const terms = termsText(draft);
    this.asked.push({
      order,
      side: draft.side > 0 ? 'buy' : 'sell',
      symbol: draft.symbol,
      quantity: moneyText(draft.quantity),
      limitPrice: draft.limitPrice === 0n ? undefined : moneyText(draft.limitPrice),
      ...(terms === undefined ? {} : { terms }),
    });
    return order;
  }
}

/** A strategy with its own types on a stage. */
export function stage<Specs extends ParameterSpecs, State, Factors extends FactorDeclarations>(
  strategy: StrategyDefinition<Specs, State, Factors>,
  parameters: GivenParameters = {},
): Stage {
  // The erasure of its own types: it is only ever handed its own parameters, state and factors.
  return new Stage(strategy as unknown as AnyStrategy, parameters);
}
