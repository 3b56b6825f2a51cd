// Bars against a plain grouping of all ticks: which ticks are in which bar, and what it says of
// them; and what is special: sessions, late ticks, bars that are full at once, a snapshot at any
// tick.

import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { msPerDay, nsPerMs } from '@ndts/protocol';
import { parseTextDocument, SeededRandom } from '@ndts/runtime';
import { BarBuilder, type BarSpec, type BarView } from './bar-builder.js';
import { type BarSessions, SymbolSessions } from './bar-sessions.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 7);
const seedText = `seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`;
/** Thursday, 2026-01-01. */
const firstDay = 20_454;

interface Tick {
  readonly day: number;
  readonly nsOfDay: number;
  /** In hundredths, so that a model can be exact. */
  readonly price: number;
  readonly volume: number;
}

function randomTicks(count: number): Tick[] {
  const random = new SeededRandom(seed);
  let ms = 0;
  return Array.from({ length: count }, () => {
    // Often the same moment, seldom hours later.
    ms += random.integer(4) === 0 ? 0 : random.integer(random.integer(40) === 0 ? 9e6 : 40_000);
    const day = Math.floor(ms / msPerDay);
    const nsOfDay = (ms - day * msPerDay) * nsPerMs + random.integer(nsPerMs);
    return {
      day: firstDay + day,
      nsOfDay,
      price: 9000 + random.integer(2000),
      volume: random.integer(500),
    };
  }).toSorted((a, b) => a.day - b.day || a.nsOfDay - b.nsOfDay);
}

const exchanges = new SymbolSessions(
  parseTextDocument(
    'calendars: { sse: { zone: Asia/Shanghai, sessions: ["09:30-11:30", "13:00-15:00"], ' +
      'holidays: [2026-01-05] }, nyse: { zone: America/New_York, sessions: ["09:30-16:00"] } }\n' +
      'classes: { stock: { calendar: sse, priceMax: 5000 }, fund: { extends: stock }, ' +
      'usa: { extends: fund, calendar: nyse }, default: { spreadMax: 0.5 } }\n' +
      'symbols: [{ match: SH51*, class: fund }, { match: [SH6*, SZ*], class: stock }, ' +
      '{ match: SPY?, class: usa }, { match: BTC*, class: stock, calendar: always }]',
    'yaml',
    'rules.yaml',
  ),
  { firstDay: firstDay - 1, lastDay: firstDay + 60 },
);
const sessions = exchanges.of('SH600000');
ok(sessions !== undefined);

/** Of a day: 01:30 to 03:30 and 05:00 to 07:00 UTC; not on Saturday, Sunday, and the holiday. */
function sessionOf({ day, nsOfDay }: Tick): [number, number] | undefined {
  if ([6, 0].includes((day + 4) % 7) || day === firstDay + 4) return undefined;
  const [first, second] = [
    [1.5, 3.5],
    [5, 7],
  ] as const;
  const hour = nsOfDay / 3_600e9;
  const found = [first, second].find(([open, close]) => hour >= open && hour < close);
  return found && [day * msPerDay + found[0] * 3_600_000, day * msPerDay + found[1] * 3_600_000];
}

function msOf({ day, nsOfDay }: Tick): number {
  return day * msPerDay + Math.floor(nsOfDay / nsPerMs);
}

function periodOf(tick: Tick, { size, sessions: only }: BarSpec): [number, number] {
  const day = tick.day * msPerDay;
  const [open, close] = (only && sessionOf(tick)) ?? [day, day + msPerDay];
  let end = open;
  while (end <= msOf(tick)) end += size;
  return [end - size, Math.min(end, close)];
}

/** All ticks of each bar. */
function groups(ticks: readonly Tick[], { kind, size, sessions: only }: BarSpec): Tick[][] {
  const bars = new Map<string, Tick[]>();
  const filled = new Map<string, { sum: number; bar: number }>();
  for (const tick of ticks) {
    const always: [number, number] =
      kind === 'time' ? [tick.day * msPerDay, (tick.day + 1) * msPerDay] : [0, 1];
    const session = only === undefined ? always : sessionOf(tick);
    if (session === undefined) continue;
    const of = filled.get(`${session}`) ?? { sum: 0, bar: 0 };
    filled.set(`${session}`, of);
    const part = kind === 'time' ? Math.floor((msOf(tick) - session[0]) / size) : of.bar;
    const key = `${session} ${part}`;
    const bar = bars.get(key);
    if (bar === undefined) bars.set(key, [tick]);
    else bar.push(tick);
    const units = { time: 0, ticks: 1, volume: tick.volume, value: tick.price * tick.volume }[kind];
    of.sum += units;
    if (of.sum >= size * { time: 1, ticks: 1, volume: 100, value: 10_000 }[kind]) {
      of.sum = 0;
      of.bar += kind === 'time' ? 0 : 1;
    }
  }
  return [...bars.values()];
}

function expected(
  ticks: readonly Tick[],
): Omit<BarView, 'day' | 'nsOfDay' | 'endDay' | 'endNsOfDay'> {
  const prices = ticks.map(({ price }) => price / 100);
  const sum = (of: (tick: Tick) => number): number => ticks.reduce((all, one) => all + of(one), 0);
  return {
    open: prices[0]!,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: prices.at(-1)!,
    volume: sum(({ volume }) => volume) / 100,
    value: sum(({ price, volume }) => price * volume) / 10_000,
    count: ticks.length,
  };
}

const specs: readonly BarSpec[] = [
  { kind: 'time', size: 60_000 },
  { kind: 'time', size: 7_000_000 },
  { kind: 'ticks', size: 1 },
  { kind: 'ticks', size: 50 },
  { kind: 'volume', size: 2 },
  { kind: 'volume', size: 25 },
  { kind: 'value', size: 12_345.67891 },
].flatMap((spec) => [spec as BarSpec, { ...spec, sessions } as BarSpec]);

function textOf({ kind, size, sessions: only }: BarSpec): string {
  return `${kind} ${size}${only === undefined ? '' : ' in sessions'}; ${seedText}`;
}

/** By push() alone, or told the time before each; the last is closed by time. */
function build(builder: BarBuilder, ticks: readonly Tick[], told: boolean): BarView[] {
  const bars: BarView[] = [];
  const take = (): number => bars.push({ ...builder.closed });
  for (const { day, nsOfDay, price, volume } of ticks) {
    if (told) while (builder.closeBy(day, nsOfDay)) take();
    if (builder.push(day, nsOfDay, price / 100, volume / 100)) take();
  }
  while (builder.closeBy(firstDay + 1000, 0)) take();
  return bars;
}

test('bars hold the ticks that a plain grouping of all finds', () => {
  const ticks = randomTicks(1500);
  for (const spec of specs) {
    const bars = build(new BarBuilder(spec), ticks, false);
    let model = groups(ticks, spec);
    // Without a session's end nothing closes the last of these.
    if (spec.kind !== 'time' && spec.sessions === undefined) model = model.slice(0, bars.length);
    equal(bars.length, model.length, textOf(spec));
    ok(bars.length > 0, textOf(spec));
    for (const [at, { day, nsOfDay, endDay, endNsOfDay, ...bar }] of bars.entries()) {
      const group = model[at]!;
      const { value, ...exact } = expected(group);
      ok(Math.abs(bar.value - value) <= 1e-15 * value, `value of ${at}, ${textOf(spec)}`);
      deepEqual({ ...bar, value: 0 }, { ...exact, value: 0 }, `bar ${at}, ${textOf(spec)}`);
      const [first, last] = [group[0]!, group.at(-1)!];
      if (spec.kind === 'time') {
        const [open, close] = periodOf(first, spec);
        equal(day * msPerDay + nsOfDay / nsPerMs, open, textOf(spec));
        equal(endDay * msPerDay + endNsOfDay / nsPerMs, close, textOf(spec));
      } else
        deepEqual(
          [day, nsOfDay, endDay, endNsOfDay],
          [first.day, first.nsOfDay, last.day, last.nsOfDay],
        );
    }
    deepEqual(build(new BarBuilder(spec), ticks, true), bars, textOf(spec));
  }
});

test('goes on from a snapshot at any tick to the same bits', () => {
  const ticks = randomTicks(200);
  for (const spec of specs) {
    const whole = build(new BarBuilder(spec), ticks, false);
    let builder = new BarBuilder(spec);
    const bars: BarView[] = [];
    for (const { day, nsOfDay, price, volume } of ticks) {
      if (builder.push(day, nsOfDay, price / 100, volume / 100)) bars.push({ ...builder.closed });
      const next = new BarBuilder(spec);
      next.restore(builder.snapshot());
      deepEqual(next.snapshot(), builder.snapshot());
      builder = next;
    }
    while (builder.closeBy(firstDay + 1000, 0)) bars.push({ ...builder.closed });
    deepEqual(bars, whole, textOf(spec));
  }
});

test('periods begin at the opening and are cut at the close', () => {
  const at = (only: BarSessions | undefined, size: number, hour: number): unknown => {
    const builder = new BarBuilder({ kind: 'time', size, ...(only && { sessions: only }) });
    builder.push(firstDay, hour * 3_600e9, 1, 1);
    ok(builder.closeBy(firstDay + 1, 0));
    const { day, nsOfDay, endDay, endNsOfDay } = builder.closed;
    return [day - firstDay, nsOfDay / 3_600e9, endDay - firstDay, endNsOfDay / 3_600e9];
  };
  deepEqual(at(undefined, 3_600_000, 2.75), [0, 2, 0, 3]);
  deepEqual(at(sessions, 3_600_000, 2.75), [0, 2.5, 0, 3.5]);
  deepEqual(at(undefined, 7 * 3_600_000, 23), [0, 21, 1, 0]);
  deepEqual(at(sessions, msPerDay, 6), [0, 5, 0, 7]);
});

test('late ticks, ticks outside of sessions and ticks that are none are in no bar', () => {
  const builder = new BarBuilder({ kind: 'time', size: 60_000, ...(sessions && { sessions }) });
  const at = (minute: number): number => (90 + minute) * 60e9;
  equal(builder.push(firstDay, at(-1), 9, 1), false);
  equal(builder.push(firstDay, at(0.5), 10, 1), false);
  equal(builder.push(firstDay, at(0.2), 11, 1), false, 'out of order within its bar');
  equal(builder.push(firstDay, at(0.3), Number.NaN, 1), false);
  equal(builder.push(firstDay, at(0.3), 50, -1), false);
  equal(builder.push(firstDay, at(0.3), 50, Number.POSITIVE_INFINITY), false);
  equal(builder.closeBy(firstDay, at(1) - 1), false);
  equal(builder.closeBy(firstDay, at(1)), true);
  equal(builder.closeBy(firstDay, at(1)), false);
  const { open, high, low, close, count } = builder.closed;
  deepEqual([open, high, low, close, count], [10, 11, 10, 11, 2]);
  equal(builder.push(firstDay, at(0.9), 12, 1), false);
  equal(builder.push(firstDay, at(1), 13, 1), false);
  equal(builder.push(firstDay, at(121), 14, 1), true, 'in the break: it closes, and is in none');
  deepEqual([builder.closed.open, builder.closed.count], [13, 1]);
  deepEqual([builder.late, builder.outside], [1, 2]);
});

test('a tick that ends one bar and fills another: that one comes with the next call', () => {
  const builder = new BarBuilder({ kind: 'volume', size: 5, ...(sessions && { sessions }) });
  equal(builder.push(firstDay, 2 * 3_600e9, 10, 1), false);
  equal(builder.push(firstDay, 5 * 3_600e9, 11, 7), true);
  equal(builder.closed.volume, 1);
  equal(builder.push(firstDay, 5 * 3_600e9, 12, 1), true);
  equal(builder.closed.volume, 7);
  equal(builder.closeBy(firstDay, 7 * 3_600e9), true);
  deepEqual([builder.closed.open, builder.closed.volume], [12, 1]);
});

test('volumes add up as decimals do, and so does the sum of values', () => {
  const builder = new BarBuilder({ kind: 'volume', size: 1 });
  for (let tick = 1; tick < 10; tick += 1) equal(builder.push(firstDay, tick, 3, 0.1), false);
  equal(builder.push(firstDay, 10, 3, 0.1), true);
  equal(builder.closed.volume, 1);
  const value = new BarBuilder({ kind: 'value', size: 1 });
  for (let tick = 1; tick < 10; tick += 1) equal(value.push(firstDay, tick, 0.1, 1), false);
  equal(value.push(firstDay, 10, 0.1, 1), true);
});

test('a symbol has the calendar of its entry, its class, or what that extends', () => {
  const sse = exchanges.named('sse');
  ok(sse !== undefined);
  for (const name of ['SH600000', 'SZ000001', 'SH510050']) equal(exchanges.of(name), sse, name);
  ok(exchanges.named('nyse') !== undefined);
  equal(exchanges.of('SPY1'), exchanges.named('nyse'));
  for (const name of ['SPY', 'BTCUSDT', 'EURUSD']) equal(exchanges.of(name), undefined, name);
  const span = { firstDay, lastDay: firstDay };
  const read = (text: string): SymbolSessions =>
    new SymbolSessions(parseTextDocument(text, 'yaml', 'rules.yaml'), span);
  equal(read('').of('SH600000'), undefined);
  const rule = 'calendars: { c: { zone: UTC, sessions: ["09:00-10:00"] } }\n';
  ok(read(`${rule}classes: { default: { calendar: c } }`).of('any') !== undefined);
  throws(
    () => read(`${rule}classes: { a: { calendar: d } }`),
    /yaml:2: .*expected one of c, always/,
  );
  throws(() => read('symbols: [{ match: A*, class: b }]'), { code: 'CONFIG_INVALID_VALUE' });
  const loop = read(
    `classes: { a: { extends: b }, b: { extends: a } }\nsymbols: [{ match: A, class: a }]`,
  );
  equal(loop.of('A'), undefined, 'cleaning refuses it; bars end nowhere');
});

test('bars that can not be, and states of others', () => {
  for (const [kind, size] of [
    ['time', 0],
    ['time', 1.5],
    ['time', msPerDay + 1],
    ['ticks', 0.5],
    ['volume', -1],
    ['value', Number.NaN],
    ['price', 1],
  ] as const)
    throws(() => new BarBuilder({ kind, size } as BarSpec), { code: 'INVALID_ARGUMENT' });
  const bytes = new BarBuilder({ kind: 'ticks', size: 5 }).snapshot();
  for (const spec of [
    { kind: 'ticks', size: 6 },
    { kind: 'volume', size: 5 },
  ] as const)
    throws(() => new BarBuilder(spec).restore(bytes), /expected the state of a/);
  throws(() => new BarBuilder({ kind: 'ticks', size: 5 }).restore(bytes.subarray(8)), {
    message: /expected 168 bytes/,
  });
});
