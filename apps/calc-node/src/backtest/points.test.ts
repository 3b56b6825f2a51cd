// Points of sweeps, windows of walk-forward, and figures of curves that can be worked out by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch } from '@ndts/protocol';
import type { AnyStrategy } from '../strategy/define.js';
import { loadStrategy } from '../strategy/load-strategy.js';
import { runTicks, type PlainTick } from './backtest-test-kit.js';
import { parseParameter } from './given-parameters.js';
import { drawnRows } from './plot.js';
import { gridPoints, parseRange, randomPoints } from './points.js';
import { percentOf } from './report.js';
import { resolveSettings } from './settings.js';
import { statisticsOf } from './statistics.js';
import { TapeReader, TapeRecorder, tickColumns } from './tape.js';
import { walkForward } from './windows.js';

const strategy = await loadStrategy('bollinger');

test('ranges as people write them', () => {
  const range = (name: string, text: string) => parseRange(strategy, name, text);
  const period = range('period', '10..30:10');
  const width = range('width', '1..1.2:0.1');
  assert.deepEqual(
    gridPoints({ quantity: '2' }, { period, width }).map((point) => Object.values(point).join(' ')),
    ['10', '20', '30'].flatMap((one) => ['1', '1.1', '1.2'].map((other) => `2 ${one} ${other}`)),
  );
  assert.deepEqual(range('quantity', '1,1.5'), { kind: 'list', values: ['1', '1.5'] });
  const drawn = randomPoints({}, { period, width: range('width', '1..2') }, 50, 7);
  assert.equal(drawn.length, 50);
  assert.deepEqual(randomPoints({}, { period, width: range('width', '1..2') }, 50, 7), drawn);
  assert.ok(drawn.every((point) => Number(point['width']) >= 1 && Number(point['width']) <= 2));
  assert.equal(randomPoints({}, { period }, 50, 7).length, 3, 'each point once');
  for (const [name, text] of [
    ['period', '1,5'],
    ['period', '30..10'],
    ['width', 'wide'],
    ['other', '1'],
    ['quantity', '1..3'],
  ] as const)
    assert.throws(() => range(name, text), { code: 'INVALID_ARGUMENT' }, `${name}=${text}`);
  const wide = { code: 'INVALID_ARGUMENT', message: /width.*found wide/ } as const;
  assert.throws(() => parseParameter(strategy, 'width', 'wide'), wide);
  const open = { width: range('width', '1..2') };
  assert.throws(() => gridPoints({}, open), /expected a step/);
});

test('walk-forward: parts behind each other, nothing twice', () => {
  const rows = (fold: { train: object; test: object }): object[] => [fold.train, fold.test];
  assert.deepEqual(walkForward(100, 3, false).map(rows), [
    [
      { first: 0, end: 25 },
      { first: 25, end: 50 },
    ],
    [
      { first: 25, end: 50 },
      { first: 50, end: 75 },
    ],
    [
      { first: 50, end: 75 },
      { first: 75, end: 100 },
    ],
  ]);
  assert.deepEqual(rows(walkForward(100, 3, true)[2]!)[0], { first: 0, end: 75 });
  for (const folds of [0, 100, 1.5])
    assert.throws(() => walkForward(100, folds, false), { code: 'INVALID_ARGUMENT' });
});

test('figures of a run worked out by hand', () => {
  // Holds one from the second tick on: equity 1000, 1000, 1010, 990, 1000.
  let seen = 0;
  const holder: AnyStrategy = {
    name: 'holder',
    version: '1',
    params: {},
    onTick(tick, context) {
      seen += 1;
      if (seen === 1) context.buy(tick.symbol, 100_000_000n);
    },
  };
  const ticks = [100, 100, 110, 90, 100].map(
    (price, at): PlainTick => ({
      ...{ atNs: at * 60e9, symbol: 0, price: price * 100, volume: 1, isVoid: false },
      ...{ bid: 0, ask: 0, bidVolume: 0, askVolume: 0 },
    }),
  );
  const settings = { cash: '1000', fees: [], sampleMs: 60_000 };
  const run = runTicks(ticks, [holder], { settings });
  const span = { first: undefined, last: undefined };
  const found = statisticsOf(run, new Map([[0, 'A']]), span);
  assert.equal(found.endEquity, '1000');
  assert.equal(found.maxDrawdown, '20');
  assert.equal(found.maxDrawdownShare, 20 / 1010);
  assert.equal(found.longestDrawdownMs, 60_000);
  assert.equal(found.total.traded, '100');
  const changes = [0, 0, 0.01, 990 / 1010 - 1, 1000 / 990 - 1];
  const mean = changes.reduce((sum, one) => sum + one, 0) / 5;
  const deviation = Math.sqrt(changes.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 4);
  const yearly = Math.sqrt(5 * 365);
  assert.ok(Math.abs(Number(found.sharpe) - (mean / deviation) * yearly) < 1e-9);
  const down = Math.sqrt(changes[3]! ** 2 / 5);
  assert.ok(Math.abs(Number(found.sortino) - (mean / down) * yearly) < 1e-9);
  assert.equal(found.winRate, null);
  assert.deepEqual(
    found.bySymbol.map(({ symbol, quantity, profit }) => [symbol, quantity, profit]),
    [['A', '1', '0']],
  );
});

test('settings: what is wrong is said', () => {
  for (const [given, message] of [
    [{ cash: 5 }, /cash: expected a decimal/],
    [{ cash: '-1' }, /cash/],
    [{ fill: 'best' }, /fill: expected next_tick/],
    [{ latencyUs: 0.5 }, /latencyUs: expected a whole number/],
    [{ latencyMs: 5 }, /settings: expected/],
    [{ fees: 5 }, /fees: expected a list, found 5/],
    [{ fees: [5] }, /fees\[0\]: expected an object, found 5/],
    [{ fees: [{ symbols: '*', makerbps: 1 }] }, /fees\[0\]/],
    [{ fees: [{ takerBps: 'x' }] }, /takerBps/],
    [{ volumeShare: 0 }, /volumeShare/],
    [{ shorting: 'no' }, /shorting/],
  ] as const)
    assert.throws(() => resolveSettings(given as never), message);
});

test('labels of a small drawdown differ', () => {
  const labels = [0, -1, -2].map((at) => percentOf(at * 0.00005, 0.00005));
  assert.deepEqual(labels, ['0.000 %', '-0.005 %', '-0.010 %']);
  assert.equal(percentOf(0.25, 0.05), '25.00 %');
});

test('a plot keeps the least and the greatest of each pixel', () => {
  const times = Float64Array.from({ length: 1000 }, (_, at) => at);
  const values = new Float64Array(1000);
  values[500] = 9;
  values[501] = -9;
  const scale = { least: 0, most: 999, at: (value: number) => value / 100 };
  const rows = drawnRows(times, values, scale);
  assert.ok(rows.includes(500) && rows.includes(501) && rows.length < 60);
});

test('a tape keeps every row, over the edges of its blocks', () => {
  const rows = 70_000;
  const batch = createTickBatch(777);
  const recorder = new TapeRecorder(tickColumns, 1 << 26);
  for (let first = 0; first < rows; first += batch.count) {
    batch.count = Math.min(777, rows - first);
    for (let row = 0; row < batch.count; row += 1) {
      batch.sequence[row] = first + row;
      batch.askVolume[row] = 2 * (first + row);
      batch.shard[row] = (first + row) % 13;
    }
    recorder.add(batch);
  }
  const reader = new TapeReader(tickColumns, recorder.tape());
  assert.equal(reader.rows, rows);
  const read = createTickBatch(1000);
  let next = 5;
  for (; next < rows - 3; next += read.count) {
    reader.read(read, next, rows - 3);
    assert.ok(read.count > 0);
    for (let row = 0; row < read.count; row += 1) {
      const place = next + row;
      const found = [read.sequence[row], read.askVolume[row], read.shard[row]];
      if (found[0] !== place || found[1] !== 2 * place || found[2] !== place % 13)
        assert.fail(`row ${place}: ${found}`);
    }
  }
  assert.equal(next, rows - 3);
});
