// Hours, bursts, halts and losses of the simulator, and that none of them costs it its
// reproducibility.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, nsPerMs, type TickBatch, timeFromMs } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { allDirtKinds, rareDirtKinds } from './dirt.js';
import { Simulator, type SimulatorOptions, simulatorSymbolNames } from './simulator.js';

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** 09:30 to 11:30 and 13:00 to 15:00. */
const sessions = [
  { fromMs: 9.5 * hourMs, toMs: 11.5 * hourMs },
  { fromMs: 13 * hourMs, toMs: 15 * hourMs },
];
/** A Friday. */
const startMs = Date.UTC(2026, 0, 9, 8);

function create(options: Partial<SimulatorOptions>, count = 50): Simulator {
  return new Simulator({
    symbols: simulatorSymbolNames(count).map((name, index) => ({ id: index + 1, name })),
    ticksPerSecond: 10,
    seed: 3,
    dirtPerMillion: 0,
    clock: new VirtualClock(startMs),
    start: timeFromMs(startMs),
    ...options,
  });
}

function filled(feed: Simulator, rows: number): TickBatch {
  const batch = createTickBatch(rows);
  assert.equal(feed.fill(batch), rows);
  return batch;
}

test('halts are told when they begin and when they are over', () => {
  const clock = new VirtualClock(startMs);
  const feed = create({ haltsPerMillion: 20_000, ticksPerSecond: 1000, clock }, 5);
  void feed.connect();
  const batch = createTickBatch(1024);
  const halted = new Set<number>();
  let began = 0;
  let ended = 0;
  for (let ms = 0; ms < 200_000; ms += 100) {
    clock.advance(100 * nsPerMs);
    feed.poll(batch);
    feed.pollHalts((symbol, isHalted) => {
      assert.equal(halted.has(symbol), !isHalted);
      if (isHalted) halted.add(symbol);
      else halted.delete(symbol);
      began += isHalted ? 1 : 0;
      ended += isHalted ? 0 : 1;
    });
  }
  assert.ok(began > 10 && ended > 10, `${began} began, ${ended} ended`);
  // Two of one symbol between two looks are one.
  assert.ok(began <= feed.marketEvents().halts);
  assert.equal(began - ended, halted.size);
});

test('ticks come in the hours of working days only, more of them at both ends', () => {
  const batch = filled(create({ sessions, isShaped: true }), 200_000);
  const perDay = new Map<number, number>();
  const byMinute = new Float64Array(24 * 60);
  for (let row = 0; row < batch.count; row += 1) {
    const ms = batch.nsOfDay[row]! / nsPerMs;
    assert.ok(
      sessions.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs),
      `${ms} ms`,
    );
    perDay.set(batch.day[row]!, (perDay.get(batch.day[row]!) ?? 0) + 1);
    byMinute[Math.floor(ms / minuteMs)]! += 1;
  }
  const days = [...perDay.keys()].map((day) => day - Math.floor(startMs / (24 * hourMs)));
  assert.deepEqual(days.slice(0, 3), [0, 3, 4], 'Friday, Monday, Tuesday');
  const minutes = (from: number): number =>
    byMinute.subarray(from, from + 20).reduce((sum, one) => sum + one);
  assert.ok(minutes(9.5 * 60) > 1.8 * minutes(10.3 * 60));
});

test('while the market is closed nothing is due, and nothing is given up as too old', async () => {
  const clock = new VirtualClock(startMs);
  const feed = create({ sessions, clock, ticksPerSecond: 1 });
  const batch = createTickBatch(64);
  await feed.connect();
  clock.advance(hourMs * nsPerMs);
  assert.equal(feed.poll(batch), 0);
  clock.advance(0.5 * hourMs * nsPerMs);
  assert.equal(feed.poll(batch), 1, 'the first at 09:30');
  clock.advance(10_000 * nsPerMs);
  assert.equal(feed.poll(batch), 10);
  assert.equal(feed.stats().skipped, 0);
});

test('bursts, halts and losses happen and are counted', () => {
  const feed = create({ burstsPerMillion: 500, haltsPerMillion: 1000, gapsPerMillion: 300 });
  const batch = filled(feed, 100_000);
  const events = feed.marketEvents();
  assert.ok(events.bursts > 20 && events.halts > 20 && events.gaps > 10);
  assert.ok(events.lost > 5 * events.gaps);
  assert.deepEqual([feed.stats().gaps, feed.stats().skipped], [events.gaps, events.lost]);
  let longest = 0;
  let run = 0;
  for (let row = 1; row < batch.count; row += 1) {
    run = batch.symbol[row] === batch.symbol[row - 1] ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  assert.ok(longest >= 50, `longest run ${longest}`);
});

test('thousands of symbols with all of it are the same for a seed, however they are cut', () => {
  const options: Partial<SimulatorOptions> = {
    sessions,
    isShaped: true,
    burstsPerMillion: 500,
    haltsPerMillion: 500,
    gapsPerMillion: 500,
    dirtPerMillion: 20_000,
    dirt: allDirtKinds,
    ticksPerSecond: 5000,
  };
  const whole = filled(create(options, 4000), 60_000);
  const parts = create(options, 4000);
  let at = 0;
  for (const size of [1, 7, 2992, 40_000, 17_000]) {
    const part = filled(parts, size);
    for (const name of ['day', 'nsOfDay', 'price', 'volume', 'bid', 'ask', 'symbol'] as const)
      assert.deepEqual(part[name], whole[name].slice(at, at + size), `${name} at ${at}`);
    at += size;
  }
  assert.equal(at, 60_000);
  assert.ok(new Set(whole.symbol).size > 3900);
});

test('the rare kinds of dirt are made when they are asked for', () => {
  const feed = create({ dirtPerMillion: 50_000, dirt: allDirtKinds });
  filled(feed, 50_000);
  const dirt = feed.dirt();
  for (const kind of rareDirtKinds) assert.ok(dirt[kind] > 50, `${kind}: ${dirt[kind]}`);
  const plain = create({ dirtPerMillion: 50_000 });
  filled(plain, 50_000);
  for (const kind of rareDirtKinds) assert.equal(plain.dirt()[kind], 0);
});

test('sessions that overlap are refused', () => {
  assert.throws(
    () =>
      create({
        sessions: [
          { fromMs: 0, toMs: 10 },
          { fromMs: 5, toMs: 20 },
        ],
      }),
    /sessions/,
  );
});
