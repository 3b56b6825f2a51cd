// What hooks look up - prices and factors of any symbol, the time - is worked out when they ask: it
// is what a plain table says that is written at each tick, whenever they ask and whatever becomes
// of a batch that was handed in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyTickRow, createTickBatch, nsPerMs, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import type { SignalDraft } from '../emit/signal-writer.js';
import { type AnyStrategy, custom, defineStrategy, stage, type StrategyContext } from './define.js';
import { StrategyDriver } from './driver.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 11);
const symbols = 5;
const double = custom({ state: 0, update: (tick) => 2 * tick.price });

/** Symbol 4999 is beyond the room that there is at first. */
function symbolOf(chance: number): number {
  return chance === 0 ? 4999 : chance;
}

function market(count: number): TickBatch {
  const random = new SeededRandom(seed);
  const batch = createTickBatch(count);
  for (let row = 0; row < count; row += 1) {
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = row * 40 * nsPerMs;
    batch.symbol[row] = symbolOf(random.integer(symbols));
    batch.sequence[row] = row;
    batch.price[row] = 1 + row;
  }
  batch.count = count;
  return batch;
}

type Looking = Pick<StrategyContext, 'priceOf' | 'sell'> & {
  factorOf(name: 'double', symbol: number): number;
};

/** By symbol, and the newest tick: written at every tick. */
class PlainTable {
  readonly prices = new Map<number, number>();
  sequence = 0;

  check(context: Looking): void {
    for (let chance = 0; chance < symbols; chance += 1) {
      const symbol = symbolOf(chance);
      const price = this.prices.get(symbol) ?? Number.NaN;
      assert.ok(Object.is(context.priceOf(symbol), price), `price of ${symbol}`);
      assert.ok(Object.is(context.factorOf('double', symbol), 2 * price), `factor of ${symbol}`);
    }
  }
}

test(`prices, factors and times are those of the moment, seed ${seed}`, () => {
  const all = market(3000);
  const random = new SeededRandom(seed + 1);
  const plain = new PlainTable();
  const asked: [draft: number, table: number][] = [];
  let looks = 0;
  const look = (context: Looking): void => {
    if (random.integer(7) !== 0) return;
    looks += 1;
    plain.check(context);
    if (plain.prices.size > 0) context.sell([...plain.prices.keys()][0]!, 1n);
  };
  const strategy = defineStrategy({
    name: 'looks',
    version: '1',
    params: {},
    factors: { double },
    timerIntervalMs: 100,
    onTick(tick, context) {
      plain.prices.set(tick.symbol, tick.price);
      plain.sequence = tick.sequence;
      assert.equal(context.now().nsOfDay, tick.nsOfDay);
      look(context);
    },
    onTimer(context) {
      assert.equal(context.now().nsOfDay % (100 * nsPerMs), 0);
      look(context);
    },
  }) as unknown as AnyStrategy;
  const emit = (draft: SignalDraft): number => asked.push([draft.sequence, plain.sequence]);
  const options = { strategy, parameters: {}, capacity: 500, log: () => {} };
  const driver = new StrategyDriver({ ...options, sink: { emit, cancel: () => {} } });
  const part = createTickBatch(500);
  for (let from = 0; from < all.count; from += part.count) {
    part.count = Math.min(1 + random.integer(500), all.count - from);
    for (let row = 0; row < part.count; row += 1) copyTickRow(all, from + row, part, row);
    driver.run(part);
    // Who handed it in goes on with it.
    for (const column of [part.price, part.symbol, part.nsOfDay, part.sequence]) column.fill(1);
    driver.advance(20_000, all.nsOfDay[from + part.count - 1]! + 30 * nsPerMs);
  }
  assert.equal(driver.ticks, all.count);
  assert.ok(looks > 100 && asked.length > 100);
  for (const [of, expected] of asked) assert.equal(of, expected, 'the cause is the newest tick');
  driver.close();
});

test('a tick whose hook threw has a price all the same', () => {
  let fails = true;
  const seen: number[] = [];
  const strategy = defineStrategy({
    name: 'throws',
    version: '1',
    params: {},
    onTick(_, context) {
      if (fails) throw new Error('on purpose');
      seen.push(context.priceOf(1), context.priceOf(2));
    },
  });
  const played = stage(strategy);
  assert.throws(() => played.tick({ price: 10, symbol: 1 }), /on purpose/);
  fails = false;
  played.tick({ price: 20, symbol: 2 });
  assert.deepEqual(seen, [10, 20]);
  played.close();
});
