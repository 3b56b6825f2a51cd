// Factors over windows and over cross-sections, as text: what plain code makes of the same ticks;
// the same bits for any split into batches and from a snapshot; what is wrong is told.

import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { copyTickRow, createTickBatch, nsPerMs, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { SectionFactors } from '../section/section-factors.js';
import { WindowFactors, type WindowFactorSpec } from '../window/window-factors.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 29);
const seedText = `seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`;

function randomBatch(count: number): TickBatch {
  const random = new SeededRandom(seed);
  const batch = createTickBatch(count);
  let ms = 0;
  for (let row = 0; row < count; row += 1) {
    ms += random.integer(300);
    batch.symbol[row] = 1 + random.integer(3);
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = ms * nsPerMs;
    batch.price[row] = 100 + random.integer(100) / 4;
    batch.volume[row] = 1 + random.integer(9);
  }
  batch.count = count;
  return batch;
}

function part(from: TickBatch, start: number, end: number): TickBatch {
  const to = createTickBatch(end - start);
  for (let row = start; row < end; row += 1) copyTickRow(from, row, to, row - start);
  to.count = end - start;
  return to;
}

interface Pushed {
  push(batch: TickBatch): void;
  snapshot(): Uint8Array;
  restore(bytes: Uint8Array): void;
  close(): void;
}

/** Rows of [symbol, ...values], in pieces; with a new one from a snapshot for each when `anew`. */
function run(
  make: (rows: number[][]) => Pushed,
  batch: TickBatch,
  size: number,
  anew: boolean,
): number[][] {
  const rows: number[][] = [];
  let factors = make(rows);
  for (let from = 0; from < batch.count; from += size) {
    factors.push(part(batch, from, Math.min(batch.count, from + size)));
    if (!anew) continue;
    const next = make(rows);
    next.restore(factors.snapshot());
    deepEqual(next.snapshot(), factors.snapshot());
    factors.close();
    factors = next;
  }
  factors.close();
  return rows;
}

function windows(spec: WindowFactorSpec): (rows: number[][]) => Pushed {
  return (rows) =>
    new WindowFactors(spec, ({ count, symbol }, values) => {
      for (let row = 0; row < count; row += 1)
        rows.push([symbol[row]!, ...values.map((column) => column[row]!)]);
    });
}

const texts = [
  'max(sma(price, 2)) - delay(last(price), 1)',
  'vwap() + count()',
  '-vwap(price, volume)',
];

test('factors of ticks in aggregates, factors of windows outside', () => {
  const batch = randomBatch(900);
  const spec = { factors: texts, shape: { kind: 'tumbling', sizeMs: 2000 } } as const;
  const found = run(windows(spec), batch, 900, false);
  const model: number[][] = [];
  const last = new Map<number, number>();
  const windowOf = (row: number): number => Math.floor(batch.nsOfDay[row]! / 2e9);
  for (let window = 0; window < windowOf(899); window += 1)
    for (const symbol of [1, 2, 3]) {
      const all = [...Array.from(batch.symbol.keys())].filter(
        (row) => batch.symbol[row] === symbol,
      );
      const own = all.filter((row) => windowOf(row) === window);
      if (own.length === 0) continue;
      const prices = own.map((row) => batch.price[row]!);
      const means = own.map((row) => {
        const before = all[all.indexOf(row) - 1];
        return before === undefined ? Number.NaN : (batch.price[before]! + batch.price[row]!) / 2;
      });
      const volumes = own.map((row) => batch.volume[row]!);
      const sum = (of: readonly number[]): number => of.reduce((one, other) => one + other, 0);
      const vwap = sum(prices.map((price, at) => price * volumes[at]!)) / sum(volumes);
      const greatest = Math.max(...means.filter(Number.isFinite));
      const earlier = last.get(symbol) ?? Number.NaN;
      last.set(symbol, prices.at(-1)!);
      model.push([symbol, greatest - earlier, vwap + own.length, -vwap]);
    }
  ok(model.length > 100);
  deepEqual(found, model, seedText);
});

test('times are those of ticks in an aggregate, and of the ends of windows outside', () => {
  const batch = createTickBatch(40);
  batch.count = 40;
  for (let row = 0; row < 40; row += 1) {
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = row * 500 * nsPerMs;
    batch.price[row] = row;
  }
  const spec = {
    factors: ['max(count(price, 1s))', 'count(last(price), 4s)', 'sum(last(price), 4s)'],
    shape: { kind: 'tumbling', sizeMs: 2000 },
  } as const;
  const rows = run(windows(spec), batch, 40, false);
  // Windows end every 2 s, with the prices 3, 7, 11 ...; that of 4 s before is none of them.
  deepEqual(
    rows.map(([, ...values]) => values),
    Array.from({ length: 9 }, (_, at) => [2, Math.min(2, at + 1), at === 0 ? 3 : 8 * at + 2]),
  );
});

test('windows: the same bits for any split, and from snapshots', () => {
  const batch = randomBatch(600);
  const spec = {
    factors: [
      ...texts,
      'zscore(vwap(), 4)',
      'ema(first(volume), 3)',
      'sma(last(price), 5s) - max(sum(volume, 2s))',
    ],
    shape: { kind: 'sliding', sizeMs: 3000, stepMs: 1000 },
    waitMs: 500,
  } as const;
  const whole = run(windows(spec), batch, 600, false);
  ok(whole.length > 100);
  deepEqual(run(windows(spec), batch, 37, false), whole);
  deepEqual(run(windows(spec), batch, 41, true), whole);
});

test('cross-sections: factors of ticks in measures, factors of sections outside', () => {
  const batch = randomBatch(300);
  const make = (rows: number[][]): Pushed =>
    new SectionFactors(
      {
        factors: [
          'rank(price) + rank(volume) / 10',
          'quantile(price, 2)',
          'residual(price, volume)',
          'delay(rank(price), 1)',
          'demean(sma(price, 2))',
          'count(rank(price), 1s)',
        ],
        groups: new Map([
          [1, 1],
          [2, 1],
        ]),
        trigger: { kind: 'time', stepMs: 500 },
      },
      ({ count, symbol }, values) => {
        for (let row = 0; row < count; row += 1)
          rows.push([symbol[row]!, ...values.map((column) => column[row]!)]);
      },
    );
  const whole = run(make, batch, 300, false);
  deepEqual(run(make, batch, 23, true), whole, seedText);
  const before = new Map<number, number>();
  for (const [symbol, ranks, bucket, , delayed] of whole) {
    const rank = Math.floor(ranks! * 2) / 2;
    if (before.has(symbol!)) equal(delayed, before.get(symbol!), seedText);
    before.set(symbol!, rank);
    ok([0, 1].includes(bucket!));
  }
  const grouped = whole.filter(([symbol, , , , , demeaned]) => {
    equal(Number.isNaN(demeaned) || symbol !== 3, true);
    return Number.isFinite(demeaned);
  });
  ok(grouped.length > 50, seedText);
});

test('what is wrong is told', () => {
  const window = (factor: string, more?: Partial<WindowFactorSpec>): void =>
    new WindowFactors({ factors: [factor], ...more }, () => {}).close();
  const section = (factor: string): void =>
    new SectionFactors({ factors: [factor], trigger: { kind: 'batch' } }, () => {}).close();
  for (const [work, message] of [
    [() => window('price - last(price)'), /price is of a tick, not of a window/],
    [() => window('max(max(price))'), /at 1: max: what is of a window is within/],
    [() => window('first(price, 3)'), /at 1: expected first\(of\)/],
    [() => window('vwap(60)'), /price is of a tick/],
    [
      () => window('first(bid) + last(bid) + min(bid) + max(bid) + avg(bid) + sum(bid) + std(bid)'),
      /expected at most 6 different/,
    ],
    [() => window('zscore(vwap(), 3)', { correctMs: 1000 }), /take no factors that know of other/],
    [() => section('rank(price, 3)'), /expected rank\(of\)/],
    [() => section('rank(price, 3s)'), /there is no function 'rank'/],
    [() => window('first(bid, 3s)'), /there is no function 'first'/],
    [() => window('max(price, 3s)'), /price is of a tick, not of a window/],
    [() => section('residual(price)'), /expected residual\(of, by\)/],
    [() => section('quantile(price, 1)'), /2 to 1000 buckets/],
    [() => section('ema(price, 3)'), /price is of a tick, not of a cross-section/],
    [() => section('rank(zscore(price))'), /what is of a cross-section is within/],
  ] as const)
    throws(work, { code: 'INVALID_ARGUMENT', message });
  window('max(bid) / min(ask)', { correctMs: 1000 });
  const one = new WindowFactors({ factors: ['vwap()'] }, () => {});
  const other = new WindowFactors({ factors: ['last(bid)'] }, () => {});
  throws(() => other.restore(one.snapshot()), /of other expressions/);
  throws(() => one.restore(one.snapshot().subarray(0, 6)), /ends too early/);
});
