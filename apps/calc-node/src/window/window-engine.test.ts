// Windows against a plain model that keeps every tick and works each window out anew, in two
// passes: with late ticks, waiting, corrections, filling and purging. The same rows, bit by bit,
// for any split into batches and from a snapshot anywhere; and windows that know nothing of what
// was before.

import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { msPerDay, nsPerMs } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { type Aggregate, aggregateNames } from './aggregate.js';
import { type TimedRows, WindowEngine } from './window-engine.js';
import { planWindows, type WindowSpec } from './window-spec.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 11);
const seedText = `seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`;
const startDay = 20_000;

interface Tick {
  readonly symbol: number;
  readonly ms: number;
  readonly ns: number;
  readonly price: number;
  readonly volume: number;
}

interface Row {
  readonly symbol: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly ticks: number;
  readonly corrected: boolean;
  readonly values: readonly number[];
}

const aggregates: readonly Aggregate[] = [
  ...aggregateNames
    .filter((name) => name !== 'vwap')
    .map((name): Aggregate => ({ name, inputs: [0] })),
  { name: 'vwap', inputs: [0, 1] },
  { name: 'sum', inputs: [1] },
];

function randomTicks(random: SeededRandom, count: number, disorderMs: number): Tick[] {
  let now = startDay * msPerDay;
  return Array.from({ length: count }, () => {
    now += random.integer(random.integer(100) === 0 ? 60_000 : 300);
    const isLate = disorderMs > 0 && random.integer(5) === 0;
    return {
      symbol: [3, 900, 14, 77][random.integer(random.integer(4) + 1)]!,
      ms: now - (isLate ? random.integer(disorderMs) : 0),
      ns: random.integer(nsPerMs),
      price: random.integer(40) === 0 ? Number.NaN : 100 + random.integer(1000) / 100,
      volume: random.integer(30) === 0 ? Number.NaN : random.integer(50),
    };
  });
}

interface Batch {
  readonly rows: TimedRows;
  readonly inputs: readonly Float64Array[];
}

function batchOf(ticks: readonly Tick[]): Batch {
  const day = Float64Array.from(ticks, ({ ms }) => Math.floor(ms / msPerDay));
  return {
    rows: {
      count: ticks.length,
      symbol: Uint32Array.from(ticks, ({ symbol }) => symbol),
      day,
      nsOfDay: Float64Array.from(ticks, ({ ms, ns }, at) => (ms - day[at]! * msPerDay) * 1e6 + ns),
    },
    inputs: [
      Float64Array.from(ticks, ({ price }) => price),
      Float64Array.from(ticks, ({ volume }) => volume),
    ],
  };
}

function engineInto(spec: WindowSpec, found: Row[]): WindowEngine {
  return new WindowEngine(spec, (rows) => {
    for (let row = 0; row < rows.count; row += 1)
      found.push({
        symbol: rows.symbol[row]!,
        startMs: rows.startDay[row]! * msPerDay + rows.startNsOfDay[row]! / nsPerMs,
        endMs: rows.day[row]! * msPerDay + rows.nsOfDay[row]! / nsPerMs,
        ticks: rows.ticks[row]!,
        corrected: rows.corrected[row] === 1,
        values: rows.values.map((column) => column[row]!),
      });
  });
}

function run(spec: WindowSpec, ticks: readonly Tick[], sizes: () => number): Row[] {
  const found: Row[] = [];
  const engine = engineInto(spec, found);
  for (let from = 0; from < ticks.length; ) {
    const size = sizes();
    const { rows, inputs } = batchOf(ticks.slice(from, from + size));
    engine.push(rows, inputs);
    from += size;
  }
  return found;
}

/** Two passes over what a window holds. */
function valuesOf(content: readonly Tick[]): number[] {
  const byTime = content.toSorted((a, b) => a.ms - b.ms || a.ns - b.ns);
  const sum = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0);
  const known = byTime.filter(({ price }) => Number.isFinite(price));
  const prices = known.map(({ price }) => price);
  const count = prices.length;
  const mean = sum(prices) / count;
  const weighed = known.filter(({ volume }) => Number.isFinite(volume));
  const volumes = byTime.map(({ volume }) => volume).filter(Number.isFinite);
  return [
    count,
    prices[0] ?? Number.NaN,
    prices.at(-1) ?? Number.NaN,
    count === 0 ? Number.NaN : Math.min(...prices),
    count === 0 ? Number.NaN : Math.max(...prices),
    sum(prices),
    mean,
    Math.sqrt(sum(prices.map((price) => (price - mean) ** 2)) / count),
    sum(weighed.map(({ price, volume }) => price * volume)) /
      sum(weighed.map(({ volume }) => volume)),
    sum(volumes),
  ];
}

function symbolsOf(ticks: readonly Tick[]): number[] {
  return [...new Set(ticks.map(({ symbol }) => symbol))].toSorted((a, b) => a - b);
}

/** Every tick is kept; each step looks at all of them. */
class Model {
  readonly rows: Row[] = [];
  late = 0;
  readonly #plan;
  #known: Tick[] = [];
  #lateSince: Tick[] = [];
  readonly #last = new Map<number, Row>();
  #newest = Number.NEGATIVE_INFINITY;
  #closed: number | undefined;

  constructor(spec: WindowSpec) {
    this.#plan = planWindows(spec);
  }

  add(tick: Tick): void {
    const { stepMs, waitMs, correctMs } = this.#plan;
    this.#newest = Math.max(this.#newest, tick.ms);
    const closed = Math.floor((this.#newest - waitMs) / stepMs) * stepMs;
    for (let end = (this.#closed ?? closed) + stepMs; end <= closed; end += stepMs)
      this.#close(end);
    this.#closed = closed;
    if (tick.ms < closed - correctMs) this.late += 1;
    else {
      this.#known.push(tick);
      if (tick.ms < closed) this.#lateSince.push(tick);
    }
  }

  #close(endMs: number): void {
    const { stepMs, purgeMs, fill, sizeMs } = this.#plan;
    for (const symbol of symbolsOf(this.#lateSince)) {
      const ends = this.#lateSince
        .filter((tick) => tick.symbol === symbol)
        .map(({ ms }) => (Math.floor(ms / stepMs) + 1) * stepMs);
      const last = Math.min(Math.max(...ends) + sizeMs - stepMs, endMs - stepMs);
      for (let end = Math.min(...ends); end <= last; end += stepMs) this.#give(symbol, end, true);
    }
    this.#lateSince = [];
    for (const symbol of symbolsOf(this.#known)) {
      const last = this.#last.get(symbol);
      if (this.#give(symbol, endMs, false) || fill === 'none' || last === undefined) continue;
      const constant = fill === 'zero' ? 0 : Number.NaN;
      const values = last.values.map((value) => (fill === 'previous' ? value : constant));
      const window = { symbol, startMs: endMs - sizeMs, endMs };
      this.rows.push({ ...window, ticks: 0, corrected: false, values });
    }
    const gone = symbolsOf(this.#known).filter((symbol) =>
      this.#known.every((tick) => {
        const step = Math.floor(tick.ms / stepMs) * stepMs;
        return tick.symbol !== symbol || step <= endMs - purgeMs;
      }),
    );
    this.#known = this.#known.filter(({ symbol }) => !gone.includes(symbol));
    for (const symbol of gone) this.#last.delete(symbol);
  }

  #give(symbol: number, endMs: number, corrected: boolean): boolean {
    const startMs = endMs - this.#plan.sizeMs;
    const content = this.#known.filter(
      (tick) => tick.symbol === symbol && tick.ms >= startMs && tick.ms < endMs,
    );
    if (content.length === 0) return false;
    const values = valuesOf(content);
    const row = { symbol, startMs, endMs, ticks: content.length, corrected, values };
    this.rows.push(row);
    if (!((this.#last.get(symbol)?.endMs ?? 0) > endMs)) this.#last.set(symbol, row);
    return true;
  }
}

/** Of sessions: all ticks of a symbol by time, cut where there are none for the gap. */
function sessionRows(gapMs: number, ticks: readonly Tick[]): Row[] {
  return symbolsOf(ticks).flatMap((symbol) => {
    const groups: Tick[][] = [];
    const own = ticks.filter((tick) => tick.symbol === symbol);
    for (const tick of own.toSorted((a, b) => a.ms - b.ms)) {
      const last = groups.at(-1);
      if (last === undefined || tick.ms - last.at(-1)!.ms >= gapMs) groups.push([tick]);
      else last.push(tick);
    }
    return groups.map((content) => ({
      symbol,
      startMs: content[0]!.ms,
      endMs: content.at(-1)!.ms + gapMs,
      ticks: content.length,
      corrected: false,
      values: valuesOf(content),
    }));
  });
}

function near(found: readonly Row[], wanted: readonly Row[], what: string): void {
  equal(found.length, wanted.length, `rows; ${what}`);
  for (const [at, row] of found.entries()) {
    const { values, ...own } = row;
    const { values: numbers, ...model } = wanted[at]!;
    deepEqual(own, model, `row ${at}; ${what}`);
    for (const [place, value] of values.entries()) {
      const number = numbers[place]!;
      const isNear =
        Object.is(value, number) || Math.abs(value - number) <= 1e-12 * Math.abs(number) + 1e-14;
      ok(isNear, `row ${at} value ${place}: ${value}, model ${number}; ${what}`);
    }
  }
}

const sliding = { kind: 'sliding', sizeMs: 60_000, stepMs: 10_000 } as const;
const specs: readonly Omit<WindowSpec, 'aggregates'>[] = [
  {},
  { shape: { kind: 'tumbling', sizeMs: 7000 } },
  { shape: sliding, waitMs: 4000 },
  { shape: sliding, waitMs: 1000, correctMs: 25_000 },
  {
    shape: { kind: 'sliding', sizeMs: 3000, stepMs: 1000 },
    fill: 'previous',
    correctMs: 4000,
    purgeMs: 30_000,
  },
  { shape: { kind: 'tumbling', sizeMs: 2000 }, fill: 'zero', correctMs: 9000, purgeMs: 20_000 },
  { shape: sliding, fill: 'nan', waitMs: 5000, correctMs: 10_000, purgeMs: 100_000 },
];

test('windows hold what a model that keeps every tick finds', () => {
  const random = new SeededRandom(seed);
  let corrected = 0;
  let filled = 0;
  for (const spec of specs) {
    const ticks = randomTicks(random, 800, 12_000);
    const found: Row[] = [];
    const engine = engineInto({ ...spec, aggregates }, found);
    const { rows, inputs } = batchOf(ticks);
    engine.push(rows, inputs);
    const model = new Model({ ...spec, aggregates });
    for (const tick of ticks) model.add(tick);
    const what = `${JSON.stringify(spec)}; ${seedText}`;
    near(found, model.rows, what);
    equal(engine.late, model.late, what);
    ok(found.length > 20, what);
    if (spec.correctMs === undefined) ok(!found.some(({ corrected }) => corrected), what);
    if (spec.fill === undefined) ok(!found.some((row) => row.ticks === 0), what);
    corrected += found.filter((row) => row.corrected).length;
    filled += found.filter((row) => row.ticks === 0).length;
  }
  ok(corrected > 0 && filled > 0, seedText);
});

test('sessions end where a symbol is silent, whatever the order within the wait', () => {
  const random = new SeededRandom(seed);
  for (const [gapMs, stepMs] of [
    [500, 500],
    [2000, 300],
    [900, 5000],
  ] as const) {
    const ticks = randomTicks(random, 800, 3000);
    const spec = { shape: { kind: 'session', gapMs, stepMs }, waitMs: 3000, aggregates } as const;
    const found: Row[] = [];
    const engine = engineInto(spec, found);
    const { rows, inputs } = batchOf(ticks);
    engine.push(rows, inputs);
    engine.advance(startDay + 1, 0);
    const ordered = found.toSorted((a, b) => a.symbol - b.symbol || a.startMs - b.startMs);
    near(ordered, sessionRows(gapMs, ticks), `gap ${gapMs}; ${seedText}`);
    equal(engine.late, 0);
    engine.advance(startDay + 2, 0);
    equal(engine.symbolCount, 0, 'all are forgotten');
  }
});

test('the same bits for any split into batches, and from a snapshot anywhere', () => {
  const random = new SeededRandom(seed);
  const session = { shape: { kind: 'session', gapMs: 1500 }, waitMs: 2000 } as const;
  for (const part of [...specs, session]) {
    const spec = { ...part, aggregates };
    const ticks = randomTicks(random, 400, 9000);
    const whole = run(spec, ticks, () => ticks.length);
    const what = `${JSON.stringify(part)}; ${seedText}`;
    deepEqual(
      run(spec, ticks, () => 1),
      whole,
      what,
    );
    deepEqual(
      run(spec, ticks, () => 1 + random.integer(50)),
      whole,
      what,
    );
    const found: Row[] = [];
    let engine = engineInto(spec, found);
    for (let from = 0; from < ticks.length; from += 7) {
      const { rows, inputs } = batchOf(ticks.slice(from, from + 7));
      engine.push(rows, inputs);
      const next = engineInto(spec, found);
      next.restore(engine.snapshot());
      deepEqual(next.snapshot(), engine.snapshot(), what);
      engine = next;
    }
    deepEqual(found, whole, what);
  }
});

test('what passed through before has no part in the bits of a window', () => {
  const spec = { aggregates, shape: sliding };
  const random = new SeededRandom(seed);
  const later = randomTicks(random, 500, 0);
  const before = randomTicks(random, 500, 0).map((tick) => ({
    ...tick,
    ms: tick.ms - msPerDay,
    price: 1e12 * random.next(),
  }));
  const own = run(spec, later, () => 1000);
  const both = run(spec, [...before, ...later], () => 1000);
  deepEqual(both.slice(-own.length), own, seedText);
});

test('a deviation keeps its digits at a high level of prices', () => {
  const ticks = randomTicks(new SeededRandom(seed), 600, 0).map((tick) => ({
    ...tick,
    price: 1e9 + (tick.price - 100) / 128,
  }));
  const model = new Model({ aggregates });
  for (const tick of ticks) model.add(tick);
  const found = run({ aggregates }, ticks, () => 1000);
  for (const [at, { values }] of found.entries()) {
    // Two passes over distances from a value near by, which are exact.
    const { startMs, endMs, symbol } = model.rows[at]!;
    const distances = ticks
      .filter((tick) => tick.symbol === symbol && tick.ms >= startMs && tick.ms < endMs)
      .map(({ price }) => price - 1e9)
      .filter(Number.isFinite);
    if (distances.length === 0) continue;
    const mean = distances.reduce((all, one) => all + one, 0) / distances.length;
    const squares = distances.reduce((all, one) => all + (one - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / distances.length);
    ok(Math.abs(values[7]! - deviation) <= 1e-12 * deviation, `row ${at}; ${seedText}`);
  }
});

test('windows of silent symbols close by the time of others, or by what is told', () => {
  const found: Row[] = [];
  const engine = engineInto({ aggregates: [{ name: 'last', inputs: [0] }] }, found);
  engine.advance(startDay, 0);
  const tick = { symbol: 5, ms: startDay * msPerDay + 1, ns: 0, price: 7, volume: 1 };
  const { rows, inputs } = batchOf([tick]);
  engine.push(rows, inputs);
  engine.advance(startDay, 10_000e6 - 1);
  equal(found.length, 0);
  engine.advance(startDay, 10_000e6);
  equal(found.length, 1);
  // Years later: six windows with the tick, and then nothing is done for each step between.
  const other = batchOf([{ ...tick, symbol: 6, ms: (startDay + 3000) * msPerDay }]);
  engine.push(other.rows, other.inputs);
  deepEqual(
    found.map((row) => row.endMs - startDay * msPerDay),
    [1, 2, 3, 4, 5, 6].map((at) => at * 10_000),
  );
  equal(engine.symbolCount, 1, 'the silent one is forgotten');
});

test('an older window that is corrected is not what later ones are filled with', () => {
  const tick = (symbol: number, second: number, price: number): Tick => {
    return { symbol, ms: startDay * msPerDay + second * 1000, ns: 0, price, volume: 1 };
  };
  const spec = {
    shape: { kind: 'tumbling', sizeMs: 1000 },
    aggregates: [{ name: 'last', inputs: [0] }],
    correctMs: 10_000,
    fill: 'previous',
  } as const;
  const ticks = [tick(1, 0, 1), tick(1, 1, 2), tick(2, 3, 7), tick(1, 0.5, 5), tick(2, 4, 8)];
  const rows = run(spec, ticks, () => 9).map(({ symbol, endMs, corrected, values }) => {
    return [symbol, (endMs % msPerDay) / 1000, corrected, values[0]];
  });
  deepEqual(rows, [
    [1, 1, false, 1],
    [1, 2, false, 2],
    [1, 3, false, 2],
    [1, 1, true, 5],
    [1, 4, false, 2],
    [2, 4, false, 7],
  ]);
});

test('windows that can not be, and snapshots of others', () => {
  const none = { aggregates: [] };
  for (const spec of [
    { ...none, shape: { kind: 'sliding', sizeMs: 1000, stepMs: 300 } },
    { ...none, shape: { kind: 'tumbling', sizeMs: 0.5 } },
    { ...none, waitMs: -1 },
    { ...none, purgeMs: 1000 },
    { ...none, shape: { kind: 'session', gapMs: 1000 }, correctMs: 1 },
    { ...none, shape: { kind: 'session', gapMs: 1000 }, fill: 'zero' },
    { ...none, fill: 'last' },
    { ...none, correctMs: 1e9, shape: { kind: 'tumbling', sizeMs: 1 } },
    { aggregates: [{ name: 'median', inputs: [0] }] },
    { aggregates: [{ name: 'vwap', inputs: [0] }] },
  ])
    throws(() => new WindowEngine(spec as WindowSpec, () => {}), { code: 'INVALID_ARGUMENT' });
  const engine = new WindowEngine({ aggregates }, () => {});
  const other = new WindowEngine({ aggregates, waitMs: 1 }, () => {});
  throws(() => other.restore(engine.snapshot()), /of other windows/);
  throws(() => engine.restore(engine.snapshot().subarray(8)), { code: 'INVALID_ARGUMENT' });
  throws(() => engine.restore(new Uint8Array(3)), { code: 'INVALID_ARGUMENT' });
  throws(() => engine.push(batchOf([]).rows, []), /expected 2 columns/);
});
