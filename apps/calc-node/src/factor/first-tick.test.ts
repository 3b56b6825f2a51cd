// The first tick that stored factors with windows of time look at, and from when on windows are
// full, held against looking at all ticks.

import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, nsPerMs, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { bollinger, custom, factor } from './declare.js';
import { FactorPlan } from './factor-plan.js';
import { WarmSymbols } from './warm-symbols.js';

const seed = 23;

/** One symbol, whole seconds. */
function ticksOf(count: number): TickBatch {
  const random = new SeededRandom(seed);
  const batch = createTickBatch(count);
  let seconds = 0;
  for (let row = 0; row < count; row += 1) {
    seconds += random.integer(5) === 0 ? random.integer(90) : random.integer(3);
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = seconds * 1000 * nsPerMs;
    batch.sequence[row] = 7 * row;
    batch.price[row] = 100 + random.integer(100);
    batch.volume[row] = 1;
  }
  batch.count = count;
  return batch;
}

test('rows name the first tick in their windows', () => {
  const batch = ticksOf(300);
  const store = { store: true };
  // 64 s: panes of a second, so that a window is the newest 64 seconds.
  const plan = new FactorPlan(
    {
      time: factor('vwap(64s)', store),
      rows: factor('sma(price, 5)', store),
      rowsOfTime: factor('sma(vwap(64s), 5) - 1', store),
      timeOfRows: factor('max(sma(price, 5), 64s)', store),
      bands: bollinger({ period: '64s', store: true }),
      own: custom({ inputs: ['vwap(64s)'], warmUp: 5, update: () => 1, ...store }),
    },
    300,
  );
  plan.compute(batch);
  const second = (row: number): number => batch.nsOfDay[row]! / 1e9;
  const windowOf = (row: number): number => {
    let first = row;
    while (first > 0 && second(first - 1) > second(row) - 64) first -= 1;
    return first;
  };
  for (let row = 0; row < 300; row += 1) {
    const first = windowOf(row);
    const rowsBefore = (of: number): number => (of < 4 ? Number.NaN : batch.sequence[of - 4]!);
    deepEqual(
      plan.factors.map(({ firsts }) => firsts![row]),
      [
        batch.sequence[first],
        rowsBefore(row),
        row < 4 ? Number.NaN : batch.sequence[windowOf(row - 4)],
        row < 4 ? Number.NaN : rowsBefore(Math.max(first, 4)),
        batch.sequence[first],
        row < 4 ? Number.NaN : batch.sequence[windowOf(row - 4)],
      ],
      `seed ${seed} row ${row}`,
    );
  }
  deepEqual(
    plan.factors.map(({ reach }) => reach),
    [[1, 64e9, 1], [5], [5, 64e9, 1], [1, 64e9, 5], [1, 64e9, 1], [5, 64e9, 1]],
  );
  plan.close();
});

test('windows are full when they look at nothing before the beginning', () => {
  const batch = createTickBatch(6);
  batch.nsOfDay.set([10e9, 20e9, 69e9, 70e9, 71e9, 200e9]);
  batch.day.fill(20_000);
  batch.count = 6;
  const from = { day: 20_000, nsOfDay: 10e9 };
  const full = (...reach: number[]): boolean[] => {
    const warm = new WarmSymbols(reach, from);
    return Array.from({ length: 6 }, (_, row) => warm.add(batch, row));
  };
  const since = (first: number): boolean[] => Array.from({ length: 6 }, (_, row) => row >= first);
  deepEqual(full(1), since(0));
  deepEqual(full(3), since(2));
  deepEqual(full(1, 60e9, 1), since(3));
  deepEqual(full(2, 60e9, 1), since(4));
  deepEqual(full(1, 51e9, 2), since(4));
  deepEqual(full(1, 1e9, 1, 60e9, 1), since(4));
  equal(full(1, 900e9, 1).at(-1), false);
});
