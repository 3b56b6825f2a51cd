// Market data over FIX, from a counterparty on loopback: what rows its messages make, and what a
// lost session does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createTickBatch, createTradeBatch, TradeFlags } from '@ndts/protocol';
import { createSilentLogger, SeededRandom, SystemClock, VirtualClock } from '@ndts/runtime';
import { bookChangeFlags, createBookChangeBatch } from '../batches.js';
import type { MessageFeed } from '../message-feed.js';
import { Counterparty } from './counterparty.js';
import { createFixFeed } from './fix-feed.js';

const { ask, clear, end, empty } = bookChangeFlags;

async function start(
  context: TestContext,
  depth: number,
  clock: SystemClock = new SystemClock(),
): Promise<{ market: Counterparty; feed: MessageFeed; heard: (count: number) => Promise<void> }> {
  const market = new Counterparty();
  const port = await market.open();
  const feed = createFixFeed({
    ...{ name: 'm', host: '127.0.0.1', port, depth, clock },
    ...{ random: new SeededRandom(1), logger: createSilentLogger() },
    settings: { senderCompId: 'DESK', targetCompId: 'MARKET', heartbeatSeconds: 30 },
    symbols: [{ id: 7, name: 'BTC/USD' }],
    backOff: { firstMs: 5, maxMs: 20 },
  });
  context.after(async () => {
    await feed.disconnect();
    market.close();
  });
  await feed.connect();
  const heard = async (count: number): Promise<void> => {
    while (feed.stats().messages < count) await new Promise((done) => void setTimeout(done, 2));
  };
  while (market.asked.length === 0) await new Promise((done) => void setTimeout(done, 2));
  return { market, feed, heard };
}

function bookRows(feed: MessageFeed): [number, number, number][] {
  const batch = createBookChangeBatch(50);
  feed.pollBook(batch);
  return Array.from({ length: batch.count }, (_, row) => [
    ...([batch.price[row] ?? 0, batch.quantity[row] ?? 0, batch.flags[row] ?? 0] as const),
  ]);
}

function tickRows(feed: MessageFeed): [number, number, number, number][] {
  const batch = createTickBatch(50);
  feed.poll(batch);
  return Array.from({ length: batch.count }, (_, row) => [
    ...([batch.price[row] ?? 0, batch.volume[row] ?? 0] as const),
    ...([batch.bid[row] ?? 0, batch.ask[row] ?? 0] as const),
  ]);
}

const snapshot =
  '262=M1|55=BTC/USD|268=3|269=0|270=99|271=5|269=1|270=101|271=4|269=0|270=98|271=1|';

test('a snapshot, then levels that come, change, move and go, and trades', async (context) => {
  const { market, feed, heard } = await start(context, 0);
  assert.deepEqual(market.asked, ['1 BTC/USD']);
  market.say('X', '268=1|279=0|269=0|55=BTC/USD|270=97|271=1|');
  market.say('W', `${snapshot}9001=own|`);
  await heard(2);
  assert.deepEqual(bookRows(feed), [
    ...[[99, 5, clear] as const, [101, 4, ask] as const, [98, 1, end] as const],
  ]);
  assert.deepEqual(tickRows(feed), [[100, 0, 99, 101]]);
  market.say('X', '268=2|279=0|269=1|278=a|55=BTC/USD|270=100|271=2|9001=own|279=2|269=0|270=99|');
  market.say('X', '268=1|279=1|278=a|55=BTC/USD|270=100.5|271=3|');
  market.say('X', '268=1|279=0|269=2|278=41|55=BTC/USD|270=100.5|271=0.25|');
  market.say('X', '268=1|279=2|278=a|55=BTC/USD|');
  await heard(6);
  assert.deepEqual(bookRows(feed), [
    ...[[100, 2, ask] as const, [99, 0, end] as const],
    ...[[100, 0, ask] as const, [100.5, 3, ask + end] as const, [100.5, 0, ask + end] as const],
  ]);
  assert.deepEqual(tickRows(feed), [
    ...[[99, 0, 98, 100] as const, [99.25, 0, 98, 100.5] as const],
    ...[[100.5, 0.25, 98, 100.5] as const, [100.5, 0, 98, 101] as const],
  ]);
  const trades = createTradeBatch(5);
  feed.pollTrades(trades);
  assert.deepEqual([trades.count, trades.tradeId[0], trades.flags[0]], [1, 41, TradeFlags.id]);
  market.say('W', '262=M1|55=BTC/USD|268=0|');
  market.say('X', '268=1|279=0|269=0|55=BTC/USD|270=x|271=1|');
  market.say('X', '268=1|279=0|269=2|278=42|55=BTC/USD|271=1|');
  market.say('Y', '262=M1|58=no such symbol|');
  await heard(10);
  assert.deepEqual(bookRows(feed), [[0, 0, clear + end + empty]]);
  assert.deepEqual(
    feed.rejects(5).map(({ rule, reason }) => `${rule} ${reason}`),
    [
      'venue refused: no such symbol',
      'message an entry without price or size',
      'message an entry without price or size',
      'message a change of BTC/USD before its snapshot',
    ],
  );
});

/** Whose time goes on when a test says so, too. */
class LaterClock extends SystemClock {
  lateNs = 0;

  override monotonicNs(): number {
    return super.monotonicNs() + this.lateNs;
  }
}

test('changes before a snapshot are counted, one that stays away is asked for', async (context) => {
  const clock = new LaterClock();
  const { market, feed, heard } = await start(context, 0, clock);
  const level = '279=0|269=0|55=BTC/USD|270=97|271=1|';
  market.say('X', `268=2|${level}${level}`);
  market.say('X', `268=1|${level.replace('BTC/USD', 'OTHER')}`);
  market.say('X', '268=1|279=0|269=2|278=41|55=BTC/USD|270=100.5|271=0.25|');
  await heard(3);
  assert.deepEqual([feed.stats().malformed, bookRows(feed)], [1, []], 'a message, not its entries');
  assert.deepEqual(tickRows(feed), [[100.5, 0.25, 0, 0]], 'a trade needs no book');
  assert.match(feed.rejects(1)[0]!.reason, /^a change of BTC\/USD before its snapshot$/);
  clock.lateNs = 1.5e9;
  for (let at = 0; at < 3; at += 1) market.say('X', `268=1|${level}`);
  while (market.asked.length < 3) await new Promise((done) => void setTimeout(done, 2));
  await heard(6);
  assert.deepEqual(market.asked, ['1 BTC/USD', '2 BTC/USD', '1 BTC/USD'], 'once, not each time');
  market.say('W', snapshot);
  market.say('X', `268=1|${level}`);
  await heard(8);
  assert.equal(bookRows(feed).length, 4);
  assert.deepEqual(tickRows(feed)[0], [100.5, 0, 99, 101], 'the last trade is known');
  const { gaps, gapsRepaired, malformed } = feed.stats();
  assert.deepEqual([gaps, gapsRepaired, malformed], [1, 1, 4]);
});

test('a book that was lost is asked for again', async (context) => {
  const { market, feed } = await start(context, 0);
  const symbol = { id: 7, name: 'BTC/USD' };
  feed.resyncBook([symbol, { id: 8, name: 'NOBODY' }]);
  feed.subscribe([{ id: 9, name: 'LAST' }]);
  while (market.asked.at(-1) !== '1 LAST') await new Promise((done) => void setTimeout(done, 2));
  assert.deepEqual(market.asked, ['1 BTC/USD', '2 BTC/USD', '1 BTC/USD', '1 LAST']);
});

test('with one level a new best price takes the place of the one before', async (context) => {
  const { market, feed, heard } = await start(context, 1);
  market.say('W', '262=M1|55=BTC/USD|268=2|269=0|270=99|271=5|269=1|270=101|271=4|');
  market.say('X', '268=1|279=0|269=0|55=BTC/USD|270=98|271=2|');
  await heard(2);
  assert.deepEqual(bookRows(feed).slice(2), [...[[99, 0, 0] as const, [98, 2, end] as const]]);
  assert.deepEqual(tickRows(feed).at(-1), [99.5, 0, 98, 101]);
});

test('a lost session: it comes and asks again; no change before a snapshot', async (context) => {
  const { market, feed, heard } = await start(context, 0);
  market.say('W', snapshot);
  await heard(1);
  market.socket?.destroy();
  while (market.asked.length < 2) await new Promise((done) => void setTimeout(done, 2));
  assert.deepEqual(market.asked, ['1 BTC/USD', '1 BTC/USD']);
  assert.ok(feed.stats().reconnects > 0);
  bookRows(feed);
  market.say('X', '268=1|279=0|269=0|55=BTC/USD|270=97|271=1|');
  await heard(2);
  assert.deepEqual(bookRows(feed), []);
  feed.unsubscribe([{ id: 7, name: 'BTC/USD' }]);
  while (market.asked.length < 3) await new Promise((done) => void setTimeout(done, 2));
  assert.equal(market.asked[2], '2 BTC/USD');
});

test('disconnected while nobody answers its log-on it leaves nothing behind', async (context) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  context.after(() => void server.close());
  await once(server, 'listening');
  const clock = new VirtualClock(Date.UTC(2026, 0, 5));
  const feed = createFixFeed({
    ...{ name: 'm', host: '127.0.0.1', port: (server.address() as AddressInfo).port, depth: 0 },
    ...{ clock, random: new SeededRandom(1), logger: createSilentLogger(), symbols: [] },
    settings: { senderCompId: 'DESK', targetCompId: 'MARKET', heartbeatSeconds: 30 },
  });
  const connecting = feed.connect();
  const [socket] = (await once(server, 'connection')) as [Socket];
  socket.on('error', () => undefined).resume();
  await feed.disconnect();
  assert.equal(clock.nextTimerNs(), undefined);
  await connecting;
  if (!socket.closed) await once(socket, 'close');
});
