// The data node on a real engine and real rings: what a reader of the rings sees is what the
// engine holds, and a restart goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch } from '@ndts/protocol';
import { loadConfig, VirtualClock } from '@ndts/runtime';
import { args, live, run, stored, symbols, workPlace } from './node-test-kit.js';

test('readers of the rings see what the engine holds; a restart goes on', async (context) => {
  const dir = workPlace(context);
  const config = loadConfig({ args, environment: {} });
  const clock = new VirtualClock(Date.UTC(2025, 5, 2, 8));
  const first = live(dir, clock, config);
  await first.node.start();
  const seen = run(first, clock, 1000);
  assert.ok(seen.size > 4500);
  assert.deepEqual(seen, stored(first.database));
  const epoch = first.database.epoch(0);
  const prices = new Map([...seen].sort());
  await first.database.durable();
  await first.close();

  const second = live(dir, clock, config);
  context.after(() => second.close());
  assert.ok(second.database.epoch(0) > epoch);
  assert.deepEqual(new Map([...stored(second.database)].sort()), prices, 'nothing is lost');
  const last = createTickBatch(1);
  const before = new Map(
    symbols.map(({ id }) => [id, second.database.lastTicks(id, last) && last.price[0]!]),
  );
  await second.node.start();
  const seenAfter = run(second, clock, 300);
  assert.ok(seenAfter.size > 1000);
  for (const key of seenAfter.keys()) assert.ok(!seen.has(key), `sequence ${key} given twice`);
  for (const { id } of symbols) {
    const price = second.database.lastTicks(id, last) && last.price[0]!;
    const change = Math.abs(price / before.get(id)! - 1);
    assert.ok(change < 0.02, `symbol ${id} jumped by ${change}`);
  }
  const { accepted } = second.node.status().watermarks;
  assert.ok(accepted >= seen.size && accepted <= seen.size + seenAfter.size);
});
