// The data node on a real engine and real rings, for tests of its path: run by a virtual clock, its
// ticks off the rings and out of the engine. Not part of any door.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createCleaner } from '@ndts/native/clean';
import {
  bookSchema,
  type ConfigValues,
  createTickBatch,
  nsPerMs,
  shardOf,
  tradeSchema,
} from '@ndts/protocol';
import { createSilentLogger, EmbeddedBus, Metrics, type VirtualClock } from '@ndts/runtime';
import {
  type BookRingReader,
  createBookRings,
  createTickRings,
  createTradeRings,
  type Database,
  openBookRings,
  openDataFolder,
  openTickRings,
  openTicks,
  openTradeRings,
  type RowRingsOptions,
  type TickRingReader,
  type TickRingWriter,
  type TradeRingReader,
} from '@ndts/storage';
import { cleanRules } from './clean/rules.js';
import type { Feed } from './feed/feed.js';
import { Simulator, simulatorSymbolNames } from './feed/simulator.js';
import { createDataNode, type DataNode } from './node.js';

export const shardCount = 8;
export const args = { 'cluster.shards': String(shardCount), 'storage.ringSlots': '4096' };
export const symbols = simulatorSymbolNames(10).map((name, index) => ({
  id: index + 1,
  shard: shardOf(name, shardCount),
  name,
}));

type MakeFeed = (clock: VirtualClock, lastPrices: ReadonlyMap<number, number>) => Feed;

/** Equal clocks and prices give equal ticks. */
export function simulated(clock: VirtualClock, lastPrices: ReadonlyMap<number, number>): Simulator {
  const options = { symbols, ticksPerSecond: 5000, seed: 5, dirtPerMillion: 10_000 };
  return new Simulator({ ...options, clock, lastPrices });
}

export interface Life {
  readonly database: Database;
  readonly rings: TickRingWriter;
  readonly reader: TickRingReader;
  readonly trades: TradeRingReader;
  readonly books: BookRingReader;
  readonly feed: Feed;
  readonly node: DataNode;
  readonly bus: EmbeddedBus;
  readonly clock: VirtualClock;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

export function live(
  dir: string,
  clock: VirtualClock,
  config: ConfigValues,
  makeFeed: MakeFeed = simulated,
): Life {
  const logger = createSilentLogger();
  const folder = openDataFolder({ dir, memoryParent: `${dir}-memory`, userId: 0 });
  const database = openTicks(folder, config);
  for (const { id, shard, name } of symbols) database.registerSymbol(id, shard, name);
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const shape = (slotCount: number, table?: number): RowRingsOptions => ({
    dir: join(folder.memory, 'rings'),
    slotCount,
    epochs: shards.map((shard) => database.epoch(shard)),
    firstSequences: shards.map((shard) => database.nextSequence(shard, table)),
  });
  const rings = createTickRings(shape(config.storage.ringSlots));
  const tradeRings = createTradeRings(shape(64, database.createTable(tradeSchema)));
  const bookRings = createBookRings(shape(64, database.createTable(bookSchema)));
  const last = createTickBatch(1);
  const known = symbols.filter(({ id }) => database.lastTicks(id, last) > 0);
  const lastPrices = new Map(
    known.map(({ id }) => {
      database.lastTicks(id, last);
      return [id, last.price[0]!] as const;
    }),
  );
  const feed = makeFeed(clock, lastPrices);
  const cleaner = createCleaner(cleanRules(config));
  const bus = new EmbeddedBus({ clock, logger });
  const metrics = new Metrics();
  const node = createDataNode({
    config,
    feed,
    cleaner,
    database,
    rings,
    tradeRings,
    bookRings,
    symbols: { all: () => symbols },
    clock,
    bus,
    metrics,
    logger,
  });
  const reader = openTickRings({ paths: rings.paths, from: 'oldest' });
  const trades = openTradeRings({ paths: tradeRings.paths, from: 'oldest' });
  const books = openBookRings({ paths: bookRings.paths, from: 'oldest' });
  const close = async (): Promise<void> => {
    await node.stop();
    for (const one of [reader, trades, books, rings, tradeRings, bookRings]) one.close();
    cleaner.close();
    database.close();
  };
  return { database, rings, reader, trades, books, feed, node, bus, metrics, clock, close };
}

/** Runs the node and takes everything off the rings: prices by `shard:sequence`. */
export function run(life: Life, clock: VirtualClock, ms: number): Map<string, number> {
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

export function stored(database: Database): Map<string, number> {
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

export function workPlace(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-data-'));
  context.after(() => {
    for (const path of [dir, `${dir}-memory`]) rmSync(path, { recursive: true, force: true });
  });
  return dir;
}
