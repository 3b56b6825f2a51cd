// Where ccxt does not speak with every venue in the same way: how our id goes there, whether an
// order is answered about by it, and how much is listed at once. What always holds: of a venue that
// is not described here nothing is taken for said that its lists do not say.

import type { CcxtParams } from './ccxt-trading.js';

export interface VenueWords {
  /** The parameter in which our id goes with an order. */
  readonly sendsId: string;
  /** In which an order is asked for, and canceled, by our id; absent: by the venue's id alone. */
  readonly asksId?: string;
  readonly cancelsId?: string;
  /** With every question about an order. */
  readonly asks: CcxtParams;
  /** The longest of our ids. */
  readonly idMax: number;
  /** Entries of one list; it may tell fewer at once. */
  readonly pageMax: number;
  /** Of open orders at once; absent: all. */
  readonly openMax?: number;
  /** Lists are of all markets, and cut before one is chosen. */
  readonly listsAll?: boolean;
  /** How it refuses an order, where ccxt has no class for it. */
  readonly refusals?: RegExp;
  /** Its test network has no contracts; its demo trading has. */
  readonly hasDemo?: boolean;
  /** Requests carry the time, and are refused when it is not the venue's. */
  readonly isTimed?: boolean;
}

const byOurs = { sendsId: 'clientOrderId', asksId: 'clientOrderId', cancelsId: 'clientOrderId' };
const plain = { sendsId: 'clientOrderId', asks: {} };

const binance: VenueWords = {
  ...{ ...byOurs, asks: {}, idMax: 36, pageMax: 500, isTimed: true, hasDemo: true },
};
const okx: VenueWords = { ...byOurs, asks: {}, idMax: 32, pageMax: 100, openMax: 100 };
/** Without the first of them ccxt does not ask; by our id it asks only in the venue's own word. */
const bybit: VenueWords = {
  ...{ sendsId: 'clientOrderId', asksId: 'orderLinkId', cancelsId: 'orderLinkId' },
  ...{ asks: { acknowledged: true }, idMax: 36, pageMax: 50, openMax: 50, isTimed: true },
};
/** ccxt gives an order an id of its own unless this one is set. */
const coinbase: VenueWords = {
  ...{ ...plain, sendsId: 'client_order_id', idMax: 128, pageMax: 100, openMax: 100 },
  refusals: /insufficient|invalid|too (small|large|low|high)|minimum|maximum|disabled/i,
};
const kraken: VenueWords = {
  ...{ ...plain, cancelsId: 'clientOrderId', idMax: 18, pageMax: 50, listsAll: true },
  refusals: /"(EOrder:|EGeneral:(Invalid arguments|Permission denied))/,
};
const other: VenueWords = { ...plain, idMax: 32, pageMax: 100 };

const known: ReadonlyMap<string, VenueWords> = new Map([
  ...['binance', 'binanceus', 'binanceusdm', 'binancecoinm'].map((one) => [one, binance] as const),
  ...['okx', 'okxus', 'myokx'].map((one) => [one, okx] as const),
  ...['coinbase', 'coinbaseadvanced'].map((one) => [one, coinbase] as const),
  ...[['bybit', bybit] as const, ['kraken', kraken] as const],
]);

export function wordsOf(venue: string): VenueWords {
  return known.get(venue) ?? other;
}
