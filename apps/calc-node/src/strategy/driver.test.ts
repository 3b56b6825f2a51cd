// A strategy driven by events: the same calls with the same numbers however ticks are cut into
// batches, and factors with the bits of history.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyTickRow, createTickBatch, nsPerMs, nsPerSecond, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { FactorsOverHistory } from '../factor/over-history.js';
import { parseExpression } from '../factor/parse-expression.js';
import { type AnyStrategy, bollinger, custom, defineStrategy, factor, stage } from './define.js';
import { StrategyDriver } from './driver.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 7);
const texts = ['ema(price, 9)', 'zscore(price, 12) / (1 + imbalance())', 'vwap(15)'] as const;

/** Counts a symbol's ticks, and its mean distance from the expression that it is handed. */
const distance = custom({
  state: 2,
  inputs: ['sma(price, 5)'],
  warmUp: 5,
  update(tick, state, inputs) {
    const mean = inputs[0]!;
    if (Number.isNaN(mean)) return Number.NaN;
    state[0]! += 1;
    state[1]! += tick.price - mean;
    return state[1]! / state[0]!;
  },
});

/** Writes down every call with the bits of what it sees. */
function diary(lines: string[]): AnyStrategy {
  const strategy = defineStrategy({
    name: 'diary',
    version: '1',
    params: { period: { type: 'integer', default: 10, doc: 'window' } },
    factors: ({ period }) => ({
      mean: factor(texts[0]),
      odd: factor(texts[1]),
      traded: factor(texts[2]),
      bands: bollinger({ period }),
      distance,
    }),
    bars: { second: { kind: 'time', size: 1000 }, seven: { kind: 'ticks', size: 7 } },
    timerIntervalMs: 250,
    onTick(tick, { factor: read }) {
      const { mean, odd, traded, bands, distance: own } = read;
      const values = [mean, odd, traded, own, bands.value, bands.upper, bands.signal];
      lines.push(`${tick.symbol} ${tick.sequence} ${values.join(' ')}`);
    },
    onFactor(row, context) {
      if (row.factor !== 'bands') return;
      assert.ok(Object.is(context.factorOf('bands', row.symbol), row.value));
      assert.ok(Object.is(context.factor.bands.middle, row.middle));
      if (row.signal !== 0) lines.push(`${context.buy(row.symbol, 1n)} ${row.value}`);
    },
    onBar({ bar, symbol, nsOfDay, open, high, low, close, volume, count }, context) {
      const values = [nsOfDay, open, high, low, close, volume, count, context.now().nsOfDay];
      lines.push(`${bar} ${symbol} ${values.join(' ')}`);
    },
    onTimer(context) {
      const { day, nsOfDay } = context.now();
      lines.push(
        `timer ${day} ${nsOfDay} ${context.factorOf('mean', 2)} ${context.factor.bands.upper}`,
      );
    },
  });
  return strategy as unknown as AnyStrategy;
}

function market(count: number): TickBatch {
  const random = new SeededRandom(seed);
  const batch = createTickBatch(count);
  for (let row = 0; row < count; row += 1) {
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = 3600 * nsPerSecond + row * 40 * nsPerMs;
    batch.symbol[row] = 1 + random.integer(3);
    batch.sequence[row] = row;
    batch.price[row] = 100 + random.integer(1000) / 100;
    batch.volume[row] = 1 + random.integer(9);
    batch.bidVolume[row] = random.integer(9);
    batch.askVolume[row] = 1 + random.integer(9);
  }
  batch.count = count;
  return batch;
}

function driverOf(strategy: AnyStrategy, capacity: number): StrategyDriver {
  let signals = 0;
  return new StrategyDriver({
    strategy,
    parameters: {},
    capacity,
    sink: { emit: () => (signals += 1), cancel: () => {} },
    log: () => {},
  });
}

function run(all: TickBatch, cut: () => number): string[] {
  const lines: string[] = [];
  const driver = driverOf(diary(lines), all.count);
  const part = createTickBatch(all.count);
  for (let from = 0; from < all.count; from += part.count) {
    part.count = Math.min(cut(), all.count - from);
    for (let row = 0; row < part.count; row += 1) copyTickRow(all, from + row, part, row);
    driver.run(part);
  }
  assert.equal(driver.ticks, all.count);
  driver.close();
  return lines;
}

test(`calls are the same however ticks are cut, seed ${seed}`, () => {
  const all = market(900);
  const random = new SeededRandom(seed + 1);
  const whole = run(all, () => all.count);
  for (const word of ['timer', 'second', 'seven'])
    assert.ok(
      whole.some((line) => line.startsWith(word)),
      word,
    );
  assert.ok(whole.length > 1000);
  assert.deepEqual(
    run(all, () => 1),
    whole,
  );
  assert.deepEqual(
    run(all, () => 1 + random.integer(40)),
    whole,
  );
});

test('factors have the bits they have over history', () => {
  const all = market(600);
  const driver = driverOf(diary([]), all.count);
  driver.run(all);
  const history = new FactorsOverHistory(texts.map(parseExpression), all.count);
  const values = history.run(all, 0, all.count);
  for (const [index, expected] of values.entries()) {
    const { value } = driver.plan.factors[index]!.cursor.columns;
    assert.deepEqual(
      new BigUint64Array(value.buffer.slice(value.byteOffset, 8 * all.count)),
      new BigUint64Array(expected.buffer.slice(expected.byteOffset, 8 * all.count)),
    );
  }
  history.close();
  driver.close();
});

test('states that are saved and put back go on to the bit', () => {
  const all = market(600);
  const [first, second] = [0, 300].map((from) => {
    const part = createTickBatch(300);
    for (let row = 0; row < 300; row += 1) copyTickRow(all, from + row, part, row);
    part.count = 300;
    return part;
  }) as [TickBatch, TickBatch];
  const straight = driverOf(diary([]), 300);
  straight.run(first);
  const symbols = Uint32Array.of(1, 2, 3);
  const saved = straight.plan.save(symbols);
  assert.equal(saved.length, 3 * straight.plan.stateBytes);
  const other = driverOf(diary([]), 300);
  assert.equal(other.plan.signature, straight.plan.signature);
  other.plan.load(symbols, saved);
  for (const driver of [straight, other]) driver.plan.compute(second);
  for (const [index, { cursor }] of straight.plan.factors.entries())
    assert.deepEqual(other.plan.factors[index]!.cursor.columns, cursor.columns);
  straight.close();
  other.close();
});

test('a driver goes on from what another one saved, to the last bit of every call', () => {
  const all = market(600);
  const whole = run(all, () => 300);
  const lines: string[] = [];
  const first = driverOf(diary([]), all.count);
  const second = driverOf(diary(lines), all.count);
  const part = createTickBatch(all.count);
  for (const [driver, from] of [
    [first, 0],
    [second, 300],
  ] as const) {
    if (from > 0) second.load(first.save());
    part.count = 300;
    for (let row = 0; row < 300; row += 1) copyTickRow(all, from + row, part, row);
    driver.run(part);
  }
  // Numbers of orders are the sink's.
  const calls = (of: readonly string[]): string[] =>
    of.map((line) => line.replace(/^\d+ (-?[\d.e-]+)$/, 'order $1')).slice(-lines.length);
  assert.ok(lines.length > 300);
  assert.deepEqual(calls(lines), calls(whole));
  const saved = first.save();
  for (let at = 0; at < saved.length; at += 97) {
    const damaged = saved.slice();
    damaged[at]! ^= 16;
    assert.throws(() => second.load(damaged), { code: 'CORRUPT' });
  }
  assert.throws(() => second.load(saved.subarray(0, 20)), { code: 'CORRUPT' });
  first.close();
  second.close();
});

test('what a driver saved is for factors of the same names and versions only', () => {
  const signatureOf = (factors: NonNullable<AnyStrategy['factors']>): string => {
    const driver = driverOf({ ...diary([]), factors }, 1);
    const { signature } = driver;
    driver.close();
    return signature;
  };
  const [upper, lower] = ['upper', 'lower'].map((name) => factor(`bollinger(price).${name}`));
  const one = custom({ state: 1, update: () => 1 });
  const saved = signatureOf({ high: upper!, low: lower!, one });
  assert.equal(signatureOf({ high: upper!, low: lower!, one }), saved);
  const others = [
    { high: lower!, low: upper!, one },
    { low: lower!, high: upper!, one },
    { high: upper!, low: lower!, two: one },
    { high: factor('bollinger(price).upper', { version: 2 }), low: lower!, one },
    { high: upper!, low: lower!, one: custom({ version: 2, state: 1, update: () => 1 }) },
  ];
  for (const factors of others) assert.notEqual(signatureOf(factors), saved);
});

test('what a driver saved is for the same factors and bars only', () => {
  const all = market(200);
  const first = driverOf(diary([]), 200);
  first.run(all);
  const saved = first.save();
  const { bars: _, ...plain } = diary([]);
  const cases: [AnyStrategy, boolean][] = [
    [diary([]), true],
    [plain, false],
    [{ ...plain, bars: { second: { kind: 'time', size: 1000 } } }, false],
    [
      { ...plain, bars: { two: { kind: 'time', size: 2000 }, b: { kind: 'ticks', size: 7 } } },
      false,
    ],
    [{ ...plain, bars: { b: { kind: 'ticks', size: 7 }, a: { kind: 'time', size: 1000 } } }, false],
  ];
  for (const [strategy, isSame] of cases) {
    const other = driverOf(strategy, 200);
    assert.equal(other.signature === first.signature, isSame);
    if (isSame) other.load(saved);
    else assert.throws(() => other.load(saved));
    other.close();
  }
  first.close();
});

test('timers fire by the time of events, a long pause fires each, a time of the past none', () => {
  const fired: number[] = [];
  const played = stage(
    defineStrategy({
      name: 'timer',
      version: '1',
      params: {},
      timerIntervalMs: 1000,
      onTimer: (context) => void fired.push(context.now().nsOfDay / 1e9),
    }),
  );
  const at = (seconds: number): number => Date.UTC(2026, 0, 2) + seconds * 1000;
  played.pass(5000);
  played.tick({ price: 1, timeMs: at(10.2) });
  assert.deepEqual(fired, [], 'the first event starts it');
  played.tick({ price: 1, timeMs: at(11) });
  assert.deepEqual(fired, [11], 'before the tick of its time');
  played.tick({ price: 1, timeMs: at(10.9) });
  played.tick({ price: 1, timeMs: at(13.5) });
  assert.deepEqual(fired, [11, 12, 13]);
  played.pass(600);
  assert.deepEqual(fired, [11, 12, 13, 14]);
  played.tick({ price: 1, timeMs: at(86_400.5) });
  assert.deepEqual([fired.length, fired.at(-1)], [86_400 - 11 + 1, 0], 'midnight is one');
  played.close();
});

test('a timer of another interval than before fires by its own', () => {
  const all = market(100);
  const first = driverOf({ ...diary([]), timerIntervalMs: 3_600_000 }, 100);
  first.run(all);
  const fired: number[] = [];
  const onTimer: AnyStrategy['onTimer'] = (context) => void fired.push(context.now().nsOfDay / 1e9);
  const second = driverOf({ ...diary([]), timerIntervalMs: 2000, onTimer }, 100);
  second.load(first.save());
  second.advance(20_000, 3610 * nsPerSecond);
  assert.deepEqual(fired, [3604, 3606, 3608, 3610]);
  first.close();
  second.close();
});

test('bars close with the tick that ends or fills them, or with time', () => {
  const lines: string[] = [];
  const played = stage(
    defineStrategy({
      name: 'bars',
      version: '1',
      params: { size: { type: 'integer', default: 2, doc: 'ticks of a bar' } },
      bars: ({ size }) => ({
        minute: { kind: 'time', size: 60_000 },
        ticks: { kind: 'ticks', size },
        volume: { kind: 'volume', size: 10 },
        value: { kind: 'value', size: 1000 },
      }),
      onTick: (tick) => void lines.push(`tick ${tick.price}`),
      onTimer: (context) => void lines.push(`timer ${context.now().nsOfDay / 1e9}`),
      timerIntervalMs: 60_000,
      onBar: ({ bar, symbol, open, close, volume }) =>
        void lines.push(`${bar} ${symbol} ${open} ${close} ${volume}`),
    }),
  );
  const at = (seconds: number): number => Date.UTC(2026, 0, 2) + seconds * 1000;
  played.tick({ price: 20, volume: 4, timeMs: at(58) });
  played.tick({ price: 21, volume: 6, timeMs: at(59) });
  assert.deepEqual(lines.splice(0), [
    'tick 20',
    'tick 21',
    'ticks 1 20 21 10',
    'volume 1 20 21 10',
  ]);
  played.tick({ price: 1000, volume: 1, symbol: 2, timeMs: at(60) });
  const ends = ['minute 1 20 21 10', 'timer 60', 'tick 1000', 'value 2 1000 1000 1'];
  assert.deepEqual(lines.splice(0), ends, 'symbol 1 is silent');
  played.pass(61_000);
  assert.deepEqual(lines.splice(0), ['minute 2 1000 1000 1', 'timer 120']);
  played.close();
});

test('wrong factors and wrong requests are refused with a reason', () => {
  const common = { name: 'wrong', version: '1', params: {} } as const;
  assert.throws(() => factor('ema(prise, 20)'), /no column 'prise'/);
  assert.throws(() => custom({ state: -1, update: () => 0 }), /numbers of state/);
  const unknown = stage(
    defineStrategy({
      ...common,
      onTick: (_, context) => void context.factorOf('no' as never, 1),
    }),
  );
  assert.throws(() => unknown.prices(1), /declared factor, found 'no'/);
  const early = stage(defineStrategy({ ...common, onTick: (_, to) => void to.buy(9, 1n) }));
  assert.throws(() => early.prices(1), /a symbol with a tick, found 9/);
  const none = stage(defineStrategy({ ...common, onTick: (_, to) => void to.sell(1, 0n) }));
  assert.throws(() => none.prices(1), /a quantity above 0n/);
});
