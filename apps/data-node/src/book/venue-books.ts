// How the books of venues are put together from their own messages, as they document it: how
// numbers follow each other, what their checksums cover, where snapshots come from. For feeds whose
// rows have the venue's numbers: of Bybit and Kraken, whose messages are handed out beside ccxt. Of
// the others ccxt checks the same and hands out whole books, each following the one before.

import type { BookRules } from './book.js';

export type VenueBooks = Pick<BookRules, 'sequence' | 'checksum' | 'snapshots'> &
  Partial<Pick<BookRules, 'depth'>>;

/** Decimals of a market, where a checksum needs them. */
export interface MarketDecimals {
  readonly price: number;
  readonly size: number;
}

const krakenLevels = 10;
const plain: VenueBooks = { sequence: 'chain', checksum: undefined, snapshots: 'stream' };
const pairs = { form: 'interleaved', levels: 25 } as const;

const venues: Readonly<Record<string, VenueBooks>> = {
  // U to u, previous is U - 1; the snapshot is asked for over REST and has lastUpdateId.
  binance: { sequence: 'range', checksum: undefined, snapshots: 'asked' },
  // Futures: the same, and previous is pu.
  binanceusdm: { sequence: 'range', checksum: undefined, snapshots: 'asked' },
  binancecoinm: { sequence: 'range', checksum: undefined, snapshots: 'asked' },
  // seqId after prevSeqId; a reset goes on below. The checksum is 0 since June 2026.
  okx: { ...plain, checksum: pairs },
  // u is one more; the service begins again at 1, with a snapshot.
  bybit: { ...plain, sequence: 'count' },
  // No numbers of a book: those of a connection are for whoever reads it.
  coinbase: { ...plain, sequence: 'none' },
  bitfinex: { ...plain, sequence: 'none', checksum: { ...pairs, negativeAsks: true } },
  // Ten levels as ccxt subscribes; what falls out of them is not told.
  kraken: { ...plain, sequence: 'none', depth: krakenLevels },
};

/** Of a venue as ccxt calls it; one that is not known: a chain of numbers, as far as there are any.
 * Kraken's checksum is held against its books only where the decimals are told. */
export function venueBooks(venue: string, decimals?: MarketDecimals): VenueBooks {
  const books = Object.hasOwn(venues, venue) ? (venues[venue] ?? plain) : plain;
  if (venue !== 'kraken' || decimals === undefined) return books;
  const { price: priceDecimals, size: sizeDecimals } = decimals;
  const checksum = { form: 'digits', levels: krakenLevels, priceDecimals, sizeDecimals } as const;
  return { ...books, checksum };
}
