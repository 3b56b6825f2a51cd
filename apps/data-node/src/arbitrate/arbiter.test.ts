// Arbitration against the truth: sources that die, lag, repeat and reorder, and what comes out is
// each row once. And who leads: silence, loss, return.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createTickBatch,
  createTradeBatch,
  nsPerMs,
  nsPerSecond,
  TradeFlags,
} from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { Arbiter, type ArbiterOptions } from './arbiter.js';
import { SkewTable } from './skew-table.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 17);
const rowCount = process.env['NDTS_TEST_LONG'] === '1' ? 400_000 : 20_000;
const symbols = 5;
const sources = 3;

interface Row {
  readonly index: number;
  readonly symbol: number;
  readonly timeNs: number;
  readonly price: number;
  readonly volume: number;
}

interface Given {
  readonly row: Row;
  readonly source: number;
  readonly arrivalNs: number;
  readonly stampNs: number;
}

/** Rows that look alike but for their times; without `apart` some have even the same time. */
function makeTruth(random: SeededRandom, apart: boolean): Row[] {
  let timeNs = nsPerSecond;
  return Array.from({ length: rowCount }, (_, index) => {
    timeNs += apart ? 1000 + random.integer(nsPerMs) : random.integer(3) * 1000;
    const price = 100 + (apart ? index % 50 : random.integer(40));
    return { index, symbol: 1 + random.integer(symbols), timeNs, price, volume: 1 + (index % 7) };
  });
}

/** What the sources give: at any time one of them at least is alive and gives every row. */
function makeGiven(random: SeededRandom, truth: readonly Row[], jitterNs: number): Given[] {
  const given: Given[] = [];
  const lagNs = [0, 1, 2].map(() => random.integer(20_000));
  let faithful = 0;
  const dead = [false, false, false];
  for (const row of truth) {
    if (random.integer(200) === 0) {
      faithful = random.integer(sources);
      for (let source = 0; source < sources; source += 1) {
        dead[source] = source !== faithful && random.integer(2) === 0;
        lagNs[source] = random.integer(30_000);
      }
    }
    for (let source = 0; source < sources; source += 1) {
      if (dead[source] || (source !== faithful && random.integer(10) === 0)) continue;
      // Own delays up to 20 us reorder what a source gives; repeats come much later, too.
      const arrivalNs = row.timeNs + lagNs[source]! + random.integer(20_000);
      const stampNs = row.timeNs + random.integer(jitterNs + 1);
      given.push({ row, source: source + 1, arrivalNs, stampNs });
      while (random.integer(15) === 0)
        given.push({
          row,
          source: source + 1,
          arrivalNs: arrivalNs + random.integer(40_000),
          stampNs,
        });
    }
  }
  return given.sort((one, other) => one.arrivalNs - other.arrivalNs);
}

/** Feeds them in batches of one source; returns how often each row of the truth came out. */
function arbitrate(arbiter: Arbiter, given: readonly Given[], withIds: boolean): Uint8Array {
  const times = new Uint8Array(rowCount);
  const batch = createTickBatch(64);
  const id = new Float64Array(64);
  for (let at = 0; at < given.length; ) {
    const { source } = given[at]!;
    batch.count = 0;
    let nowNs = 0;
    while (batch.count < 64 && at < given.length && given[at]!.source === source) {
      const { row, stampNs, arrivalNs } = given[at]!;
      const place = batch.count++;
      batch.day[place] = 20_000;
      batch.nsOfDay[place] = stampNs;
      batch.symbol[place] = row.symbol;
      batch.price[place] = withIds ? 1 : row.price;
      batch.volume[place] = withIds ? 1 : row.volume;
      batch.sequence[place] = row.index;
      id[place] = row.index;
      nowNs = arrivalNs;
      at += 1;
    }
    if (withIds) {
      const kept = arbiter.choose({ ...batch, id }, source, nowNs);
      for (const row of arbiter.kept.subarray(0, kept)) times[batch.sequence[row]!]! += 1;
      continue;
    }
    arbiter.ticks(batch, source, nowNs);
    for (let row = 0; row < batch.count; row += 1) times[batch.sequence[row]!]! += 1;
  }
  return times;
}

function newArbiter(options: ArbiterOptions): Arbiter {
  const arbiter = new Arbiter({ slots: sources, ...options });
  for (let source = 1; source <= sources; source += 1) arbiter.addSource(source, source);
  return arbiter;
}

function checkOnce(times: Uint8Array, what: string): void {
  for (const [index, count] of times.entries())
    assert.equal(count, 1, `seed ${seed}, ${what}: row ${index} came out ${count} times`);
}

function checkStatistics(arbiter: Arbiter, given: readonly Given[]): void {
  const all = arbiter.statistics();
  const sum = (of: (one: (typeof all)[number]) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  assert.equal(
    sum((one) => one.rows),
    given.length,
  );
  assert.equal(
    sum((one) => one.first),
    rowCount,
  );
  assert.equal(
    sum((one) => one.first + one.copies + one.repeats),
    given.length,
  );
  for (const one of all) assert.ok(one.copies > 100 && one.repeats > 100 && one.missed > 10);
  for (const one of all) assert.ok(one.behindNsMean > 0 && one.behindNsP99 <= 2 * one.behindNsMax);
}

test('by venue number: each row once, also where times differ between sources', () => {
  const random = new SeededRandom(seed);
  const given = makeGiven(random, makeTruth(random, false), 5000);
  const arbiter = newArbiter({ skew: new SkewTable(10_000) });
  checkOnce(arbitrate(arbiter, given, true), 'numbers');
  checkStatistics(arbiter, given);
});

test('by time, price and volume: each row once', () => {
  const random = new SeededRandom(seed + 1);
  const truth = makeTruth(random, false);
  // Two that nothing tells apart are one, by definition.
  const looks = new Map(
    truth.map((row) => [`${row.symbol} ${row.timeNs} ${row.price} ${row.volume}`, row]),
  );
  const distinct = [...looks.values()];
  const arbiter = newArbiter({});
  const times = arbitrate(arbiter, makeGiven(random, distinct, 0), false);
  for (const row of distinct)
    assert.equal(times[row.index], 1, `seed ${seed}: row ${row.index} of ${distinct.length}`);
});

test('by price and volume within a skew: each row once, whatever stamps it has', () => {
  const random = new SeededRandom(seed + 2);
  const given = makeGiven(random, makeTruth(random, true), 4000);
  const arbiter = newArbiter({ skew: new SkewTable(4000) });
  checkOnce(arbitrate(arbiter, given, false), 'skew');
});

test('what is older than the window is counted as late, and never doubled', () => {
  const random = new SeededRandom(seed + 3);
  const given = makeGiven(random, makeTruth(random, true), 0);
  const arbiter = newArbiter({ window: 4 });
  const times = arbitrate(arbiter, [...given, ...given], false);
  assert.ok(times.every((count) => count <= 1));
  assert.ok(arbiter.statistics().some(({ late }) => late > 1000));
});

/** Row `step` of a symbol, given by a source at a time in seconds. */
function give(arbiter: Arbiter, source: number, step: number, atSeconds: number): boolean {
  const batch = createTickBatch(1);
  batch.count = 1;
  batch.nsOfDay[0] = step * nsPerMs;
  batch.symbol[0] = 1;
  batch.price[0] = 100;
  arbiter.ticks(batch, source, atSeconds * nsPerSecond);
  return batch.count === 1;
}

test('the lead: silence, return after the time, and no return while it comes and goes', () => {
  const arbiter = newArbiter({ silenceNs: 2 * nsPerSecond, returnNs: 10 * nsPerSecond });
  assert.equal(arbiter.lead(1), 0);
  let step = 0;
  const second = (atSeconds: number): void => {
    step += 1;
    give(arbiter, 2, step, atSeconds);
  };
  const both = (atSeconds: number): void => {
    step += 1;
    assert.ok(give(arbiter, 1, step, atSeconds));
    assert.ok(!give(arbiter, 2, step, atSeconds + 0.01));
  };
  both(0);
  both(100);
  assert.equal(arbiter.lead(1), 1, 'a symbol without rows makes nobody silent');
  for (const atSeconds of [101, 102, 103]) second(atSeconds);
  assert.equal(arbiter.lead(1), 1);
  second(103.5);
  assert.equal(arbiter.lead(1), 2, 'behind for more than two seconds');
  for (let at = 104; at < 114; at += 1) both(at);
  assert.equal(arbiter.lead(1), 2, 'well for less than ten seconds');
  arbiter.gap(1, 1, 113.5 * nsPerSecond);
  for (let at = 114; at < 124; at += 1) both(at);
  assert.equal(arbiter.lead(1), 2, 'a loss begins the time anew');
  both(124);
  assert.equal(arbiter.lead(1), 1);
  arbiter.gap(1, 1, 125 * nsPerSecond);
  assert.equal(arbiter.lead(1), 2, 'a loss of the leader is enough');
  const [first] = arbiter.statistics();
  assert.deepEqual([first!.failovers, first!.returns], [2, 1]);
});

test('a source that is lost or removed leads nothing; its slot is free again', () => {
  const arbiter = newArbiter({});
  give(arbiter, 1, 1, 0);
  give(arbiter, 3, 1, 0);
  give(arbiter, 2, 1, 0);
  arbiter.lost(1, nsPerSecond);
  assert.equal(arbiter.lead(1), 2, 'the better one of those left');
  arbiter.removeSource(2, 2 * nsPerSecond);
  assert.equal(arbiter.lead(1), 3);
  assert.ok(arbiter.addSource(9, 0));
  assert.ok(!arbiter.addSource(10, 0), 'no fourth slot');
  assert.ok(!give(arbiter, 9, 1, 3), 'a copy, not a repeat of the one before it');
  const nine = arbiter.statistics().find(({ source }) => source === 9);
  assert.deepEqual([nine?.copies, nine?.repeats], [1, 0]);
});

test('within the skew two rows of one source are two, and equal stamps are a repeat', () => {
  const arbiter = newArbiter({ skew: new SkewTable(5 * nsPerMs) });
  assert.ok(give(arbiter, 1, 10, 0));
  assert.ok(give(arbiter, 1, 12, 0));
  assert.ok(!give(arbiter, 1, 12, 0));
  assert.ok(!give(arbiter, 2, 11, 0));
  assert.ok(!give(arbiter, 2, 13, 0));
  assert.ok(!give(arbiter, 2, 13, 0));
  const counts = arbiter.statistics().map(({ first, copies, repeats }) => [first, copies, repeats]);
  assert.deepEqual(counts.slice(0, 2), [
    [2, 0, 1],
    [0, 2, 1],
  ]);
});

test('trades: by the numbers of the venue, and by what they are where it has none', () => {
  const arbiter = newArbiter({});
  const batch = createTradeBatch(8);
  const trades = (source: number, rows: readonly (readonly [number, number])[]): number[] => {
    batch.count = rows.length;
    for (const [row, [id, price]] of rows.entries()) {
      batch.symbol[row] = 1;
      batch.price[row] = price;
      batch.tradeId[row] = id;
      batch.flags[row] = id === 0 ? 0 : TradeFlags.id;
    }
    arbiter.trades(batch, source, 0);
    return [...batch.price.subarray(0, batch.count)];
  };
  assert.deepEqual(
    trades(1, [
      [1, 9],
      [2, 9],
      [2, 9],
      [0, 5],
    ]),
    [9, 9, 5],
  );
  assert.deepEqual(
    trades(2, [
      [2, 9],
      [0, 5],
      [3, 9],
      [0, 6],
    ]),
    [9, 6],
  );
});
