// The data node on a real engine and real rings: what a reader of the rings sees is what the
// engine holds, and a restart goes on.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCleaner } from '@ndts/native/clean';
import { type ConfigValues, createTickBatch, nsPerMs, shardOf } from '@ndts/protocol';
import { createSilentLogger, EmbeddedBus, loadConfig, Metrics, VirtualClock } from '@ndts/runtime';
import {
  createTickRings,
  type Database,
  openDataFolder,
  openTickRings,
  openTicks,
  type TickRingReader,
  type TickRingWriter,
} from '@ndts/storage';
import { cleanRules } from './clean/rules.js';
import { Simulator, simulatorSymbolNames } from './feed/simulator.js';
import { createDataNode, type DataNode } from './node.js';

const shardCount = 8;
const args = { 'cluster.shards': String(shardCount), 'storage.ringSlots': '4096' };
const symbols = simulatorSymbolNames(10).map((name, index) => ({
  id: index + 1,
  shard: shardOf(name, shardCount),
  name,
}));

interface Life {
  readonly database: Database;
  readonly rings: TickRingWriter;
  readonly reader: TickRingReader;
  readonly feed: Simulator;
  readonly node: DataNode;
  close(): Promise<void>;
}

function live(dir: string, clock: VirtualClock, config: ConfigValues): Life {
  const logger = createSilentLogger();
  const folder = openDataFolder({ dir, memoryParent: `${dir}-memory`, userId: 0 });
  const database = openTicks(folder, config);
  for (const { id, shard, name } of symbols) database.registerSymbol(id, shard, name);
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const rings = createTickRings({
    dir: join(folder.memory, 'rings'),
    slotCount: config.storage.ringSlots,
    epochs: shards.map((shard) => database.epoch(shard)),
    firstSequences: shards.map((shard) => database.nextSequence(shard)),
  });
  const last = createTickBatch(1);
  const known = symbols.filter(({ id }) => database.lastTicks(id, last) > 0);
  const lastPrices = new Map(
    known.map(({ id }) => {
      database.lastTicks(id, last);
      return [id, last.price[0]!] as const;
    }),
  );
  const feed = new Simulator({
    symbols,
    ticksPerSecond: 5000,
    seed: 5,
    dirtPerMillion: 10_000,
    clock,
    lastPrices,
  });
  const cleaner = createCleaner(cleanRules(config));
  const node = createDataNode({
    config,
    feed,
    cleaner,
    database,
    rings,
    symbols: { all: () => symbols },
    clock,
    bus: new EmbeddedBus({ clock, logger }),
    metrics: new Metrics(),
    logger,
  });
  const reader = openTickRings({ paths: rings.paths, from: 'oldest' });
  const close = async (): Promise<void> => {
    await node.stop();
    reader.close();
    rings.close();
    cleaner.close();
    database.close();
  };
  return { database, rings, reader, feed, node, close };
}

/** Runs the node and takes everything off the rings: prices by `shard:sequence`. */
function run(life: Life, clock: VirtualClock, ms: number): Map<string, number> {
  const seen = new Map<string, number>();
  const batch = createTickBatch(1024);
  for (let turn = 0; turn < ms; turn += 1) {
    clock.advance(nsPerMs);
    life.node.doWork();
    while (life.reader.poll(batch) > 0)
      for (let row = 0; row < batch.count; row += 1)
        seen.set(`${batch.shard[row]}:${batch.sequence[row]}`, batch.price[row]!);
  }
  assert.equal(life.reader.lapped(), 0);
  return seen;
}

function stored(database: Database): Map<string, number> {
  const all = new Map<string, number>();
  const batch = createTickBatch(4096);
  for (let shard = 0; shard < shardCount; shard += 1)
    for (let from = 0; database.readSequence(shard, from, batch) > 0; ) {
      for (let row = 0; row < batch.count; row += 1)
        all.set(`${shard}:${batch.sequence[row]}`, batch.price[row]!);
      from = batch.sequence[batch.count - 1]! + 1;
    }
  return all;
}

function workPlace(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-data-'));
  context.after(() => {
    for (const path of [dir, `${dir}-memory`]) rmSync(path, { recursive: true, force: true });
  });
  return dir;
}

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
