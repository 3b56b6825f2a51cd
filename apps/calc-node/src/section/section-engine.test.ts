// Cross-sections against plain code: each measure by its definition over what a model knows of each
// symbol; when sections are given; the same for any split into batches and from a snapshot
// anywhere.

import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, msPerDay, nsPerMs, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import type { Measure } from './measures.js';
import { SectionEngine, type SectionSpec } from './section-engine.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 3);
const seedText = `seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`;
const startDay = 20_000;

interface Section {
  readonly ms: number;
  readonly symbols: readonly number[];
  readonly inputs: readonly (readonly number[])[];
  readonly values: readonly (readonly number[])[];
}

const groups = new Map([
  [1, 10],
  [2, 10],
  [3, 20],
  [5, 20],
  [6, 20],
  [9, 30],
]);

const measures: readonly Measure[] = [
  { name: 'rank', input: 0 },
  { name: 'percentile', input: 0 },
  { name: 'zscore', input: 0 },
  { name: 'quantile', input: 0, buckets: 3 },
  { name: 'demean', input: 0 },
  { name: 'demean', input: 0, groups },
  { name: 'residual', input: 0, by: 1 },
];

function randomBatch(count: number): TickBatch {
  const random = new SeededRandom(seed);
  const batch = createTickBatch(count);
  let ms = 0;
  for (let row = 0; row < count; row += 1) {
    ms += random.integer(random.integer(30) === 0 ? 20_000 : 400);
    const earlier = random.integer(6) === 0 ? random.integer(500) : 0;
    batch.symbol[row] = 1 + random.integer(9);
    batch.day[row] = startDay;
    batch.nsOfDay[row] = Math.max(0, ms - earlier) * nsPerMs + random.integer(nsPerMs);
    // Few different values, so that there are ties.
    batch.price[row] =
      [Number.NaN, Number.POSITIVE_INFINITY][random.integer(15)] ?? random.integer(6);
    batch.volume[row] = random.integer(12) === 0 ? Number.NaN : random.integer(5);
  }
  batch.count = count;
  return batch;
}

function part(batch: TickBatch, from: number, to: number): TickBatch {
  return {
    ...batch,
    count: to - from,
    symbol: batch.symbol.subarray(from, to),
    day: batch.day.subarray(from, to),
    nsOfDay: batch.nsOfDay.subarray(from, to),
    price: batch.price.subarray(from, to),
    volume: batch.volume.subarray(from, to),
  };
}

function engineInto(spec: SectionSpec, found: Section[]): SectionEngine {
  return new SectionEngine(spec, ({ count, day, nsOfDay, symbol, inputs, values }) => {
    const rows = (column: Float64Array): number[] => [...column.subarray(0, count)];
    found.push({
      ms: day * msPerDay + nsOfDay / nsPerMs,
      symbols: [...symbol.subarray(0, count)],
      inputs: inputs.map(rows),
      values: values.map(rows),
    });
  });
}

function run(spec: SectionSpec, batch: TickBatch, sizes: () => number): Section[] {
  const found: Section[] = [];
  const engine = engineInto(spec, found);
  for (let from = 0; from < batch.count; ) {
    const to = Math.min(batch.count, from + sizes());
    const rows = part(batch, from, to);
    engine.push(rows, [rows.price, rows.volume]);
    from = to;
  }
  return found;
}

function mean(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0) / values.length;
}

/** By definition, of symbols with values. */
function measured(
  measure: Measure,
  symbols: readonly number[],
  inputs: Section['inputs'],
): number[] {
  const all = inputs[0]!;
  const by = inputs[1]!;
  const known = all.filter(Number.isFinite);
  return all.map((value, row) => {
    if (!Number.isFinite(value)) return Number.NaN;
    const less = known.filter((other) => other < value).length;
    const place = less + (known.filter((other) => other === value).length + 1) / 2;
    const deviation = Math.sqrt(mean(known.map((other) => (other - mean(known)) ** 2)));
    const group = groups.get(symbols[row]!);
    const peers = all.filter(
      (other, at) => Number.isFinite(other) && groups.get(symbols[at]!) === group,
    );
    const both = all
      .map((other, at) => [other, by[at]!] as const)
      .filter((pair) => pair.every(Number.isFinite));
    const [meanOf, meanBy] = [mean(both.map(([one]) => one)), mean(both.map(([, one]) => one))];
    const squares = both.map(([, one]) => (one - meanBy) ** 2).reduce((sum, one) => sum + one, 0);
    const products = both
      .map(([one, other]) => (one - meanOf) * (other - meanBy))
      .reduce((sum, one) => sum + one, 0);
    const slope = squares === 0 ? 0 : products / squares;
    const inGroup = group === undefined ? Number.NaN : value - mean(peers);
    return {
      rank: place,
      percentile: known.length === 1 ? 0.5 : (place - 1) / (known.length - 1),
      zscore: deviation === 0 ? 0 : (value - mean(known)) / deviation,
      quantile: Math.floor((3 * (place - 0.5)) / known.length),
      demean: measure.groups === undefined ? value - mean(known) : inGroup,
      residual: value - meanOf - slope * (by[row]! - meanBy),
    }[measure.name];
  });
}

/** Newest rows by symbol, looked at when the trigger says so. */
function model(
  { trigger, symbols = [], maxAgeMs = 1e15, purgeMs = 1e15 }: SectionSpec,
  batch: TickBatch,
): Section[] {
  const known = new Map<number, [ms: number, price: number, volume: number]>(
    symbols.map((symbol) => [symbol, [-1, Number.NaN, Number.NaN]]),
  );
  const found: Section[] = [];
  let since = 0;
  let next = Number.NaN;
  let newest = 0;
  const give = (ms: number): void => {
    since = 0;
    for (const [symbol, [newestMs]] of known)
      if (newestMs <= ms - purgeMs && !symbols.includes(symbol)) known.delete(symbol);
    const there = [...known].toSorted(([a], [b]) => a - b);
    const names = there.map(([symbol]) => symbol);
    const inputs = ([1, 2] as const).map((at) =>
      there.map(([, row]) => (row[0] >= ms - maxAgeMs ? row[at] : Number.NaN)),
    );
    const values = measures.map((measure) => measured(measure, names, inputs));
    found.push({ ms, symbols: names, inputs, values });
  };
  for (let row = 0; row < batch.count; row += 1) {
    const ms = batch.day[row]! * msPerDay + Math.floor(batch.nsOfDay[row]! / nsPerMs);
    if (trigger.kind === 'time' && ms >= next && since > 0) give(next);
    if (trigger.kind === 'time' && !(ms < next))
      next = Math.floor(ms / trigger.stepMs) * trigger.stepMs + trigger.stepMs;
    newest = Math.max(newest, ms);
    const symbol = batch.symbol[row]!;
    if (ms >= (known.get(symbol)?.[0] ?? 0))
      known.set(symbol, [ms, batch.price[row]!, batch.volume[row]!]);
    since += 1;
    if (trigger.kind === 'count' && since === trigger.count) give(newest);
  }
  return found;
}

const specs: readonly SectionSpec[] = [
  { inputCount: 2, measures, trigger: { kind: 'time', stepMs: 1000 } },
  { inputCount: 2, measures, trigger: { kind: 'time', stepMs: 5000 }, maxAgeMs: 3000 },
  {
    inputCount: 2,
    measures,
    trigger: { kind: 'count', count: 7 },
    symbols: [4, 40, 4],
    purgeMs: 4000,
  },
];

test('measures and moments of sections are those of plain definitions', () => {
  const batch = randomBatch(600);
  for (const spec of specs) {
    const found = run(spec, batch, () => 600);
    const wanted = model(spec, batch);
    const what = `${JSON.stringify(spec.trigger)}; ${seedText}`;
    ok(found.length > 10, what);
    equal(found.length, wanted.length, what);
    for (const [at, { values, ...own }] of found.entries()) {
      const { values: numbers, ...other } = wanted[at]!;
      deepEqual(own, other, `section ${at}; ${what}`);
      for (const [place, column] of values.entries())
        for (const [row, value] of column.entries()) {
          const number = numbers[place]![row]!;
          const isNear = Object.is(value, number) || Math.abs(value - number) <= 1e-12;
          ok(
            isNear,
            `${measures[place]!.name} of ${own.symbols[row]}: ${value}, ${number}; ${what}`,
          );
        }
    }
  }
});

test('the same for any split into batches, and from a snapshot anywhere', () => {
  const batch = randomBatch(400);
  const random = new SeededRandom(seed);
  for (const spec of specs) {
    const whole = run(spec, batch, () => 400);
    deepEqual(
      run(spec, batch, () => 1 + random.integer(40)),
      whole,
      seedText,
    );
    const found: Section[] = [];
    let engine = engineInto(spec, found);
    for (let from = 0; from < batch.count; from += 5) {
      const rows = part(batch, from, from + 5);
      engine.push(rows, [rows.price, rows.volume]);
      const next = engineInto(spec, found);
      next.restore(engine.snapshot());
      deepEqual(next.snapshot(), engine.snapshot());
      engine = next;
    }
    deepEqual(found, whole, seedText);
  }
});

test('one section for each batch, and one when time is told', () => {
  const batch = randomBatch(50);
  const found = run({ inputCount: 1, measures: [], trigger: { kind: 'batch' } }, batch, () => 10);
  equal(found.length, 5);
  const told: Section[] = [];
  const engine = engineInto(specs[0]!, told);
  engine.advance(startDay, 0);
  const rows = part(batch, 0, 1);
  engine.push(rows, [rows.price, rows.volume]);
  equal(told.length, 0);
  engine.advance(startDay + 1, 0);
  engine.advance(startDay + 2, 0);
  equal(told.length, 1, 'nothing new came after the first');
});

test('flat and single values', () => {
  const batch = randomBatch(3);
  batch.symbol.set([1, 2, 3]);
  batch.price.set([0.1, 0.1, 0.1]);
  batch.volume.set([2, 2, 2]);
  const spec = { inputCount: 2, measures, trigger: { kind: 'batch' } } as const;
  const [flat] = run(spec, batch, () => 3);
  deepEqual(
    flat!.values.map((column) => column[1]),
    [2, 0.5, 0, 1, 0, 0, 0],
  );
  const [single] = run(spec, part(batch, 0, 1), () => 3);
  deepEqual(single!.values.flat(), [1, 0.5, 0, 1, 0, 0, 0]);
});

test('sections that can not be', () => {
  const spec = { inputCount: 1, trigger: { kind: 'batch' } } as const;
  for (const measure of [
    { name: 'median', input: 0 },
    { name: 'rank', input: 1 },
    { name: 'rank', input: 0.5 },
    { name: 'quantile', input: 0, buckets: 1 },
    { name: 'residual', input: 0 },
    { name: 'residual', input: 0, by: 1 },
  ] as Measure[])
    throws(() => new SectionEngine({ ...spec, measures: [measure] }, () => {}), {
      code: 'INVALID_ARGUMENT',
    });
  for (const trigger of [
    { kind: 'time', stepMs: 0 },
    { kind: 'count', count: 1.5 },
  ] as const)
    throws(() => new SectionEngine({ ...spec, measures: [], trigger }, () => {}), /at least 1/);
  const engine = new SectionEngine(specs[0]!, () => {});
  throws(() => engine.restore(new SectionEngine(specs[1]!, () => {}).snapshot()), /of others/);
  throws(() => engine.push(randomBatch(1), []), /expected 2 columns/);
});
