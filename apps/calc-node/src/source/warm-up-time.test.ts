// Windows of time when a strategy starts: warmed up from history it gives at once, to the bit, what
// one gives that ran all along; also where ticks came late, and windows are of windows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyTickRow, createTickBatch, nsPerDay, nsPerMs, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { bollinger, factor } from '../factor/declare.js';
import { FactorPlan } from '../factor/factor-plan.js';
import { StoredHistory, type StoredRows } from './stored-history.js';
import { WarmUp } from './warm-up.js';

const seed = 17;
const capacity = 64;
const symbols = [0, 1].map((id) => ({ id, shard: id, name: `S${id}` }));

/** A shard per symbol; times of one may be late by some seconds. */
function tapeOf(rows: number): TickBatch {
  const random = new SeededRandom(seed);
  const tape = createTickBatch(rows);
  const next = [0, 0];
  let ms = 86_400_000 - 60_000;
  for (let row = 0; row < rows; row += 1) {
    ms += random.integer(4) === 0 ? random.integer(4000) : random.integer(40);
    const symbol = random.integer(2);
    const late = random.integer(20) === 0 ? random.integer(5000) : 0;
    tape.symbol[row] = tape.shard[row] = symbol;
    tape.epoch[row] = 1;
    tape.sequence[row] = next[symbol]!;
    next[symbol] = next[symbol]! + 1;
    const at = (ms - late) * nsPerMs;
    tape.day[row] = 20_000 + Math.floor(at / nsPerDay);
    tape.nsOfDay[row] = at % nsPerDay;
    tape.price[row] = 100 + random.integer(1000) / 100;
    tape.volume[row] = 1 + random.integer(50);
  }
  tape.count = rows;
  return tape;
}

/** The first `end` rows, as a database has them. */
function historyOf(tape: TickBatch, end: number): StoredHistory {
  const rowsOf = (symbol: number): number[] =>
    Array.from({ length: end }, (_, row) => row).filter((row) => tape.symbol[row] === symbol);
  const ns = (row: number): number => (tape.day[row]! - 20_000) * nsPerDay + tape.nsOfDay[row]!;
  const rows: StoredRows = {
    shardCount: 2,
    epoch: () => 1,
    nextSequence: (shard) => rowsOf(shard).length,
    readSequence: () => 0,
    lastTicks(symbol, batch) {
      const byTime = rowsOf(symbol).toSorted((a, b) => ns(a) - ns(b) || a - b);
      const newest = byTime.slice(-batch.capacity);
      for (const [at, row] of newest.entries()) copyTickRow(tape, row, batch, at);
      batch.count = newest.length;
      return newest.length;
    },
  };
  return new StoredHistory(rows);
}

function compute(plan: FactorPlan, tape: TickBatch, from: number, to: number): number[][] {
  const found: number[][] = [];
  const part = createTickBatch(capacity);
  for (let row = from; row < to; row += 1) {
    copyTickRow(tape, row, part, 0);
    part.count = 1;
    plan.compute(part);
    found.push(plan.factors.map(({ cursor }) => cursor.columns.value[0]!));
  }
  return found;
}

const declared = {
  vwap: factor('vwap(60s)'),
  stretch: factor('zscore(price / vwap(10s), 30s)'),
  mean: factor('sma(vwap(20s), 20)'),
  above: factor('std(sma(price, 50), 45s) + count(2s)'),
  bands: bollinger({ period: '90s' }),
};

test('a start on history gives at once what a run all along gives', async () => {
  const tape = tapeOf(1600);
  for (const cut of [700, 1100, 1500]) {
    const all = new FactorPlan(declared, capacity);
    compute(all, tape, 0, cut);
    const history = historyOf(tape, cut);
    const fresh = new FactorPlan(declared, capacity);
    const warmUp = new WarmUp(history, history.positions('ticks', 'accepted'), fresh.reach);
    let rows = 0;
    for await (const batch of warmUp.batches(symbols, capacity)) {
      fresh.compute(batch);
      rows += batch.count;
    }
    assert.ok(rows < cut, 'not all of history');
    const expected = compute(all, tape, cut, cut + 100);
    // Of 2 s: ticks that are later than that are in no window.
    assert.ok(expected.flat().filter(Number.isFinite).length > 450);
    assert.deepEqual(compute(fresh, tape, cut, cut + 100), expected, `seed ${seed}, cut ${cut}`);
    all.close();
    fresh.close();
  }
});

test('without enough history the values differ: the test above can fail', async () => {
  const tape = tapeOf(1600);
  const all = new FactorPlan(declared, capacity);
  const fresh = new FactorPlan(declared, capacity);
  compute(all, tape, 0, 1100);
  const history = historyOf(tape, 1100);
  const warmUp = new WarmUp(history, history.positions('ticks', 'accepted'), [1, 10e9, 1]);
  for await (const batch of warmUp.batches(symbols, capacity)) fresh.compute(batch);
  assert.notDeepEqual(compute(fresh, tape, 1100, 1101), compute(all, tape, 1100, 1101));
  all.close();
  fresh.close();
});
