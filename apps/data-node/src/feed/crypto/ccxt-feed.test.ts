// A feed of an exchange on a small stand-in for ccxt: what rows come, and what its errors do.
// test/conformance/ccxt.test.ts runs the real one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { createTickBatch, createTradeBatch } from '@ndts/protocol';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { BookAssembler } from '../../book/book-assembler.js';
import { venueBooks } from '../../book/venue-books.js';
import { bookChangeFlags, createBookChangeBatch } from '../batches.js';
import type { MessageFeed } from '../message-feed.js';
import { createCcxtFeed } from './ccxt-feed.js';
import type { CcxtTrade } from './ccxt-module.js';
import { FakeVenue, settle } from './fake-venue.js';

const startMs = Date.UTC(2026, 0, 5, 14);

const trade = (id: number): CcxtTrade => ({
  id: String(id),
  timestamp: startMs + id,
  price: 100 + id,
  amount: 2,
  side: id % 2 === 0 ? 'sell' : 'buy',
});

async function start(
  venue = new FakeVenue(),
  name = 'binance',
): Promise<{ venue: FakeVenue; feed: MessageFeed; clock: VirtualClock }> {
  const clock = new VirtualClock(startMs + 1000);
  const feed = createCcxtFeed({
    name: 'binance',
    venue: name,
    symbols: [{ id: 7, name: 'BTC/USDT' }],
    clock,
    random: new SeededRandom(1),
    load: async () => venue.module,
    backlogRows: 64,
  });
  await feed.connect();
  await settle();
  return { venue, feed, clock };
}

test('a market that is not active is halted until it trades or is active again', async () => {
  const venue = new FakeVenue();
  venue.markets = { 'BTC/USDT': { active: false } };
  const { feed } = await start(venue);
  const halts = (): string[] => {
    const news: string[] = [];
    feed.pollHalts((symbol, isHalted) => news.push(`${symbol} ${isHalted}`));
    return news;
  };
  assert.deepEqual(halts(), ['7 true']);
  await venue.quotes.give({ 'BTC/USDT': { bid: 99, ask: 102 } });
  assert.deepEqual(halts(), [], 'quotes are no trade');
  await venue.trades.give([trade(1)]);
  assert.deepEqual(halts(), ['7 false']);
  await feed.disconnect();
  const again = new FakeVenue();
  again.markets = venue.markets;
  const other = await start(again);
  other.feed.pollHalts(() => undefined);
  again.markets = { 'BTC/USDT': { active: true } };
  await again.quotes.fail('NetworkError');
  other.clock.advance(10e9);
  await settle();
  const news: boolean[] = [];
  other.feed.pollHalts((_, isHalted) => news.push(isHalted));
  assert.deepEqual([other.feed.stats().reconnects, news], [1, [false]]);
  await other.feed.disconnect();
});

test('trades and quotes make ticks; each has what the other said last', async () => {
  const { venue, feed } = await start();
  await venue.trades.give([trade(1)]);
  await venue.quotes.give({ 'BTC/USDT': { bid: 99, bidVolume: 3, ask: 102, askVolume: 4 } });
  await venue.trades.give([trade(2), trade(3)]);
  const batch = createTickBatch(10);
  assert.equal(feed.poll(batch), 4);
  assert.deepEqual([...batch.price.subarray(0, 4)], [101, 101, 102, 103]);
  assert.deepEqual([...batch.volume.subarray(0, 4)], [2, 0, 2, 2]);
  assert.deepEqual([...batch.bid.subarray(0, 4)], [0, 99, 99, 99]);
  assert.deepEqual([...batch.askVolume.subarray(0, 4)], [0, 4, 4, 4]);
  assert.ok(batch.symbol.subarray(0, 4).every((symbol) => symbol === 7));
  const trades = createTradeBatch(10);
  assert.equal(feed.pollTrades(trades), 3);
  assert.deepEqual([...trades.tradeId.subarray(0, 3)], [1, 2, 3]);
  assert.deepEqual([...trades.flags.subarray(0, 3)], [5, 6, 5]);
  assert.equal(feed.stats().clockOffsetNs, 997e6, 'the least of 999, 998 and 997 ms');
  await feed.disconnect();
  assert.equal(venue.closed, 1);
});

test('a hole in the numbers is asked for; what came before is passed over', async () => {
  const { venue, feed } = await start();
  venue.recent = [1, 2, 3, 4, 5, 6].map(trade);
  await venue.trades.give([trade(2)]);
  await venue.trades.give([trade(5), trade(5), trade(2)]);
  assert.deepEqual([feed.stats().gaps, feed.stats().gapsRepaired], [1, 1]);
  const trades = createTradeBatch(10);
  feed.pollTrades(trades);
  assert.deepEqual([...trades.tradeId.subarray(0, trades.count)], [2, 5, 3, 4]);
  venue.recent = [];
  await venue.trades.give([trade(9)]);
  assert.deepEqual([feed.stats().gaps, feed.stats().gapsRepaired], [2, 1], 'no longer to be had');
  await feed.disconnect();
});

test('a book is a snapshot, then changes; when its numbers break it begins again', async () => {
  const { venue, feed } = await start();
  const batch = createBookChangeBatch(20);
  const rows = (): unknown[] => {
    feed.pollBook(batch);
    return Array.from({ length: batch.count }, (_, row) => [
      batch.price[row],
      batch.quantity[row],
      batch.flags[row],
      batch.sequence[row],
    ]);
  };
  const { ask, clear, end, empty } = bookChangeFlags;
  await venue.books.give({ nonce: 10, bids: [[99, 1]], asks: [[101, 2]] });
  assert.deepEqual(rows(), [
    [99, 1, clear, 10],
    [101, 2, ask | end, 10],
  ]);
  await venue.books.give({ nonce: 12, bids: [[99, 5]], asks: [] });
  assert.deepEqual(rows(), [
    [99, 5, 0, 12],
    [101, 0, ask | end, 12],
  ]);
  assert.equal(batch.previous[0], 10);
  await venue.books.fail('InvalidNonce');
  assert.deepEqual([feed.stats().gaps, feed.stats().gapsRepaired], [1, 0]);
  await venue.books.give({ nonce: 20, bids: [], asks: [] });
  assert.deepEqual(rows(), [[0, 0, clear | end | empty, 20]]);
  assert.deepEqual([feed.stats().gaps, feed.stats().gapsRepaired], [1, 1]);
  assert.equal(feed.stats().state, 'connected');
  await feed.disconnect();
});

const bybit = (type: string, u: unknown, bids: unknown): object => ({
  topic: 'orderbook.50.BTCUSDT',
  ...{ type, ts: startMs, data: { s: 'BTCUSDT', b: bids, a: [['12', '1']], u } },
});
const kraken = (type: string, qty: number, text: string): object => ({
  ...{ channel: 'book', type },
  data: [
    {
      symbol: 'BTC/USDT',
      ...{ bids: [{ price: 0.9, qty }], asks: [{ price: 12, qty: 1 }] },
      ...{ checksum: crc32(text), timestamp: new Date(startMs).toISOString() },
    },
  ],
});

/** Puts the books of a feed together as the node does. */
function assembled(feed: MessageFeed): () => unknown[] {
  const news: unknown[] = [];
  const assembler = new BookAssembler({
    rulesOf: (symbol) => ({
      ...venueBooks(feed.bookVenue ?? '', feed.bookDecimals(symbol)),
      ...{ crossed: 'resync', heldMax: 0, depth: 0 },
    }),
    askAgainNs: 0,
    onShown: ({ levels }) => news.push(levels[1]),
    askSnapshot: (symbol, reason) => {
      news.push(reason);
      feed.resyncBook([{ id: symbol, name: 'BTC/USDT' }]);
    },
  });
  const batch = createBookChangeBatch(20);
  return () => {
    if (feed.pollBook(batch) > 0) assembler.take(batch, 0);
    return news.splice(0);
  };
}

for (const [name, hash, farewell, messages] of [
  [
    'bybit',
    'orderbook:BTC/USDT',
    { op: 'unsubscribe', args: ['orderbook.50.BTCUSDT'] },
    [
      [{ ...bybit('snapshot', 1, [['7', '7']]), topic: 'orderbook.1.BTCUSDT' }, []],
      [bybit('snapshot', 100, [['9', '1']]), [1]],
      [bybit('delta', 101, [['9', '2']]), [2]],
      [bybit('delta', 103, [['9', '3']]), ['messages are missing']],
      [bybit('snapshot', 200, [['9', '4']]), [4]],
      [bybit('delta', 201, 'hostile'), []],
      [bybit('delta', 202, [null, ['x', {}]]), []],
      [bybit('delta', 203, [['9', '5']]), ['messages are missing']],
    ],
  ],
  [
    'kraken',
    'orderbook@BTC/USDT',
    { method: 'unsubscribe', params: { channel: 'book', symbol: ['BTC/USDT'] } },
    [
      [{ channel: 'book', type: 'snapshot', data: [null] }, []],
      [kraken('snapshot', 2, '12001000902000'), [2]],
      [kraken('update', 1, '12001000901000'), [1]],
      [kraken('update', 3, '12001000901000'), ['checksum is wrong']],
      [kraken('snapshot', 4, '12001000904000'), [4]],
    ],
  ],
] as const)
  test(`${name}: its messages are books; what does not fit is asked for again`, async () => {
    const venue = new FakeVenue();
    venue.markets = { 'BTC/USDT': { precision: { price: 0.01, amount: 1e-3 } } };
    const { feed } = await start(venue, name);
    const news = assembled(feed);
    for (const [at, [message, expected]] of messages.entries()) {
      venue.hear?.(message);
      assert.deepEqual(news(), expected, `message ${at}`);
      await settle();
    }
    await venue.books.give({ nonce: 1, bids: [[1, 1]], asks: [] });
    assert.deepEqual(news(), [], 'what ccxt makes of them is passed over');
    assert.deepEqual([venue.sent[0], venue.failed[0]], [farewell, hash]);
    assert.deepEqual([feed.stats().state, feed.stats().reconnects], ['connected', 0]);
    await feed.disconnect();
  });

test('a bad symbol is said; a lost network is another connection', async () => {
  const { venue, feed, clock } = await start();
  await venue.quotes.fail('NotSupported');
  assert.match(feed.rejects(1)[0]?.reason ?? '', /BTC\/USDT refused: quotes: .*NotSupported/);
  await venue.trades.give([trade(1)]);
  assert.equal(feed.stats().state, 'connected');
  await venue.trades.fail('NetworkError');
  assert.equal(feed.stats().state, 'failed');
  clock.advance(1e9);
  await settle();
  assert.deepEqual([feed.stats().state, venue.opened, venue.closed], ['connected', 2, 1]);
  await feed.disconnect();
});

test('the socket waits while nobody polls', async () => {
  const { venue, feed } = await start();
  await venue.trades.give(Array.from({ length: 40 }, (_, at) => trade(at + 1)));
  assert.equal(venue.isPaused, true);
  feed.poll(createTickBatch(64));
  assert.equal(venue.isPaused, true, 'the trades still wait');
  feed.pollTrades(createTradeBatch(64));
  assert.equal(venue.isPaused, false);
  await feed.disconnect();
});
