// Books of venues whose numbers or checksums ccxt does not hold against what it puts together
// (4.5.84: Bybit's u, Kraken's checksum): the venue's own messages are handed out instead, and the
// node's rules tell what fits. Always: what is not a message of a book is none of ours, and a level
// that is no pair of numbers goes on as NaN, for the decoder to refuse.

import type { MarketDecimals } from '../../book/venue-books.js';
import type { Level } from './book-changes.js';
import type { CcxtExchange } from './ccxt-module.js';

export interface VenueBookMessage {
  /** As ccxt calls it. */
  readonly symbol: string;
  readonly ms: number | undefined;
  readonly full: boolean;
  readonly nonce: number | undefined;
  readonly checksum: number | undefined;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** What the venue is told to end its subscription. */
  readonly farewell: Readonly<Record<string, unknown>>;
}

interface VenueBookReader {
  /** Undefined: another message. */
  read(message: Json, exchange: CcxtExchange, url: string): VenueBookMessage | undefined;
  /** By which ccxt knows the subscription. */
  hash(symbol: string): string;
  /** Its checksum is of all digits of the market. */
  readonly wantsDecimals: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const readers: Readonly<Record<string, VenueBookReader>> = {
  bybit: { read: readBybit, hash: (symbol) => `orderbook:${symbol}`, wantsDecimals: false },
  kraken: { read: readKraken, hash: (symbol) => `orderbook@${symbol}`, wantsDecimals: true },
};

/** Undefined: the books of this venue are those of ccxt. */
export function venueBookReader(venue: string): VenueBookReader | undefined {
  return Object.hasOwn(readers, venue) ? readers[venue] : undefined;
}

/** { topic: orderbook.50.BTCUSDT, type, ts, data: { s, b, a, u } }; depth 1 is of quotes. */
function readBybit(
  message: Json,
  exchange: CcxtExchange,
  url: string,
): VenueBookMessage | undefined {
  const { topic, type, ts, data } = message;
  if (typeof topic !== 'string' || !isObject(data)) return undefined;
  const [channel, depth, id] = topic.split('.');
  if (channel !== 'orderbook' || depth === '1' || id === undefined) return undefined;
  const market = url.includes('spot') ? 'spot' : 'contract';
  return {
    symbol: exchange.safeSymbol?.(id, undefined, undefined, market) ?? id,
    ms: numberOf(ts),
    full: type === 'snapshot',
    nonce: numberOf(data['u']),
    checksum: undefined,
    bids: levelsOf(data['b'], 0, 1),
    asks: levelsOf(data['a'], 0, 1),
    farewell: { op: 'unsubscribe', args: [topic] },
  };
}

/** { channel: book, type, data: [{ symbol, bids: [{ price, qty }], asks, checksum }] } */
function readKraken(message: Json): VenueBookMessage | undefined {
  const { channel, type, data } = message;
  const book: unknown = Array.isArray(data) ? data[0] : undefined;
  if (channel !== 'book' || !isObject(book)) return undefined;
  const { symbol, timestamp } = book;
  if (typeof symbol !== 'string') return undefined;
  const ms = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return {
    symbol,
    ms: Number.isNaN(ms) ? undefined : ms,
    full: type === 'snapshot',
    nonce: undefined,
    checksum: numberOf(book['checksum']),
    bids: levelsOf(book['bids'], 'price', 'qty'),
    asks: levelsOf(book['asks'], 'price', 'qty'),
    farewell: { method: 'unsubscribe', params: { channel: 'book', symbol: [symbol] } },
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function levelsOf(side: unknown, price: string | number, size: string | number): Level[] {
  if (!Array.isArray(side)) return [];
  return (side as unknown[]).map((level) =>
    isObject(level)
      ? [numberOf(level[price]) ?? Number.NaN, numberOf(level[size]) ?? Number.NaN]
      : [Number.NaN, Number.NaN],
  );
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && value !== '') return Number(value);
  return typeof value === 'number' ? value : undefined;
}

/** Of a market, where ccxt knows the least steps of its prices and sizes. */
export function marketDecimals(exchange: CcxtExchange, symbol: string): MarketDecimals | undefined {
  const { price, amount } = exchange.markets?.[symbol]?.precision ?? {};
  const [prices, sizes] = [decimalsOf(price), decimalsOf(amount)];
  return prices === undefined || sizes === undefined ? undefined : { price: prices, size: sizes };
}

/** Of a step that is a power of ten: 1e-8 has 8. */
function decimalsOf(step: number | undefined): number | undefined {
  const decimals = Math.round(-Math.log10(step ?? Number.NaN));
  return decimals >= 0 && decimals <= 15 ? decimals : undefined;
}
