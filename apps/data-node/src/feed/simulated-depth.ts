// hot: no allocation after init
// Trades and books of the simulated market, made of its ticks: of each clean tick a trade with its
// price and volume, and a change of the book whose best levels are its quote. Always: what is made
// depends on the ticks only; numbers of trades grow, also over a restart, since they are times; the
// book behind a message has five levels a side.

import { copyTradeRow, createTradeBatch, type TradeBatch, TradeFlags } from '@ndts/protocol';
import {
  type BookChangeBatch,
  bookChangeFlags,
  copyBookChangeRow,
  createBookChangeBatch,
} from './batches.js';
import { RowQueue } from './row-queue.js';

/** A quote that was just made. */
export interface SimulatedQuote {
  readonly price: number;
  readonly volume: number;
  readonly bid: number;
  readonly ask: number;
  readonly bidVolume: number;
  readonly askVolume: number;
}

const levels = 5;
/** All levels of both sides go, and as many come. */
const messageRowsMax = 4 * levels;
const tradesWaiting = 8192;
const bookRowsWaiting = 65_536;
const microsecondsPerDay = 86_400e6;

export interface SimulatedDepthOptions {
  readonly trades: boolean;
  readonly books: boolean;
  /** By symbol index. */
  readonly ids: Uint32Array;
  readonly tickSize: (index: number) => number;
}

export class SimulatedDepth {
  readonly #options: SimulatedDepthOptions;
  readonly #trades = new RowQueue<TradeBatch>(createTradeBatch(tradesWaiting), copyTradeRow);
  readonly #book = new RowQueue<BookChangeBatch>(
    createBookChangeBatch(bookRowsWaiting),
    copyBookChangeRow,
  );
  /** By symbol index, all of it. */
  readonly #tradeId: Float64Array;
  readonly #sequence: Float64Array;
  /** Best levels in ticks and what they hold: NaN before the first message. */
  readonly #best: readonly [bid: Float64Array, ask: Float64Array];
  readonly #volume: readonly [bid: Float64Array, ask: Float64Array];
  #day = 0;
  #nsOfDay = 0;
  polledTrades = 0;
  polledBookRows = 0;

  constructor(options: SimulatedDepthOptions) {
    const count = options.ids.length;
    this.#options = options;
    this.#tradeId = new Float64Array(count);
    this.#sequence = new Float64Array(count);
    this.#best = [new Float64Array(count).fill(Number.NaN), new Float64Array(count)];
    this.#volume = [new Float64Array(count), new Float64Array(count)];
  }

  /** Whether there is room for what a tick makes: without it the tick has to wait. */
  get hasRoom(): boolean {
    return (
      this.#trades.count < tradesWaiting && this.#book.count + messageRowsMax <= bookRowsWaiting
    );
  }

  note(index: number, quote: SimulatedQuote, day: number, nsOfDay: number): void {
    this.#day = day;
    this.#nsOfDay = nsOfDay;
    if (this.#options.trades) this.#trade(index, quote);
    if (this.#options.books) this.#message(index, quote);
  }

  takeTrades(batch: TradeBatch): number {
    const count = this.#trades.take(batch);
    this.polledTrades += count;
    return count;
  }

  takeBook(batch: BookChangeBatch): number {
    const count = this.#book.take(batch);
    this.polledBookRows += count;
    return count;
  }

  /** Rows of a symbol that wait go, and its next message has the whole book. */
  drop(symbol: number): void {
    this.#trades.drop(symbol);
    this.#book.drop(symbol);
    this.whole(symbol);
  }

  /** The next message of a symbol has the whole book. */
  whole(symbol: number): void {
    const index = this.#options.ids.indexOf(symbol);
    if (index >= 0) this.#best[0][index] = Number.NaN;
  }

  /** @returns how many rows waited */
  clear(): number {
    this.#best[0].fill(Number.NaN);
    return this.#trades.clear() + this.#book.clear();
  }

  #trade(index: number, quote: SimulatedQuote): void {
    const row = this.#trades.claim();
    const { rows } = this.#trades;
    const time = this.#day * microsecondsPerDay + Math.floor(this.#nsOfDay / 1000);
    const id = Math.max(this.#tradeId[index]! + 1, time);
    this.#tradeId[index] = id;
    rows.day[row] = this.#day;
    rows.nsOfDay[row] = this.#nsOfDay;
    rows.price[row] = quote.price;
    rows.volume[row] = quote.volume;
    rows.tradeId[row] = id;
    rows.symbol[row] = this.#options.ids[index]!;
    rows.flags[row] = TradeFlags.id | (quote.price >= quote.ask ? TradeFlags.buy : TradeFlags.sell);
  }

  #message(index: number, quote: SimulatedQuote): void {
    const isWhole = Number.isNaN(this.#best[0][index]!);
    const first = this.#book.count;
    const size = this.#options.tickSize(index);
    this.#side(index, 0, Math.round(quote.bid / size), quote.bidVolume, isWhole);
    this.#side(index, 1, Math.round(quote.ask / size), quote.askVolume, isWhole);
    const count = this.#book.count - first;
    if (count === 0) return;
    const previous = this.#sequence[index]!;
    this.#sequence[index] = previous + 1;
    const { rows } = this.#book;
    for (let back = count; back > 0; back -= 1) {
      const row = this.#book.recent(back);
      rows.sequence[row] = previous + 1;
      rows.previous[row] = isWhole ? Number.NaN : previous;
      if (back === count && isWhole) rows.flags[row]! |= bookChangeFlags.clear;
      if (back === 1) rows.flags[row]! |= bookChangeFlags.end;
    }
  }

  /** The levels of a side that go, then those that come or hold another volume. */
  #side(index: number, side: 0 | 1, best: number, volume: number, isWhole: boolean): void {
    const before = isWhole ? Number.NaN : this.#best[side][index]!;
    const volumeBefore = this.#volume[side][index]!;
    const away = side === 0 ? -1 : 1;
    for (let level = 0; level < levels && !isWhole; level += 1) {
      const price = before + away * level;
      const place = (price - best) * away;
      if (place < 0 || place >= levels) this.#level(index, side, price, 0);
    }
    for (let level = 0; level < levels; level += 1) {
      const price = best + away * level;
      const place = (price - before) * away;
      const isThere = place >= 0 && place < levels;
      const holds = level === 0 ? volume : volumeAt(price);
      const held = place === 0 ? volumeBefore : volumeAt(price);
      if (!isThere || holds !== held) this.#level(index, side, price, holds);
    }
    this.#best[side][index] = best;
    this.#volume[side][index] = volume;
  }

  /** @param price in ticks */
  #level(index: number, side: 0 | 1, price: number, quantity: number): void {
    const row = this.#book.claim();
    const { rows } = this.#book;
    const cents = Math.round(100 * this.#options.tickSize(index));
    rows.day[row] = this.#day;
    rows.nsOfDay[row] = this.#nsOfDay;
    rows.price[row] = (price * cents) / 100;
    rows.quantity[row] = quantity;
    rows.symbol[row] = this.#options.ids[index]!;
    rows.flags[row] = side === 0 ? 0 : bookChangeFlags.ask;
  }
}

/** What a level holds that is not the best: always the same at one price. */
function volumeAt(price: number): number {
  return 100 * (1 + ((price * 7) & 15));
}
