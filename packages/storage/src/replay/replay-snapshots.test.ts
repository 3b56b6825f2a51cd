// Snapshots against a plain walk over all ticks.

import { deepEqual, equal, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { addNs, nsBetween, nsPerDay, nsPerSecond, type Time } from '@ndts/protocol';
import { replaySnapshots } from './replay-snapshots.js';
import { fillTicks, inOrder, type PlainTick, replayFolder } from './replay-test-kit.js';

interface PlainSnapshot {
  readonly day: number;
  readonly nsOfDay: number;
  readonly changed: string[];
  readonly prices: (number | null)[];
  readonly sequences: (number | null)[];
}

const orNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** State by state: rows below each grid time are applied, then it is written down. */
function plainSnapshots(
  ticks: readonly PlainTick[],
  names: readonly string[],
  origin: Time,
  intervalNs: number,
  gaps: boolean,
): PlainSnapshot[] {
  const result: PlainSnapshot[] = [];
  const last = new Map<string, PlainTick>();
  let grid = origin;
  let at = 0;
  while (at < ticks.length) {
    grid = addNs(grid, intervalNs);
    const changed = new Set<string>();
    for (let one = ticks[at]; one !== undefined && nsBetween(one, grid) < 0; one = ticks[at]) {
      last.set(one.name, one);
      changed.add(one.name);
      at += 1;
    }
    if (changed.size === 0 && (!gaps || result.length === 0)) continue;
    result.push({
      ...grid,
      changed: [...changed].sort(),
      prices: names.map((name) => orNull(last.get(name)?.price)),
      sequences: names.map((name) => orNull(last.get(name)?.sequence)),
    });
  }
  return result;
}

for (const intervalNs of [7 * nsPerSecond, 3600 * nsPerSecond, 1.5 * nsPerDay])
  for (const gaps of [true, false])
    test(`snapshots every ${intervalNs} ns, gaps: ${gaps}`, async (context) => {
      const folder = replayFolder(context);
      const database = folder.open();
      const names = ['A', 'GAMMA', 'ÖL'];
      const all = inOrder(fillTicks(database, folder.random, 1500));
      const from = { day: 19_999, nsOfDay: 12_345 };
      const ticks = all.filter((one) => names.includes(one.name) && nsBetween(one, from) >= 0);
      const found: PlainSnapshot[] = [];
      const options = { from, intervalNs, gaps, columns: ['price'] } as const;
      for await (const snapshot of replaySnapshots(database, names, options)) {
        const { day, nsOfDay, changed, changedCount, last } = snapshot;
        const places = [...changed.subarray(0, changedCount)];
        found.push({
          day,
          nsOfDay,
          changed: places.map((place) => names[place] ?? '').sort(),
          prices: [...last.price].map(orNull),
          sequences: [...last.sequence].map(orNull),
        });
      }
      deepEqual(found, plainSnapshots(ticks, names, from, intervalNs, gaps));
    });

test('each() visits what iterating gives; wrong intervals are refused', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  fillTicks(database, folder.random, 1500);
  const options = { intervalNs: 60 * nsPerSecond };
  const times: number[] = [];
  for await (const { day, nsOfDay } of replaySnapshots(database, undefined, options))
    times.push(day * nsPerDay + nsOfDay);
  const visited: number[] = [];
  await replaySnapshots(database, undefined, options).each(({ day, nsOfDay }) =>
    visited.push(day * nsPerDay + nsOfDay),
  );
  deepEqual(visited, times);
  equal(
    times.every((time) => time % options.intervalNs === 0),
    true,
  );
  for (const intervalNs of [0, -1, 0.5, Number.NaN, 2 ** 60])
    throws(() => replaySnapshots(database, undefined, { intervalNs }), /interval/);
  const abort = new AbortController();
  const { signal } = abort;
  const aborted = replaySnapshots(database, undefined, { ...options, signal });
  await aborted.next();
  abort.abort(new Error('enough'));
  await rejects(aborted.next(), /enough/);
});
