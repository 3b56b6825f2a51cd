// hot: no allocation after init (but growth when new symbols appear)
//
// The market as this node sees it: last price, bid, ask, time and flags per symbol id, in flat
// arrays, fed from the tick rings. Used twice, each with a reader of its own: by risk, and by the
// simulated venue. What always holds: a symbol without a tick has last = 0, and so has one whose
// last price is none: not above 0, not finite, or beyond what money can hold. What waits for a
// price goes by the sure one, which a tick in doubt does not move alone.

import {
  createTickBatch,
  marketPriceMax,
  moneyFromFloat,
  type TickBatch,
  TickFlags,
  type TickStreamReader,
} from '@ndts/protocol';
import { type DoubtOptions, SurePrices } from './sure-prices.js';

const batchTicks = 1024;
const startSymbols = 256;

/** Hands over the last stored ticks, in as many batches as it likes. */
export type LastTicks = (take: (batch: TickBatch) => void) => void;

/** The market of the symbol changed: by this tick, or because time passed. */
export type OnTick = (symbol: number, batch?: TickBatch, row?: number) => void;

/** One symbol's market, as risk reads it. */
export interface MarketPoint {
  last: number;
  /** Best bid and ask; 0 when there is none. */
  bid: number;
  ask: number;
  /** Time of the last tick. */
  day: number;
  nsOfDay: number;
  /** Bits of TickFlags. */
  flags: number;
  /** The data node was heard and is silent: nobody would say what is wrong with the symbol. */
  isSilent: boolean;
}

export class Market {
  readonly #reader: TickStreamReader;
  readonly #batch: TickBatch = createTickBatch(batchTicks);
  readonly #onTick: OnTick;
  readonly #sure: SurePrices;
  readonly #point = emptyPoint();
  #last = new Float64Array(startSymbols);
  #bid = new Float64Array(startSymbols);
  #ask = new Float64Array(startSymbols);
  #day = new Float64Array(startSymbols);
  #nsOfDay = new Float64Array(startSymbols);
  #flags = new Uint32Array(startSymbols);
  /** Ticks below this sequence of their shard carry older flags than what was told. */
  #flagsFrom = new Float64Array(startSymbols);

  constructor(reader: TickStreamReader, onTick: OnTick, doubt: DoubtOptions) {
    this.#reader = reader;
    this.#onTick = onTick;
    this.#sure = new SurePrices(startSymbols, doubt);
  }

  /** Takes one batch of ticks; returns how many, with those that counted because of the time. */
  poll(): number {
    const batch = this.#batch;
    const count = this.#reader.poll(batch);
    for (let row = 0; row < count; row++) this.#take(batch, row);
    return count + this.#sure.doWork(this.#onTick);
  }

  /** When time alone makes a price count (monotonic ns). */
  dueNs(): number {
    return this.#sure.dueNs();
  }

  /** Ticks from before the stream, of symbols that have none here yet. They keep their time: risk
   * judges their age as that of any other. */
  seed(batch: TickBatch): void {
    for (let row = 0; row < batch.count; row++)
      if ((this.#last[batch.symbol[row] ?? 0] ?? 0) === 0) this.#take(batch, row);
  }

  /** What the data node tells of a symbol beside its ticks, which may have none. */
  setQuality(symbol: number, flags: number, sequence: number): void {
    if (symbol >= this.#last.length) this.#grow(symbol + 1);
    this.#flags[symbol] = flags;
    this.#flagsFrom[symbol] = sequence;
  }

  /** Copies a symbol's market; last is 0 when there is none. */
  read(symbol: number, into: MarketPoint): void {
    into.last = this.#last[symbol] ?? 0;
    into.bid = this.#bid[symbol] ?? 0;
    into.ask = this.#ask[symbol] ?? 0;
    into.day = this.#day[symbol] ?? 0;
    into.nsOfDay = this.#nsOfDay[symbol] ?? 0;
    into.flags = this.#flags[symbol] ?? 0;
  }

  /** The same of the prices that count for what waits for a price; last is 0 while none does. */
  readSure(symbol: number, into: MarketPoint): void {
    this.read(symbol, into);
    this.#sure.apply(symbol, into);
  }

  /** Last price as money; 0n when there is none. */
  lastMoney(symbol: number): bigint {
    const last = this.#last[symbol] ?? 0;
    return last > 0 ? moneyFromFloat(last) : 0n;
  }

  /** The price that counts for what waits for one, as money; 0n when none does. */
  sureMoney(symbol: number): bigint {
    this.readSure(symbol, this.#point);
    return this.#point.last > 0 ? moneyFromFloat(this.#point.last) : 0n;
  }

  #take(batch: TickBatch, row: number): void {
    const flags = batch.flags[row] ?? 0;
    if ((flags & TickFlags.void) !== 0) return;
    const symbol = batch.symbol[row] ?? 0;
    if (symbol >= this.#last.length) this.#grow(symbol + 1);
    this.#sure.take(symbol, flags, this.#last[symbol]!, this.#bid[symbol]!, this.#ask[symbol]!);
    this.#last[symbol] = priceOrNone(batch.price[row] ?? 0);
    this.#bid[symbol] = priceOrNone(batch.bid[row] ?? 0);
    this.#ask[symbol] = priceOrNone(batch.ask[row] ?? 0);
    this.#day[symbol] = batch.day[row] ?? 0;
    this.#nsOfDay[symbol] = batch.nsOfDay[row] ?? 0;
    if ((batch.sequence[row] ?? 0) >= this.#flagsFrom[symbol]!) this.#flags[symbol] = flags;
    this.#onTick(symbol, batch, row);
  }

  #grow(symbols: number): void {
    const size = Math.max(symbols, this.#last.length * 2);
    this.#sure.grow(size);
    this.#last = grown(this.#last, size);
    this.#bid = grown(this.#bid, size);
    this.#ask = grown(this.#ask, size);
    this.#day = grown(this.#day, size);
    this.#nsOfDay = grown(this.#nsOfDay, size);
    this.#flagsFrom = grown(this.#flagsFrom, size);
    const flags = new Uint32Array(size);
    flags.set(this.#flags);
    this.#flags = flags;
  }
}

export function emptyPoint(): MarketPoint {
  return { last: 0, bid: 0, ask: 0, day: 0, nsOfDay: 0, flags: 0, isSilent: false };
}

/** What a market order would trade at: the opposite side of the book, or the last price. */
export function touchPrice(point: MarketPoint, side: number): number {
  const opposite = side > 0 ? point.ask : point.bid;
  return opposite > 0 ? opposite : point.last;
}

/** What an order would trade at: its limit, its stop, or the market. */
export function priceOf(
  order: { readonly side: number; readonly limitPrice: bigint },
  stopPrice: bigint,
  point: MarketPoint,
): bigint {
  if (order.limitPrice > 0n) return order.limitPrice;
  return stopPrice > 0n ? stopPrice : moneyFromFloat(touchPrice(point, order.side));
}

/** 0: none that money can hold. */
export function priceOrNone(value: number): number {
  return value > 0 && value <= marketPriceMax ? value : 0;
}

export function grown(from: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(size);
  to.set(from);
  return to;
}
