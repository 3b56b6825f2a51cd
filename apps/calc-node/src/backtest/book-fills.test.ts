// Orders at the books of a run: levels that are gone through, queues of deeper levels, and what
// each model makes of them; equal however books and ticks are cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBookBatch, createTickBatch } from '@ndts/protocol';
import type { AnyStrategy } from '../strategy/define.js';
import { fillsOf, firstDay, testRandom, testSymbols } from './backtest-test-kit.js';
import { Backtest } from './backtest.js';
import { mergeBooks } from './merge-books.js';
import { type GivenSettings, resolveSettings } from './settings.js';

type Level = readonly [price: number, volume: number];
type Event =
  | { readonly price: number; readonly volume: number }
  | { readonly bids: readonly Level[]; readonly asks: readonly Level[] };

interface Ask {
  readonly side: 'buy' | 'sell';
  readonly quantity: number;
  readonly limit?: number;
  readonly terms?: { readonly timeInForce?: 'ioc' | 'fok'; readonly postOnly?: boolean };
}

const unit = 100_000_000n;
const free = { fees: [], initialMargin: 0, maintenanceMargin: 0 };

/** Asks for everything at the first tick. */
function asking(asks: readonly Ask[]): AnyStrategy {
  let isDone = false;
  return {
    ...{ name: 'asks', version: '1', params: {} },
    onTick(_, context) {
      if (isDone) return;
      isDone = true;
      for (const { side, quantity, limit, terms } of asks)
        context[side](0, BigInt(quantity) * unit, {
          ...(limit === undefined ? {} : { limitPrice: limit }),
          ...terms,
        });
    },
    onBook: () => undefined,
  };
}

/** An event a second, in batches of so many rows. */
async function run(
  events: readonly Event[],
  asks: readonly Ask[],
  given: GivenSettings,
  rows = 64,
): Promise<string[]> {
  async function* ticks() {
    const all = [...events.entries()];
    for (let batch = createTickBatch(rows); all.length > 0; batch = createTickBatch(rows)) {
      while (batch.count < rows && all.length > 0) {
        const [second, event] = all.shift()!;
        if ('bids' in event) continue;
        const row = batch.count++;
        [batch.day[row], batch.nsOfDay[row]] = [firstDay, second * 1e9];
        [batch.price[row], batch.volume[row]] = [event.price, event.volume];
      }
      yield { batch, warmUp: 0 };
    }
  }
  async function* books() {
    for (const [second, event] of events.entries()) {
      if ('price' in event) continue;
      const batch = createBookBatch(1);
      [batch.day[0], batch.nsOfDay[0], batch.count] = [firstDay, second * 1e9, 1];
      batch.missing[0] = 2 ** 20 - 1;
      for (const [at, of] of [event.bids, event.asks].entries())
        for (const [level, [price, volume]] of of.entries()) {
          const side = at === 0 ? 'bid' : 'ask';
          const place = (level + 1) as 1 | 2 | 3 | 4 | 5;
          batch[`${side}${place}`][0] = price;
          batch[`${side}Volume${place}`][0] = volume;
          batch.missing[0] &= ~((1 << (10 * at + level)) | (1 << (10 * at + 5 + level)));
        }
      yield batch;
    }
  }
  const backtest = new Backtest({
    strategies: [{ strategy: asking(asks), parameters: {} }],
    symbols: testSymbols,
    settings: resolveSettings({ ...free, ...given }),
    capacity: rows,
  });
  for await (const { batch, books: between } of mergeBooks(ticks(), books(), rows))
    backtest.run(batch, between);
  backtest.finish();
  return fillsOf(backtest).map(({ nsOfDay, order, quantity, price, isMaker }) => {
    const how = isMaker ? 'maker' : 'taker';
    return `${nsOfDay / 1e9}s ${order}: ${quantity / unit} at ${Number(price) / 1e8} ${how}`;
  });
}

const first: Event = { price: 100, volume: 0 };
const book = (bids: readonly Level[], asks: readonly Level[]): Event => ({ bids, asks });
const calm = book(
  [
    [99, 10],
    [98, 20],
  ],
  [
    [101, 2],
    [102, 3],
    [104, 9],
  ],
);

test('what trades at once goes down the levels, and no further than its limit', async () => {
  const asks: Ask[] = [
    { side: 'buy', quantity: 4 },
    { side: 'buy', quantity: 9, limit: 102 },
  ];
  const events = [first, calm, calm];
  assert.deepEqual(await run(events, asks, { fill: 'queue' }), [
    '1s 1: 2 at 101 taker',
    '1s 1: 2 at 102 taker',
    '1s 2: 1 at 102 taker',
    '2s 2: 2 at 101 taker',
    '2s 2: 3 at 102 taker',
  ]);
  assert.deepEqual(await run(events, asks, { fill: 'next_tick' }), [
    '1s 1: 4 at 101 taker',
    '1s 2: 9 at 101 taker',
  ]);
  assert.deepEqual(await run(events, asks, { fill: 'volume_share' }), [], 'nothing is traded');
  const ticks = [...events, { price: 100, volume: 20 }];
  assert.deepEqual(await run(ticks, asks, { fill: 'volume_share', volumeShare: 0.25 }), [
    '3s 1: 4 at 101 taker',
    '3s 2: 1 at 101 taker',
  ]);
  assert.deepEqual(await run(events, asks, { bookFills: false }), [], 'no tick comes');
});

test('a resting order waits behind its level, also a deeper one', async () => {
  const asks: Ask[] = [
    { side: 'buy', quantity: 3, limit: 98 },
    { side: 'buy', quantity: 1, limit: 98.5 },
    { side: 'sell', quantity: 2, limit: 103 },
  ];
  const events = [
    first,
    calm,
    { price: 98, volume: 15 }, // 20 in front at 98; all of what stands at 98.5
    book([[98, 4]], [[102, 5]]), // others left: 4 in front
    { price: 98, volume: 6 }, // 4 pass, 2 are ours
    { price: 98, volume: 6 },
    book([[101, 4]], [[103, 5]]), // the price of the third is the touch of others now
    { price: 103, volume: 1 },
    { price: 103, volume: 9 },
  ];
  const expected = [
    '2s 2: 1 at 98.5 maker',
    '4s 1: 2 at 98 maker',
    '5s 1: 1 at 98 maker',
    '7s 3: 1 at 103 maker',
    '8s 3: 1 at 103 maker',
  ];
  assert.deepEqual(await run(events, asks, { fill: 'queue' }), expected);
  assert.deepEqual(await run(events, asks, { fill: 'queue' }, 1), expected);
});

test('terms at a book: all or nothing, at once or not at all, never a taker', async () => {
  const asks: Ask[] = [
    { side: 'buy', quantity: 6, limit: 102, terms: { timeInForce: 'fok' } },
    { side: 'buy', quantity: 4, limit: 102, terms: { timeInForce: 'fok' } },
    { side: 'buy', quantity: 4, limit: 102, terms: { timeInForce: 'ioc' } },
    { side: 'buy', quantity: 1, limit: 101, terms: { postOnly: true } },
  ];
  assert.deepEqual(await run([first, calm, calm, calm], asks, { fill: 'queue' }), [
    '1s 2: 2 at 101 taker',
    '1s 2: 2 at 102 taker',
    '1s 3: 1 at 102 taker',
  ]);
});

test('a book that nobody tells of any more is none', async () => {
  const sixSeconds: Event[] = Array.from({ length: 12 }, () => first);
  const asks: Ask[] = [{ side: 'buy', quantity: 1, limit: 100 }];
  const fills = await run([first, calm, ...sixSeconds], asks, { fill: 'next_tick' });
  assert.deepEqual(fills, ['12s 1: 1 at 100 maker'], 'the price of the tick counts again');
});

test('however books and ticks are cut', async (context) => {
  const random = testRandom(context);
  const price = (): number => 95 + random.integer(10);
  const events: Event[] = Array.from({ length: 400 }, () => {
    if (random.integer(2) === 0) return { price: price(), volume: random.integer(9) };
    const bid = price();
    const levels = [0, 1, 2, 3, 4].slice(random.integer(5));
    return book(
      levels.map((level) => [bid - level, 1 + random.integer(9)]),
      levels.map((level) => [bid + 1 + level, 1 + random.integer(9)]),
    );
  });
  const asks: Ask[] = Array.from({ length: 40 }, () => ({
    side: random.integer(2) === 0 ? 'buy' : 'sell',
    quantity: 1 + random.integer(30),
    ...(random.integer(3) === 0 ? {} : { limit: price() }),
  }));
  for (const fill of ['next_tick', 'queue', 'volume_share'] as const) {
    const whole = await run([first, ...events], asks, { fill }, 512);
    assert.ok(whole.length >= 30, `${fill}: ${whole.length}`);
    assert.deepEqual(await run([first, ...events], asks, { fill }, 3), whole);
  }
});
