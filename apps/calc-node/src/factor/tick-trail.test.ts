// The first tick behind each row, held against counting back through all ticks of its symbol.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { TickTrail } from './tick-trail.js';

const depths = [1, 3, 20] as const;

test('rows name the first tick behind them, over any cuts and a restart', (context) => {
  // ambient: lets a person repeat a failed run
  const seed = Number(process.env['NDTS_SEED'] ?? 4711);
  context.diagnostic(`NDTS_SEED=${seed}`);
  const random = new SeededRandom(seed);
  const seen = new Map<number, number[]>();
  let trail = new TickTrail(depths, 64);
  let sequence = 0;
  const fill = (batch: TickBatch): void => {
    batch.count = 1 + random.integer(64);
    for (let row = 0; row < batch.count; row += 1) {
      sequence += 1 + random.integer(3);
      batch.symbol[row] = random.integer(5);
      batch.sequence[row] = sequence;
    }
  };
  for (let round = 0; round < 60; round += 1) {
    const batch = createTickBatch(64);
    fill(batch);
    trail.push(batch);
    for (let row = 0; row < batch.count; row += 1) {
      const known = seen.get(batch.symbol[row]!) ?? [];
      known.push(batch.sequence[row]!);
      seen.set(batch.symbol[row]!, known);
      const expected = depths.map((depth) => known.at(-depth) ?? Number.NaN);
      assert.deepEqual(
        trail.firsts.map((first) => first[row]),
        expected,
      );
    }
    if (random.integer(4) > 0) continue;
    const next = new TickTrail(depths, 64);
    for (const symbol of seen.keys()) {
      const bytes = new Uint8Array(trail.stateBytes);
      trail.save(symbol, bytes);
      next.load(symbol, bytes);
    }
    trail = next;
  }
});
