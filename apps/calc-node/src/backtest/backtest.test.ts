// A run as a whole: the hooks of the live host in its order, the same result under any split into
// batches, money that adds up, and the rules of margin.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moneyScale, nsPerDay, nsPerMs, parseMoney } from '@ndts/protocol';
import { type AnyStrategy, bollinger } from '../strategy/define.js';
import { StrategyDriver } from '../strategy/driver.js';
import { loadStrategy } from '../strategy/load-strategy.js';
import {
  batchesOf,
  fillsOf,
  type PlainTick,
  randomTicks,
  runTicks,
  testRandom,
} from './backtest-test-kit.js';
import type { GivenSettings } from './settings.js';

const builtIn = await loadStrategy('bollinger');
const unit = 100_000_000n;

/** Writes down every call with what it was shown. */
function witness(): { strategy: AnyStrategy; calls: string[] } {
  const calls: string[] = [];
  const strategy: AnyStrategy = {
    name: 'witness',
    version: '1',
    params: {},
    factors: () => ({ fast: bollinger({ period: 3 }), slow: bollinger({ period: 7, width: 1 }) }),
    onTick(tick) {
      const { symbol, day, nsOfDay, price, volume, bid, ask, flags } = tick;
      calls.push(`tick ${[symbol, day, nsOfDay, price, volume, bid, ask, flags].join(' ')}`);
    },
    timerIntervalMs: 400,
    onTimer(hooks) {
      const { day, nsOfDay } = hooks.now();
      calls.push(`timer ${day} ${nsOfDay} ${hooks.factorOf('fast', 1)}`);
    },
    onFactor(row) {
      const { factor, symbol, price, value, middle, upper, lower, signal } = row;
      calls.push(`${factor} ${[symbol, price, value, middle, upper, lower, signal].join(' ')}`);
    },
  };
  return { strategy, calls };
}

test('hooks are called as the live host calls them', (context) => {
  const ticks = randomTicks(testRandom(context), 300);
  const live = witness();
  const driver = new StrategyDriver({
    strategy: live.strategy,
    parameters: {},
    capacity: 50,
    sink: { emit: () => 1, cancel: () => undefined },
    log: () => undefined,
  });
  for (const batch of batchesOf(ticks, 50)) driver.run(batch);
  driver.close();
  const replayed = witness();
  runTicks(ticks, [replayed.strategy], { rows: 64 });
  assert.ok(live.calls.length > 1000);
  assert.deepEqual(replayed.calls, live.calls);
});

test('a strategy hears of its orders after the way back, and may end them', () => {
  const news: string[] = [];
  const ordered: number[] = [];
  let seen = 0;
  const strategy: AnyStrategy = {
    name: 'listener',
    version: '1',
    params: {},
    onTick(_, hooks) {
      seen += 1;
      const limits = [0, 900, 1000, 1000][seen] ?? 0;
      const limitPrice = BigInt(limits) * 1_000_000n;
      if (limits > 0) ordered.push(hooks.buy(0, BigInt(seen) * unit, { limitPrice }));
      if (seen === 4) hooks.buy(0, 5000n * unit);
      if (seen === 5) for (const order of ordered) hooks.cancel(order);
    },
    onOrder({ order, state, filled, averagePrice, reason }, hooks) {
      const at = hooks.now().nsOfDay / 1e9;
      news.push(`${at} ${order} ${state} ${filled / unit} ${averagePrice} ${reason}`.trim());
    },
  };
  const ticks = prices(1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000);
  const run = runTicks(ticks, [strategy], {
    settings: { ...free, latencyUs: 300_000, fill: 'volume_share', volumeShare: 1 },
  });
  assert.deepEqual(news, [
    '1.6 1 accepted 0 0',
    '2.6 2 accepted 0 0',
    '3.3 2 partiallyFilled 1 1000000000',
    '3.6 3 accepted 0 0',
    '4.3 2 filled 2 1000000000',
    '4.6 4 denied 0 0 MARGIN',
    '5.3 3 partiallyFilled 1 1000000000',
    '5.6 1 canceled 0 0',
    '5.6 3 canceled 1 1000000000',
  ]);
  assert.equal(run.venue.openCount, 0);
});

test('an end that is asked for is no order', () => {
  let seen = 0;
  const strategy: AnyStrategy = {
    name: 'late',
    version: '1',
    params: {},
    onTick(_, hooks) {
      seen += 1;
      if (seen === 1) hooks.buy(0, unit, { limitPrice: unit });
      if (seen === 3) hooks.cancel(1);
    },
  };
  const run = runTicks(prices(1000, 1000, 1000), [strategy], { settings: free });
  assert.equal(run.venue.openCount, 1);
});

test('batches, timers and samples: the split of the ticks changes nothing', (context) => {
  const random = testRandom(context);
  const ticks = randomTicks(random, 600);
  const describe = (rows: number): unknown => {
    const outputs: string[] = [];
    const timers: AnyStrategy = {
      name: 'timers',
      version: '1',
      params: {},
      timerIntervalMs: 700,
      onTimer: (hooks) => hooks.log(JSON.stringify(hooks.now())),
    };
    const settings = { latencyUs: 300, latencyJitterUs: 900_000, sampleMs: 500, seed: 9 };
    const run = runTicks(ticks, [builtIn, timers], {
      rows,
      settings,
      parameters: { period: 5, width: 1 },
      onOutput: (at, text) => outputs.push(`${at} ${text}`),
    });
    const { curve } = run;
    const points = Array.from(curve.equity.subarray(0, curve.count));
    return { outputs, fills: fillsOf(run), points, open: run.venue.openCount };
  };
  const whole = describe(600) as { outputs: string[]; fills: unknown[]; points: unknown[] };
  assert.ok(whole.fills.length > 20 && whole.points.length > 100, 'there is something to compare');
  assert.ok(whole.outputs.some((text) => text.includes('nsOfDay')));
  for (const rows of [1, 7, 64]) assert.deepEqual(describe(rows), whole);
});

test('money adds up: cash that moved, realised and open, fees', (context) => {
  const ticks = randomTicks(testRandom(context), 2000);
  for (const fill of ['next_tick', 'queue', 'volume_share'] as const) {
    const run = runTicks(ticks, [builtIn, builtIn], {
      settings: { fill, fees: [{ symbols: '*', takerBps: 3.7, perUnit: '0.003' }] },
      parameters: { period: 5, width: 1, quantity: '1.37' },
    });
    let equity = parseMoney('1000000') * moneyScale;
    let fees = 0n;
    for (const holding of run.account.holdings()) {
      const last = BigInt(Math.round(run.account.last(holding.symbol) * 100)) * 1_000_000n;
      equity += holding.cash + holding.quantity * last - holding.fees * moneyScale;
      fees += holding.fees;
      assert.equal(holding.realised, holding.cash + holding.cost);
    }
    assert.equal(run.account.value().equity, equity);
    assert.equal(
      fillsOf(run).reduce((sum, row) => sum + row.fee, 0n),
      fees,
    );
    assert.ok(fees > 0n);
  }
});

/** Ticks of one symbol a second apart, without quotes. */
function prices(...list: number[]): PlainTick[] {
  return list.map((price, at) => ({
    ...{ atNs: (at + 1) * 1e9, symbol: 0, price, volume: 1, isVoid: false },
    ...{ bid: 0, ask: 0, bidVolume: 0, askVolume: 0 },
  }));
}

/** Asks at the ticks of these places; below 0: sells. */
function trader(asks: Readonly<Record<number, number>>): AnyStrategy {
  let seen = 0;
  return {
    name: 'trader',
    version: '1',
    params: {},
    onTick(_, context) {
      const wanted = asks[seen] ?? 0;
      seen += 1;
      if (wanted > 0) context.buy(0, BigInt(wanted) * unit);
      else if (wanted < 0) context.sell(0, BigInt(-wanted) * unit);
    },
  };
}

const free: GivenSettings = { cash: '1000', fees: [], sampleMs: 1000 };

test('margin: too much is refused, less is not, closing never is', () => {
  const asks = { 0: 200, 2: 201, 4: -400, 6: 1 };
  const ticks = prices(1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000);
  const run = runTicks(ticks, [trader(asks)], { settings: { ...free, initialMargin: 0.5 } });
  // 1000 of equity carry 2000: 200 at 10.00, then no more; and the same short.
  assert.deepEqual(
    fillsOf(run).map(({ side, quantity }) => side * Number(quantity / unit)),
    [200, -400, 1],
  );
  assert.deepEqual([...run.venue.refused], [['MARGIN', 1]]);
});

test('margin: orders that work close what is held once', () => {
  // 20 of equity carry 40: 4 at 10.00, long or short. One unit is filled for each tick.
  const asks = { 0: 4, 8: -8, 9: -8, 10: -1, 20: 4, 21: 4 };
  const ticks = prices(...Array.from({ length: 30 }, () => 1000));
  const volume = { fill: 'volume_share', volumeShare: 1 } as const;
  const settings: GivenSettings = { ...free, ...volume, cash: '20', initialMargin: 0.5 };
  const run = runTicks(ticks, [trader(asks)], { settings });
  const sides = fillsOf(run).map(({ side, quantity }) => side * Number(quantity / unit));
  assert.deepEqual(
    sides,
    [4, -8, 8].flatMap((count) => Array.from({ length: Math.abs(count) }, () => Math.sign(count))),
  );
  assert.deepEqual([...run.venue.refused], [['MARGIN', 2]]);
});

test('without shorting only what is held is sold, orders that work are counted', () => {
  // One unit is filled for each tick, so that orders work for a while.
  const asks = { 0: 5, 8: -3, 9: -3, 10: -2 };
  const ticks = prices(...Array.from({ length: 15 }, () => 1000));
  const settings: GivenSettings = {
    ...free,
    shorting: false,
    fill: 'volume_share',
    volumeShare: 1,
  };
  const run = runTicks(ticks, [trader(asks)], { settings });
  const sides = fillsOf(run).map(({ side, quantity }) => side * Number(quantity / unit));
  assert.deepEqual(sides, [1, 1, 1, 1, 1, -1, -1, -1, -1, -1]);
  assert.deepEqual([...run.venue.refused], [['NO_SHORTING', 1]]);
});

test('a margin call closes everything, refuses meanwhile, and lets go on afterwards', () => {
  const asks = { 0: 200, 5: 1, 8: 1 };
  // 2000 held against 1000; at 6.50 equity is 300 of 1300: below a quarter.
  const ticks = prices(1000, 1000, 900, 650, 640, 630, 630, 630, 630, 630);
  const settings = { ...free, initialMargin: 0.5, maintenanceMargin: 0.25 };
  const run = runTicks(ticks, [trader(asks)], { settings });
  const fills = fillsOf(run);
  assert.equal(run.marginCalls, 1);
  assert.deepEqual(
    fills.map(({ side, quantity }) => side * Number(quantity / unit)),
    [200, -200, 1, 1],
  );
  assert.deepEqual(
    fills.map(({ isForced }) => isForced),
    [false, true, false, false],
  );
  assert.equal(fills[1]?.price, parseMoney('6.4'));
});

test('a short position pays for every night', () => {
  const ticks = prices(1000, 1000).concat(
    prices(1000).map((tick) => ({ ...tick, atNs: 3 * nsPerDay + nsPerMs })),
  );
  const run = runTicks(ticks, [trader({ 0: -73 })], { settings: { ...free, borrowBps: 500 } });
  const [holding] = run.account.holdings();
  // 730 at 5 % a year, three nights.
  assert.equal(holding?.borrow, parseMoney('0.3'));
  assert.equal(run.account.value().equity, parseMoney('999.7') * moneyScale);
});

test('slippage and fees by venue', () => {
  const fees = [
    { symbols: 'S1*', takerBps: 100 },
    { symbols: 'S*', takerBps: 10, perUnit: '0.01', minimum: '0.2' },
  ];
  const run = runTicks(prices(1000, 1000, 1000, 1000), [trader({ 0: 10, 1: 30 })], {
    settings: { ...free, fees, slippageBps: 50 },
  });
  assert.deepEqual(
    fillsOf(run).map(({ price, fee }) => [price, fee]),
    [
      // 10.05: 0.1005 + 0.1 is above the minimum; 0.3015 + 0.3.
      [parseMoney('10.05'), parseMoney('0.2005')],
      [parseMoney('10.05'), parseMoney('0.6015')],
    ],
  );
});
