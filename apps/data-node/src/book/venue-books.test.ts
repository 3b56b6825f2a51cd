// Books of venues by scripts of their messages: what fits, what is old, what is a hole, a wrong
// checksum, and which snapshot helps. The texts of checksums are written out as venues document
// them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { bookChangeFlags, createBookChangeBatch } from '../feed/batches.js';
import { Book } from './book.js';
import { type MarketDecimals, venueBooks } from './venue-books.js';

interface Said {
  readonly isSnapshot?: boolean;
  /** Of the message, and what it follows. */
  readonly numbers?: readonly [sequence: number, previous?: number];
  readonly bids?: readonly (readonly [number, number])[];
  readonly asks?: readonly (readonly [number, number])[];
  /** What the checksum is of. */
  readonly text?: string;
  /** Behind it: why a snapshot is wanted, or the best bid. */
  readonly leaves: string | number;
}

interface Script {
  readonly venue: string;
  readonly decimals?: MarketDecimals;
  readonly messages: readonly Said[];
}

const { ask, clear, end, empty } = bookChangeFlags;
const missing = 'messages are missing';
const wrong = 'checksum is wrong';

function say(book: Book, said: Said): void {
  const { isSnapshot = false, numbers = [], bids = [], asks = [], text } = said;
  const rows = createBookChangeBatch(20);
  const levels = [
    ...bids.map(([price, size]) => [price, size, 0] as const),
    ...asks.map(([price, size]) => [price, size, ask] as const),
  ];
  const none = [[0, 0, empty] as const];
  for (const [row, [price, size, side]] of (levels.length === 0 ? none : levels).entries()) {
    rows.price[row] = price;
    rows.quantity[row] = size;
    rows.sequence[row] = numbers[0] ?? Number.NaN;
    rows.previous[row] = numbers[1] ?? Number.NaN;
    rows.checksum[row] = text === undefined ? Number.NaN : crc32(text) | 0;
    rows.flags[row] = side | (isSnapshot && row === 0 ? clear : 0);
    rows.count = row + 1;
  }
  rows.flags[rows.count - 1]! |= end;
  book.message(rows, 0, rows.count - 1);
}

const snapshot = { isSnapshot: true, asks: [[12, 1]] as const };
const scripts: Readonly<Record<string, Script>> = {
  'Binance spot: a hole, and a snapshot that is older than what waits': {
    venue: 'binance',
    messages: [
      { numbers: [15, 12], bids: [[9, 1]], leaves: 'start' },
      { ...snapshot, numbers: [13], bids: [[8, 1]], leaves: 9 },
      { numbers: [14, 13], bids: [[9, 7]], leaves: 9 },
      { numbers: [16, 15], bids: [[10, 1]], leaves: 10 },
      { ...snapshot, numbers: [12], bids: [[7, 1]], leaves: 10 },
    ],
  },
  'Binance futures: pu that is ahead waits; what never comes is a hole': {
    venue: 'binanceusdm',
    messages: [
      { ...snapshot, numbers: [20], bids: [[8, 1]], leaves: 8 },
      { numbers: [25, 18], bids: [[9, 1]], leaves: 9 },
      { numbers: [40, 30], bids: [[10, 1]], leaves: 9 },
      { numbers: [50, 40], bids: [[11, 1]], leaves: 9 },
      { numbers: [60, 50], leaves: missing },
      { ...snapshot, numbers: [45], bids: [[10, 2]], leaves: 11 },
    ],
  },
  'OKX: a reset goes on below; a broken chain is a hole; a checksum of 0 is none': {
    venue: 'okx',
    messages: [
      { ...snapshot, numbers: [10, -1], bids: [[8, 1]], text: '8:1:12:1', leaves: 8 },
      { numbers: [10, 10], leaves: 8 },
      { numbers: [3, 10], bids: [[9, 1]], text: '9:1:12:1:8:1', leaves: 9 },
      { numbers: [5, 3], bids: [[9, 2]], text: '9:1:12:1:8:1', leaves: wrong },
      { ...snapshot, numbers: [2, -1], bids: [[7, 1]], leaves: 7 },
      { numbers: [9, 1], leaves: missing },
    ],
  },
  'Bybit: one more each; the service begins again at 1 with a snapshot': {
    venue: 'bybit',
    messages: [
      { ...snapshot, numbers: [100], bids: [[8, 1]], leaves: 8 },
      { numbers: [101], bids: [[9, 1]], leaves: 9 },
      { ...snapshot, numbers: [1], bids: [[7, 1]], leaves: 7 },
      { numbers: [2], bids: [[7, 0]], leaves: Number.NaN },
    ],
  },
  'Coinbase: what comes counts; a snapshot begins anew': {
    venue: 'coinbase',
    messages: [
      { bids: [[5, 1]], leaves: 'start' },
      { ...snapshot, bids: [[8, 1]], leaves: 8 },
      { bids: [[9, 1]], leaves: 9 },
      { ...snapshot, bids: [[7, 1]], leaves: 7 },
    ],
  },
  'Bitfinex: amounts of asks are below 0 in the text': {
    venue: 'bitfinex',
    messages: [
      { ...snapshot, bids: [[8, 1.5]], text: '8:1.5:12:-1', leaves: 8 },
      { bids: [[9, 1]], text: '9:1:12:1:8:1.5', leaves: wrong },
      { bids: [[10, 1]], leaves: wrong },
      { ...snapshot, bids: [[9, 1]], text: '9:1:12:-1', leaves: 9 },
    ],
  },
  'Kraken: asks, then bids, all decimals, without points and leading zeros': {
    venue: 'kraken',
    decimals: { price: 2, size: 3 },
    messages: [
      { ...snapshot, bids: [[0.8, 0.01]], text: '120010008010', leaves: 0.8 },
      { bids: [[0.9, 2]], text: '120010009020008010', leaves: 0.9 },
      { bids: [[0.9, 1]], text: '120010009020008010', leaves: wrong },
      { ...snapshot, bids: [[0.9, 1]], text: '12001000901000', leaves: 0.9 },
    ],
  },
  'one that is not known: a chain, as far as there are numbers': {
    venue: 'constructor',
    messages: [
      { ...snapshot, numbers: [7], bids: [[8, 1]], leaves: 8 },
      { numbers: [9, 7], bids: [[9, 1]], leaves: 9 },
      { numbers: [12, 8], leaves: missing },
      { ...snapshot, bids: [[7, 1]], leaves: 7 },
      { bids: [[7.5, 1]], leaves: 7.5 },
    ],
  },
};

for (const [about, { venue, decimals, messages }] of Object.entries(scripts))
  test(about, () => {
    const book = new Book({
      ...venueBooks(venue, decimals),
      ...{ crossed: 'mark', depth: 0, heldMax: 2 },
    });
    for (const [at, said] of messages.entries()) {
      say(book, said);
      const now = book.state === 'live' ? book.bids.price(0) : book.wanted;
      assert.deepEqual(now, said.leaves, `message ${at}`);
    }
  });
