// The data node's path: order of the stages, what happens when the engine refuses, what is
// reported.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCleaner } from '@ndts/native/clean';
import {
  copyTickRow,
  createTickBatch,
  type DataStatus,
  NdtsError,
  nsPerMs,
  nsPerSecond,
  type RejectView,
  subjects,
  type SymbolInfo,
  type TickBatch,
  tickSchema,
} from '@ndts/protocol';
import { createSilentLogger, EmbeddedBus, loadConfig, Metrics, VirtualClock } from '@ndts/runtime';
import { type Database, type TableBatch, type TickRingWriter, tickTable } from '@ndts/storage';
import { cleanRules } from './clean/rules.js';
import { Simulator, simulatorSymbolNames } from './feed/simulator.js';
import { createDataNode, type DataNode } from './node.js';

const shardCount = 4;

/** Counts like an engine, keeps the prices, and refuses when told to. */
class FakeEngine {
  readonly shardCount = shardCount;
  readonly prices: number[] = [];
  readonly sequences = new Float64Array(shardCount);
  readonly epochs = [1, 1, 1, 1];
  readonly rejects: { reason: string; next: bigint; shard: number }[] = [];
  refusal: NdtsError | undefined;
  rejectsRefusal: NdtsError | undefined;
  position = 0;
  durable = 0;

  appendTicks(batch: TickBatch): number {
    if (this.refusal !== undefined) throw this.refusal;
    for (let row = 0; row < batch.count; row += 1) {
      const shard = batch.symbol[row]! % shardCount;
      batch.shard[row] = shard;
      batch.epoch[row] = 1;
      batch.sequence[row] = this.sequences[shard]!;
      this.sequences[shard]! += 1;
      this.prices.push(batch.price[row]!);
    }
    this.position += batch.count;
    return this.position;
  }
  createTable = (): number => 2;
  nextSequence = (shard: number): number => this.sequences[shard]!;
  appendRows(_table: number, rows: TableBatch): number {
    if (this.rejectsRefusal !== undefined) throw this.rejectsRefusal;
    const next = rows.column('next_sequence') as BigInt64Array;
    for (let row = 0; row < rows.count; row += 1)
      this.rejects.push({
        reason: rows.text('reason', row),
        next: next[row]!,
        shard: rows.symbol[row]! % shardCount,
      });
    return this.position;
  }
  watermarks(into: Float64Array): void {
    for (let shard = 0; shard < shardCount; shard += 1)
      into.set([this.sequences[shard]!, this.durable / shardCount, 0, 0], 4 * shard);
  }
  durablePosition = (): number => this.durable;
  epoch = (): number => 1;
  stats = (): { appendWaits: number } => ({ appendWaits: 3 });
  tables = (): { id: number }[] => [{ id: tickTable, ...tickSchema }];
  latest(_table: number, symbols: Uint32Array, rows: TableBatch): number {
    rows.count = symbols.length;
    rows.symbol.set(symbols);
    (rows.column('price') as Float64Array).fill(42.5);
    return symbols.length;
  }
}

/** Keeps what was published and checks that it was accepted before. */
class FakeRings {
  readonly paths: readonly string[] = [];
  readonly prices: number[] = [];
  readonly engine: FakeEngine;
  marks = 0;
  beats = 0;
  failure: Error | undefined;

  constructor(engine: FakeEngine) {
    this.engine = engine;
  }
  publish(batch: TickBatch): void {
    if (this.failure !== undefined) throw this.failure;
    for (let row = 0; row < batch.count; row += 1) {
      this.prices.push(batch.price[row]!);
      assert.ok(batch.sequence[row]! < this.engine.sequences[batch.shard[row]!]!);
    }
  }
  setWatermarks(): void {
    this.marks += 1;
  }
  heartbeat(): void {
    this.beats += 1;
  }
  close(): void {}
}

function create(dirtPerMillion = 20_000): {
  clock: VirtualClock;
  engine: FakeEngine;
  rings: FakeRings;
  feed: Simulator;
  bus: EmbeddedBus;
  metrics: Metrics;
  node: DataNode;
} {
  const config = loadConfig({ args: {}, environment: {} });
  const clock = new VirtualClock(Date.UTC(2025, 3, 1, 12));
  const logger = createSilentLogger();
  const bus = new EmbeddedBus({ clock, logger });
  const symbols = simulatorSymbolNames(6).map((name, index) => ({
    id: index + 1,
    shard: (index + 1) % shardCount,
    name,
  }));
  const feed = new Simulator({ symbols, ticksPerSecond: 10_000, seed: 3, dirtPerMillion, clock });
  const engine = new FakeEngine();
  const rings = new FakeRings(engine);
  const metrics = new Metrics();
  const node = createDataNode({
    config,
    feed,
    cleaner: createCleaner(cleanRules(config)),
    database: engine as unknown as Database,
    rings: rings as unknown as TickRingWriter,
    symbols: { all: () => symbols },
    clock,
    bus,
    metrics,
    logger,
    batchCapacity: 256,
  });
  return { clock, engine, rings, feed, bus, metrics, node };
}

function runFor(node: DataNode, clock: VirtualClock, ms: number): void {
  for (let turn = 0; turn < ms; turn += 1) {
    clock.advance(nsPerMs);
    node.doWork();
  }
}

test('every polled tick is accepted and published, or counted with its reason', async () => {
  const { node, clock, engine, rings, feed, bus } = create();
  const seen: DataStatus[] = [];
  bus.subscribe(subjects.dataStatus, ({ payload }) => seen.push(payload as DataStatus));
  assert.equal(node.doWork(), 0, 'nothing before start');
  await node.start();
  runFor(node, clock, 2000);
  const polled = feed.stats().polled;
  const dirt = feed.dirt();
  const dirty = Object.values(dirt).reduce((sum, count) => sum + count, 0);
  assert.ok(polled >= 20_000 && dirty > 200);
  assert.deepEqual(rings.prices, engine.prices);
  assert.equal(engine.prices.length, polled - dirty);
  const status = seen.at(-1)!;
  assert.equal(status.rejected['duplicate'], dirt.duplicate);
  assert.equal(status.rejected['outOfOrder'], dirt.outOfOrder);
  assert.equal(status.rejected['sentinel'], dirt.notANumber + dirt.largest);
  assert.equal(status.rejected['crossed'], dirt.crossed);
  assert.equal(status.rejected['spread'], dirt.wideSpread);
  assert.equal(status.rejected['volume'], dirt.negativeVolume);
  assert.equal(status.rejected['price'], dirt.zeroPrice);
  assert.ok(Math.abs(status.ticksPerSecond - 10_000) < 1000, `${status.ticksPerSecond}`);
  assert.ok(rings.marks > 1500 && rings.beats === rings.marks);
  assert.ok(seen.length >= 7 && seen.length <= 10);
});

test('a full disk holds the batch and the feed, and goes on by itself', async () => {
  const { node, clock, engine, rings, feed } = create();
  await node.start();
  runFor(node, clock, 100);
  engine.refusal = new NdtsError('DISK_FULL', 'no space for the next log file');
  runFor(node, clock, 50);
  const polled = feed.stats().polled;
  const accepted = engine.prices.length;
  runFor(node, clock, 1000);
  assert.equal(feed.stats().polled, polled, 'polling stops');
  assert.equal(node.state(), 'DEGRADED');
  assert.equal(node.status().state, 'DEGRADED');
  assert.match(node.status().reason, /DISK_FULL: no space/);
  assert.equal(node.health().ok, false);
  assert.equal(engine.prices.length, accepted);
  engine.refusal = undefined;
  runFor(node, clock, 500);
  const dirty = Object.values(feed.dirt()).reduce((sum, count) => sum + count, 0);
  assert.equal(engine.prices.length, feed.stats().polled - dirty, 'no tick lost, none twice');
  assert.deepEqual(rings.prices, engine.prices);
  assert.equal(node.state(), 'ACTIVE');
});

test('rejects are kept with the place they had among the ticks of their shard', async () => {
  const { node, clock, engine, feed, rings } = create(200_000);
  const order: string[] = [];
  const poll = feed.poll.bind(feed);
  // What the same rules refuse when they see the rows one by one.
  const twin = createCleaner(cleanRules(loadConfig({ args: {}, environment: {} })));
  const one = createTickBatch(1);
  const none = createTickBatch(1);
  feed.poll = (batch) => {
    const count = poll(batch);
    for (let row = 0; row < count; row += 1) {
      copyTickRow(batch, row, one, 0);
      one.count = 1;
      const symbol = batch.symbol[row]!;
      order.push(`${symbol % shardCount}:${twin.clean(one, none, 0, clock.now())}`);
    }
    return count;
  };
  await node.start();
  runFor(node, clock, 500);
  const next = [0, 0, 0, 0];
  const expected: string[] = [];
  for (const entry of order) {
    const shard = Number(entry[0]);
    if (entry.endsWith(':0')) next[shard]! += 1;
    else expected.push(`${shard}:${next[shard]}`);
  }
  assert.ok(expected.length > 500, `${expected.length}`);
  assert.deepEqual(
    engine.rejects.map(({ shard, next: sequence }) => `${shard}:${sequence}`),
    expected,
  );
  assert.equal(engine.rejects.length + rings.prices.length, feed.stats().polled);
});

test('rejects that the engine refuses hold the feed, and none is lost', async () => {
  const { node, clock, engine, feed } = create(20_000);
  await node.start();
  runFor(node, clock, 100);
  engine.rejectsRefusal = new NdtsError('DISK_FULL', 'no space for the next log file');
  runFor(node, clock, 200);
  const polled = feed.stats().polled;
  runFor(node, clock, 1000);
  assert.equal(feed.stats().polled, polled, 'polling stops');
  assert.equal(node.state(), 'DEGRADED');
  assert.match(node.health().detail, /DISK_FULL: no space/);
  engine.rejectsRefusal = undefined;
  runFor(node, clock, 500);
  assert.equal(engine.rejects.length + engine.prices.length, feed.stats().polled);
  assert.equal(node.state(), 'ACTIVE');
});

test('a batch that was accepted but not published is not accepted twice', async () => {
  const { node, clock, engine, rings } = create(0);
  await node.start();
  runFor(node, clock, 10);
  rings.failure = new Error('ring gone');
  clock.advance(nsPerMs);
  assert.throws(() => node.doWork(), /ring gone/);
  assert.throws(() => node.doWork(), /ring gone/);
  rings.failure = undefined;
  runFor(node, clock, 10);
  assert.deepEqual(rings.prices, engine.prices);
});

test('the durable lag is the age of the oldest accepted tick that is not durable', async () => {
  const { node, clock, engine } = create(0);
  await node.start();
  runFor(node, clock, 100);
  engine.durable = engine.position;
  runFor(node, clock, 600);
  assert.ok(node.status().watermarks.durableLagMs >= 340, 'nothing became durable since');
  engine.durable = engine.position;
  clock.advance(2 * nsPerSecond);
  node.doWork();
  assert.ok(node.status().watermarks.durableLagMs <= 1, 'only the newest tick waits');
});

test('symbols and rejects are answered; a price from before the start is known', async () => {
  const { node, clock, bus } = create();
  await node.start();
  const before = (await bus.request(subjects.dataSymbols, { limit: 2 })) as SymbolInfo[];
  assert.deepEqual(before[0], { id: 1, name: 'SIM0001', shard: 1, ticks: 0, price: 42.5 });
  assert.equal(before.length, 2);
  runFor(node, clock, 1000);
  const after = (await bus.request(subjects.dataSymbols, undefined)) as SymbolInfo[];
  assert.equal(after.length, 6);
  assert.ok(after.every((symbol) => symbol.ticks > 0));
  const rejects = (await bus.request(subjects.dataRejects, 5)) as RejectView[];
  assert.equal(rejects.length, 5);
  assert.ok(rejects.every((reject) => reject.reason !== 'ok' && reject.timeMs > 1.7e12));
  await node.stop();
  await assert.rejects(bus.request(subjects.dataSymbols, undefined), /UNAVAILABLE|nobody/);
});

test('metrics carry what was counted', async () => {
  const { node, clock, metrics, engine } = create();
  await node.start();
  runFor(node, clock, 600);
  const text = await metrics.text();
  const match = /^ndts_data_ticks_accepted_total (\d+)$/m.exec(text);
  assert.ok(Number(match?.[1]) > 0 && Number(match?.[1]) <= engine.prices.length);
  assert.match(text, /ndts_clean_refused_total\{rule="duplicate",source="simulator"\} \d+/);
});
