// What a feed makes of a connection that talks before it is open.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTradeBatch } from '@ndts/protocol';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { MessageFeed } from './message-feed.js';
import type { MessageEvents } from './message-source.js';

const said = (text: string): Uint8Array => new TextEncoder().encode(text);

function feedOn(open: (events: MessageEvents) => Promise<void>) {
  const seen: string[] = [];
  const clock = new VirtualClock(0);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  const connection = {
    subscribe: (names: readonly string[]) => void seen.push(`ask for ${names.join()}`),
    unsubscribe: () => undefined,
    close: async () => undefined,
  };
  const feed = new MessageFeed({
    name: 'early',
    abilities: { trades: false, book: false, waits: false, repairs: false },
    source: { open: (events) => open(events).then(() => connection) },
    decoder: {
      decode: (bytes, rows) => void seen.push(`decode ${text(bytes)} of ${rows.receivedNs}`),
      reset: () => void seen.push('reset'),
    },
    recorder: {
      opened: () => void seen.push('opened'),
      subscribed: (names) => void seen.push(`subscribed ${names.join()}`),
      unsubscribed: () => undefined,
      message: (bytes) => void seen.push(`record ${text(bytes)}`),
    },
    clock,
    random: new SeededRandom(1),
    symbols: [{ id: 1, name: 'A' }],
  });
  return { feed, seen, clock };
}

test('what it says before that waits, and is recorded after the opening', async () => {
  const { feed, seen, clock } = feedOn(async (events) => {
    events.message(said('first'));
    events.message(said('second'));
    clock.advance(5e6);
    await Promise.resolve();
  });
  await feed.connect();
  assert.deepEqual(seen, [
    ...['reset', 'opened', 'subscribed A'],
    ...['record first', 'decode first of 0', 'record second', 'decode second of 0'],
    'ask for A',
  ]);
  await feed.disconnect();
});

test('trades that waited when a connection was lost are polled apart from what comes', async () => {
  let events: MessageEvents | undefined;
  const clock = new VirtualClock(0);
  const connection = {
    subscribe: () => undefined,
    unsubscribe: () => undefined,
    close: async () => undefined,
  };
  const feed = new MessageFeed({
    name: 'trades',
    abilities: { trades: true, book: false, waits: false, repairs: false },
    source: {
      open: async (told) => {
        events = told;
        return connection;
      },
    },
    decoder: {
      decode: ([price = 0], rows) => {
        const row = rows.claimTrade();
        rows.trades.price[row] = price;
        rows.trades.symbol[row] = 1;
      },
      reset: () => undefined,
    },
    clock,
    random: new SeededRandom(1),
    symbols: [{ id: 1, name: 'A' }],
    backOff: { firstMs: 1, maxMs: 1 },
  });
  await feed.connect();
  const first = events;
  for (const price of [1, 2, 3]) first?.message(Uint8Array.of(price));
  first?.closed('lost');
  clock.advance(2e6);
  await Promise.resolve();
  for (const price of [3, 4]) events?.message(Uint8Array.of(price));
  const batch = createTradeBatch(8);
  const taken: (readonly number[])[] = [];
  while (feed.pollTrades(batch) > 0)
    taken.push([feed.tradesConnection, ...batch.price.subarray(0, batch.count)]);
  assert.deepEqual(taken, [
    [1, 1, 2, 3],
    [2, 3, 4],
  ]);
  await feed.disconnect();
});

test('one that talks without end before it is open is given up', async () => {
  const { feed, seen } = feedOn((events) => {
    for (let at = 0; at < 2000; at += 1) events.message(said('x'));
    return new Promise(() => undefined);
  });
  void feed.connect();
  assert.match(feed.stats().reason, /more than 1024 messages before it was open/);
  assert.deepEqual(seen, []);
  await feed.disconnect();
});
