// Orders with terms in a backtest: what each does tick by tick, as its strategy hears of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsPerDay, parseMoney } from '@ndts/protocol';
import type { AnyStrategy, OrderOptions } from '../strategy/define.js';
import { firstDay, type PlainTick, runTicks, testRandom } from './backtest-test-kit.js';
import { Expiries } from './expiries.js';
import type { SimulatedOrder } from './order.js';
import type { GivenSettings } from './settings.js';

const unit = 100_000_000n;
const shares: GivenSettings = { fill: 'volume_share', volumeShare: 1 };

/** At which tick, from 1 on; how much, below 0: sells; and how. */
type Ask = readonly [tick: number, quantity: number, options?: OrderOptions];

/** `second order state filled averagePrice reason` for every change of an order. Ticks come at
 * seconds 1, 2, ... or where they say, at prices in cents, with a volume of 1 and no quotes. */
function news(
  prices: readonly (number | readonly [price: number, second: number])[],
  asks: readonly Ask[],
  settings: GivenSettings = {},
): string[] {
  const lines: string[] = [];
  let seen = 0;
  const strategy: AnyStrategy = {
    name: 'asks',
    version: '1',
    params: {},
    onTick(_, context) {
      seen += 1;
      for (const [tick, quantity, options] of asks)
        if (tick === seen)
          context[quantity > 0 ? 'buy' : 'sell'](0, BigInt(Math.abs(quantity)) * unit, options);
    },
    onOrder({ order, state, filled, averagePrice, reason }, context) {
      const { day, nsOfDay } = context.now();
      const second = (day - firstDay) * 86_400 + nsOfDay / 1e9;
      const price = Number(averagePrice) / 1e8;
      lines.push(`${second} ${order} ${state} ${filled / unit} ${price} ${reason}`.trim());
    },
  };
  const ticks = prices.map((given, at): PlainTick => {
    const [price, second] = typeof given === 'number' ? [given, at + 1] : given;
    const quotes = { bid: 0, ask: 0, bidVolume: 0, askVolume: 0 };
    return { atNs: second * 1e9, symbol: 0, price, volume: 1, isVoid: false, ...quotes };
  });
  runTicks(ticks, [strategy], { settings: { cash: '1000', fees: [], ...settings } });
  return lines;
}

test('stops wait for the last price, and meet the tick behind it', () => {
  assert.deepEqual(news([1000, 1005, 1010, 1012, 1000], [[1, 1, { stopPrice: 10.1 }]]), [
    '1 1 accepted 0 0',
    '3 1 triggered 0 0',
    '4 1 filled 1 10.12',
  ]);
  assert.deepEqual(
    news([1000, 1010, 1012, 1011], [[1, 1, { stopPrice: 10.1, limitPrice: 10.11 }]]),
    ['1 1 accepted 0 0', '2 1 triggered 0 0', '4 1 filled 1 10.11'],
  );
  assert.deepEqual(
    news([1000, 1001], [[1, 1, { stopPrice: 9.9 }]]),
    ['1 1 accepted 0 0', '1 1 triggered 0 0', '2 1 filled 1 10.01'],
    'reached before it came',
  );
  const trail: OrderOptions = { distance: parseMoney('0.1') };
  assert.deepEqual(news([1000, 1020, 1015, 1011, 1010, 1008], [[1, -1, trail]]), [
    '1 1 accepted 0 0',
    '5 1 triggered 0 0',
    '6 1 filled 1 10.08',
  ]);
  assert.deepEqual(news([1000, 980, 989, 990, 995], [[1, 1, trail]]).slice(1), [
    '4 1 triggered 0 0',
    '5 1 filled 1 9.95',
  ]);
});

test('at once or not at all', () => {
  const far: OrderOptions = { limitPrice: 9.99, timeInForce: 'ioc' };
  assert.deepEqual(news([1000, 1000, 999], [[1, 1, far]]), [
    '1 1 accepted 0 0',
    '2 1 canceled 0 0 IMMEDIATE_OR_CANCEL',
  ]);
  assert.deepEqual(news([1000, 1000, 1000], [[1, 3, { timeInForce: 'ioc' }]], shares).slice(1), [
    '2 1 partiallyFilled 1 10',
    '2 1 canceled 1 10 IMMEDIATE_OR_CANCEL',
  ]);
  const whole: Ask[] = [
    [1, 3, { timeInForce: 'fok' }],
    [1, 1, { timeInForce: 'fok' }],
  ];
  assert.deepEqual(
    news([1000, 1000, 1000], whole, shares).slice(2),
    ['2 1 canceled 0 0 FILL_OR_KILL', '2 2 filled 1 10'],
    'what the first one could not use is there for the second',
  );
});

test('orders end with their time, also between ticks, days and on their way', () => {
  const until = (workForMs: number): OrderOptions => ({
    ...{ limitPrice: 9, timeInForce: 'gtd', workForMs },
  });
  const both: Ask[] = [
    [1, 1, until(2500)],
    [2, 2, until(500)],
  ];
  assert.deepEqual(news([1000, 1000, 1000, 900], both), [
    '1 1 accepted 0 0',
    '2 2 accepted 0 0',
    '2.5 2 expired 0 0',
    '3.5 1 expired 0 0',
  ]);
  assert.deepEqual(news([1000, 900, 900], [[1, 1, until(1000)]]).slice(1), ['2 1 expired 0 0']);
  assert.deepEqual(news([1000, 900, 900], [[1, 1, until(1001)]]).slice(1), ['2 1 filled 1 9']);
  const late = { latencyUs: 2_000_000 };
  assert.deepEqual(news([1000, 900, 900, 900, 900], [[1, 1, until(1000)]], late), [
    '5 1 expired 0 0',
  ]);
  const day: OrderOptions = { limitPrice: 9, timeInForce: 'day' };
  const next = nsPerDay / 1e9;
  assert.deepEqual(news([1000, [1000, next + 1], [900, next + 2]], [[1, 1, day]]), [
    '1 1 accepted 0 0',
    `${next} 1 expired 0 0`,
  ]);
  const overnight = [1000, [1000, next + 1], [1000, next + 2], [1000, next + 3]] as const;
  assert.deepEqual(news(overnight, [[1, 1, until(86_401_500)]]).slice(1), [
    `${next + 2.5} 1 expired 0 0`,
  ]);
});

test('ends come by their time, of one time as they were asked for', (context) => {
  const random = testRandom(context);
  const expiries = new Expiries();
  let plain: { dueNs: number; ordinal: number }[] = [];
  const take = (): void => {
    assert.equal(expiries.nextNs, plain[0]?.dueNs ?? Number.POSITIVE_INFINITY);
    assert.equal(expiries.take()?.ordinal, plain.shift()?.ordinal);
  };
  for (let ordinal = 1; ordinal <= 3000; ordinal += 1) {
    const dueNs = ordinal + random.integer(random.integer(10) === 0 ? 2000 : 50);
    expiries.add(dueNs, { ordinal } as SimulatedOrder);
    plain = [...plain, { dueNs, ordinal }].toSorted((a, b) => a.dueNs - b.dueNs);
    if (random.integer(10) < 9) take();
    if (ordinal % 1000 !== 0) continue;
    expiries.moveDay(500);
    for (const one of plain) one.dueNs -= 500;
  }
  while (plain.length > 0) take();
  assert.equal(expiries.take(), undefined);
});

test('post-only never takes, reduce-only never opens', () => {
  const post = (limitPrice: number): OrderOptions => ({ limitPrice, postOnly: true });
  assert.deepEqual(news([1000, 1000, 1000], [[1, 1, post(10)]]).slice(1), [
    '2 1 canceled 0 0 POST_ONLY',
  ]);
  assert.deepEqual(news([1000, 1000, 998], [[1, 1, post(9.99)]]).slice(1), ['3 1 filled 1 9.99']);
  const closing: OrderOptions = { reduceOnly: true, stopPrice: 9.9 };
  assert.deepEqual(news([1000, 1000], [[1, -1, closing]]), ['1 1 denied 0 0 REDUCE_ONLY']);
  const asks: Ask[] = [
    [1, 2],
    [2, -2, closing],
    [3, -1, closing],
    [3, -1],
  ];
  assert.deepEqual(news([1000, 1000, 1000, 1000, 990, 990], asks), [
    '1 1 accepted 0 0',
    '2 1 filled 2 10',
    '2 2 accepted 0 0',
    '3 3 denied 0 0 REDUCE_ONLY',
    '3 4 accepted 0 0',
    '4 4 filled 1 10',
    '5 2 triggered 0 0',
    '6 2 canceled 0 0 REDUCE_ONLY',
  ]);
});

test('what the venue of a backtest does not have is refused', () => {
  const cases: [OrderOptions, RegExp][] = [
    [{ limitPrice: 9, shown: 1n }, /does not simulate iceberg orders/],
    [{ slices: 3, workForMs: 9 }, /does not simulate TWAP orders/],
    [{ takeProfit: 11 }, /does not simulate brackets/],
    [{ limitPrice: 9, stopLoss: 8 }, /does not simulate brackets/],
    [{ limitPrice: 9, orStopPrice: 11 }, /does not simulate pairs \(orStopPrice\)/],
    [{ offset: 'close' }, /does not simulate .*\(offset\)/],
  ];
  for (const [options, message] of cases)
    assert.throws(() => news([1000], [[1, 1, options]]), message);
});
