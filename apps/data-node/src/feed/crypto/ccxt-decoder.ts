// What CcxtSource says, as rows. A trade and a quote each make a tick: the trade with the quote
// before it, the quote with the last price and no volume. Always: a hole in the numbers of trades
// is noticed across connections too, since they are the venue's and not the connection's.

import { addNs, type Time, timeFromMs, timeToMs, TradeFlags } from '@ndts/protocol';
import type { MarketDecimals } from '../../book/venue-books.js';
import { bookChangeFlags } from '../batches.js';
import type { FeedRule } from '../feed.js';
import type { FeedRows } from '../feed-rows.js';
import { quotePrice } from '../quote-price.js';
import type { MessageDecoder } from '../message-source.js';
import { tradeNumber } from '../trade-number.js';
import { TradeMessage } from './trade-message.js';

interface Quote {
  price: number;
  bid: number;
  bidVolume: number;
  ask: number;
  askVolume: number;
}

type Json = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder('utf-8', { fatal: true });
/** A hole larger than this is a new numbering. */
const gapMax = 1_000_000;

function numberAt(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

/** 0: there is none. */
function orNone(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

export class CcxtDecoder implements MessageDecoder {
  readonly #isNumbered: boolean;
  readonly #quotes = new Map<string, Quote>();
  readonly #nextTrade = new Map<string, number>();
  readonly #lost = new Set<string>();
  readonly #decimals = new Map<number, MarketDecimals>();
  readonly #message = new TradeMessage();

  /** `isNumbered`: the trades of a symbol have numbers that follow each other. */
  constructor(isNumbered: boolean) {
    this.#isNumbered = isNumbered;
  }

  reset(): void {
    this.#quotes.clear();
  }

  decimals(symbol: number): MarketDecimals | undefined {
    return this.#decimals.get(symbol);
  }

  decode(bytes: Uint8Array, rows: FeedRows): void {
    if (this.#message.read(bytes, rows.known)) {
      this.#takeRead(this.#message, rows);
      return;
    }
    const message = parse(bytes);
    const symbol = message?.['symbol'];
    if (message === undefined || typeof symbol !== 'string') {
      this.#refuse(rows, 'message', 'not a message', bytes);
      return;
    }
    if (message['kind'] === 'refused') {
      this.#refuse(rows, 'venue', `${symbol} refused: ${String(message['reason'])}`, bytes);
      return;
    }
    const id = rows.idOf(symbol);
    if (id === 0) return; // given up a moment ago
    const isGood = this.#rowsOf(message, symbol, id, rows);
    if (!isGood)
      this.#refuse(rows, 'message', `not a message of ${String(message['kind'])}`, bytes);
  }

  #refuse(rows: FeedRows, rule: FeedRule, reason: string, bytes: Uint8Array): void {
    rows.reject(timeToMs(rows.receivedAt), rule, reason.slice(0, 500), bytes);
  }

  #rowsOf(message: Json, symbol: string, id: number, rows: FeedRows): boolean {
    switch (message['kind']) {
      case 'trades':
        return this.#trades(message, symbol, id, rows, false);
      case 'repair':
        if (message['whole'] === true) rows.repaired();
        return this.#trades(message, symbol, id, rows, true);
      case 'quote':
        return this.#quote(message, symbol, id, rows);
      case 'book':
        return this.#book(message, symbol, id, rows);
      case 'halt':
        if (typeof message['on'] !== 'boolean') return false;
        rows.halt(id, message['on']);
        return true;
      case 'lost':
        this.#lost.add(symbol);
        rows.gap(symbol, 0, 0);
        return true;
      default:
        return false;
    }
  }

  /** The same as of one that was parsed. */
  #takeRead(
    { name: known, count, ms, price, quantity, number, side }: TradeMessage,
    rows: FeedRows,
  ): void {
    if (known === undefined) return;
    const { id, name } = known;
    for (let at = 0; at < count; at += 1)
      this.#take(name, id, rows, false, ms[at]!, price[at]!, quantity[at]!, number[at]!, side[at]!);
  }

  #trades(message: Json, symbol: string, id: number, rows: FeedRows, isRepair: boolean): boolean {
    const trades = message['trades'];
    if (!Array.isArray(trades)) return false;
    let areGood = true;
    for (const trade of trades as unknown[])
      areGood = this.#trade(trade, symbol, id, rows, isRepair) && areGood;
    return areGood;
  }

  #trade(trade: unknown, symbol: string, id: number, rows: FeedRows, isRepair: boolean): boolean {
    if (!Array.isArray(trade)) return false;
    const [ms, price, quantity, tradeId, side] = trade as unknown[];
    if (typeof ms !== 'number' || typeof price !== 'number' || typeof quantity !== 'number')
      return false;
    if (!isTimeMs(ms)) return false;
    const number = typeof tradeId === 'string' ? tradeNumber(tradeId) : Number.NaN;
    this.#take(symbol, id, rows, isRepair, ms, price, quantity, number, sideOf(side));
    return true;
  }

  #take(
    symbol: string,
    id: number,
    rows: FeedRows,
    isRepair: boolean,
    ms: number,
    price: number,
    quantity: number,
    number: number,
    side: number,
  ): void {
    if (!isRepair && this.#isNumbered && !this.#noteNumber(symbol, number, rows)) return;
    const time = timeFromMs(ms);
    if (!isRepair) rows.sentAt(time);
    const quote = this.#quoteOf(symbol);
    if (!isRepair) quote.price = price;
    // Who trades is not halted, whatever the list of markets said when it was read.
    if (!isRepair && rows.hasHalts) rows.halt(id, false);
    const row = rows.claimTrade();
    if (row >= 0) {
      const { trades } = rows;
      trades.day[row] = time.day;
      trades.nsOfDay[row] = time.nsOfDay;
      trades.price[row] = price;
      trades.volume[row] = quantity;
      trades.tradeId[row] = Number.isNaN(number) ? 0 : number;
      trades.symbol[row] = id;
      trades.flags[row] = side | (Number.isNaN(number) ? 0 : TradeFlags.id);
    }
    this.#tick(rows, id, time, price, quantity, quote);
  }

  /** False: it came before. */
  #noteNumber(symbol: string, number: number, rows: FeedRows): boolean {
    if (Number.isNaN(number)) return true;
    const next = this.#nextTrade.get(symbol) ?? number;
    if (number < next && next - number < gapMax) return false;
    this.#nextTrade.set(symbol, number + 1);
    if (number > next && number - next < gapMax) rows.gap(symbol, next, number);
    return true;
  }

  #quote(message: Json, symbol: string, id: number, rows: FeedRows): boolean {
    const { ms } = message;
    const [bid, ask] = [orNone(message['bid']), orNone(message['ask'])];
    if (bid === 0 && ask === 0) return false;
    const quote = this.#quoteOf(symbol);
    quote.bid = bid;
    quote.ask = ask;
    quote.bidVolume = orNone(message['bidVolume']);
    quote.askVolume = orNone(message['askVolume']);
    const price = quote.price > 0 ? quote.price : quotePrice(bid, ask);
    this.#tick(rows, id, this.#timeOf(ms, rows), price, 0, quote);
    return true;
  }

  /** Where the venue says none, that of receipt by the venue's clock, as far as that is known. */
  #timeOf(ms: unknown, rows: FeedRows): Time {
    if (typeof ms === 'number' && isTimeMs(ms)) {
      const time = timeFromMs(ms);
      rows.sentAt(time);
      return time;
    }
    const offsetNs = rows.clockOffsetNs(rows.receivedNs);
    return Number.isNaN(offsetNs) ? rows.receivedAt : addNs(rows.receivedAt, -Math.round(offsetNs));
  }

  #quoteOf(symbol: string): Quote {
    let quote = this.#quotes.get(symbol);
    if (quote === undefined) {
      quote = { price: 0, bid: 0, bidVolume: 0, ask: 0, askVolume: 0 };
      this.#quotes.set(symbol, quote);
    }
    return quote;
  }

  #tick(rows: FeedRows, id: number, time: Time, price: number, volume: number, quote: Quote): void {
    const row = rows.claimTick();
    if (row < 0) return;
    const { ticks } = rows;
    ticks.day[row] = time.day;
    ticks.nsOfDay[row] = time.nsOfDay;
    ticks.price[row] = price;
    ticks.volume[row] = volume;
    ticks.bid[row] = quote.bid;
    ticks.ask[row] = quote.ask;
    ticks.bidVolume[row] = quote.bidVolume;
    ticks.askVolume[row] = quote.askVolume;
    ticks.symbol[row] = id;
    ticks.flags[row] = 0;
  }

  #book(message: Json, symbol: string, id: number, rows: FeedRows): boolean {
    const { ms, nonce, previous, full, bids, asks } = message;
    const levels = [...levelsOf(bids, 0), ...levelsOf(asks, bookChangeFlags.ask)];
    const areGood = Array.isArray(bids) && Array.isArray(asks);
    if (!areGood || levels.some(([price, quantity]) => !(price > 0 && quantity >= 0))) return false;
    if (full === true && this.#lost.delete(symbol)) rows.repaired();
    if (full === true) this.#noteDecimals(message['decimals'], id);
    const time = this.#timeOf(ms, rows);
    if (levels.length === 0 && full === true) levels.push([0, 0, bookChangeFlags.empty]);
    for (const [at, [price, quantity, side]] of levels.entries()) {
      const row = rows.claimBook();
      if (row < 0) continue;
      const { book } = rows;
      book.day[row] = time.day;
      book.nsOfDay[row] = time.nsOfDay;
      book.price[row] = price;
      book.quantity[row] = quantity;
      book.sequence[row] = numberAt(nonce);
      book.previous[row] = numberAt(previous);
      book.checksum[row] = numberAt(message['checksum']);
      book.symbol[row] = id;
      book.flags[row] =
        side +
        (at === 0 && full === true ? bookChangeFlags.clear : 0) +
        (at === levels.length - 1 ? bookChangeFlags.end : 0);
    }
    return true;
  }

  #noteDecimals(decimals: unknown, id: number): void {
    const [price, size] = Array.isArray(decimals) ? (decimals as unknown[]) : [];
    if (isDecimals(price) && isDecimals(size)) this.#decimals.set(id, { price, size });
  }
}

/** What toFixed takes. */
function isDecimals(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100;
}

function levelsOf(
  side: unknown,
  flags: number,
): [price: number, quantity: number, flags: number][] {
  if (!Array.isArray(side)) return [];
  return (side as unknown[]).map((level) => {
    const [price, quantity] = Array.isArray(level) ? (level as unknown[]) : [];
    return [numberAt(price), numberAt(quantity), flags];
  });
}

function sideOf(side: unknown): number {
  if (side === 'buy') return TradeFlags.buy;
  return side === 'sell' ? TradeFlags.sell : 0;
}

function isTimeMs(ms: number): boolean {
  return ms > 0 && ms < 8.64e15;
}

function parse(bytes: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
