// Quality of a symbol from where it is seen to where it counts: the data node judges, the rings and
// the bus carry it, the exec node's risk obeys, the table keeps it. Everything is real but the
// clock and the feed. Always: a symbol that is not GOOD only lets positions shrink, and comes back
// by itself.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BookChangeBatch,
  createDataNode,
  createNoFeed,
  type DataNode,
  type Feed,
  type FeedAbilities,
  type FeedStats,
  openCleaner,
} from '@ndts/data-node';
import { createExecNode, type ExecNode, PaperBroker, type SignalRingReader } from '@ndts/exec-node';
import {
  type KeyValueStore,
  nsPerMs,
  OrderType,
  type OrderView,
  parseMoney,
  type QualityView,
  SignalSlot,
  shardOf,
  subjects,
  type TickBatch,
  type TradeBatch,
  writeTime,
} from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  SeededRandom,
  VirtualClock,
} from '@ndts/runtime';
import {
  createTickRings,
  type Database,
  MappedTransport,
  openDataFolder,
  openTicks,
  Sql,
} from '@ndts/storage';

const shardCount = 4;
const symbols = ['AAA', 'BBB'].map((name, at) => ({
  id: at + 1,
  name,
  shard: shardOf(name, shardCount),
}));
const args = {
  'cluster.shards': String(shardCount),
  'storage.ringSlots': '1024',
  'quality.staleMs': '400',
  'quality.settleMs': '100',
  'quality.gapMs': '200',
  'risk.dataSilentMs': '1000',
  'risk.staleMs': '5000',
};

/** Gives one tick of each symbol that is on, every time it is asked. */
class HandFeed implements Feed {
  readonly name = 'hand';
  readonly on = new Set<number>([1, 2]);
  readonly clock: VirtualClock;
  gaps = 0;
  readonly #none = createNoFeed();
  #step = 0;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }
  async connect(): Promise<void> {}
  async disconnect(): Promise<void> {}
  poll(batch: TickBatch): number {
    const { day, nsOfDay } = this.clock.now();
    this.#step += 1;
    batch.count = 0;
    for (const id of this.on) {
      const row = batch.count++;
      const price = 100 + (this.#step % 2) / 100;
      batch.day[row] = day;
      batch.nsOfDay[row] = nsOfDay;
      batch.price[row] = price;
      batch.volume[row] = 1;
      batch.bid[row] = price - 0.01;
      batch.ask[row] = price + 0.01;
      batch.bidVolume[row] = 1;
      batch.askVolume[row] = 1;
      batch.symbol[row] = id;
      batch.flags[row] = 0;
    }
    return batch.count;
  }
  stats(): FeedStats {
    return { ...this.#none.stats(), state: 'connected', gaps: this.gaps };
  }
  get abilities(): FeedAbilities {
    return this.#none.abilities;
  }
  subscribe(): void {}
  unsubscribe(): void {}
  pollTrades(batch: TradeBatch): number {
    return this.#none.pollTrades(batch);
  }
  pollBook(batch: BookChangeBatch): number {
    return this.#none.pollBook(batch);
  }
  rejects(): [] {
    return [];
  }
}

/** Signals pushed by hand, in the real layout. */
class HandSignals implements SignalRingReader {
  readonly #slots: Uint8Array[] = [];
  #ordinal = 0;

  push(clock: VirtualClock, symbol: number, side: number): string {
    const slot = new Uint8Array(SignalSlot.sizeBytes);
    const view = new DataView(slot.buffer);
    const { day, nsOfDay } = clock.now();
    this.#ordinal += 1;
    writeTime(view, SignalSlot.time, day, nsOfDay);
    writeTime(view, SignalSlot.tickTime, day, nsOfDay);
    view.setUint32(SignalSlot.symbol, symbol, true);
    view.setUint32(SignalSlot.instance, 1, true);
    view.setBigUint64(SignalSlot.ordinal, BigInt(this.#ordinal), true);
    view.setInt32(SignalSlot.side, side, true);
    view.setUint32(SignalSlot.orderType, OrderType.market, true);
    view.setBigInt64(SignalSlot.quantity, parseMoney('1'), true);
    view.setUint32(SignalSlot.validForMs, 2000, true);
    this.#slots.push(slot);
    return `1-${this.#ordinal}-0`;
  }
  poll(into: Uint8Array): number {
    const slots = this.#slots.splice(0, Math.floor(into.length / SignalSlot.sizeBytes));
    for (const [at, slot] of slots.entries()) into.set(slot, at * SignalSlot.sizeBytes);
    return slots.length;
  }
  lapped(): number {
    return 0;
  }
}

interface Desk {
  readonly clock: VirtualClock;
  readonly feed: HandFeed;
  readonly data: DataNode;
  readonly exec: ExecNode;
  readonly bus: EmbeddedBus;
  readonly database: Database;
  /** The data node runs, too. */
  isDataAlive: boolean;
  run(ms: number): Promise<void>;
  /** What becomes of an order. */
  order(symbol: number, side: number): Promise<string>;
}

async function desk(context: TestContext): Promise<Desk> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-quality-'));
  const config = loadConfig({ args, environment: {} });
  const clock = new VirtualClock(Date.UTC(2025, 5, 2, 8));
  const logger = createSilentLogger();
  const bus = new EmbeddedBus({ clock, logger });
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
  const cleaner = openCleaner(config);
  const feed = new HandFeed(clock);
  const common = { config, clock, bus, logger, metrics: new Metrics() };
  const directory = { all: () => symbols };
  const data = createDataNode({ ...common, feed, cleaner, database, rings, symbols: directory });
  const markets = [1, 2].map(() => new MappedTransport(rings.paths).openTicks(shards));
  const broker = new PaperBroker({
    ...{ dir: join(dir, 'venue'), market: markets[0]!, clock, logger },
    ...{ random: new SeededRandom(1), latencyUs: 0, feeBps: 0 },
  });
  const journal: KeyValueStore = new MemoryKeyValueStore();
  const symbolName = (id: number): string => symbols[id - 1]?.name ?? '';
  const exec = createExecNode({
    ...common,
    journal,
    broker,
    market: markets[1]!,
    symbolName,
    epoch: 1,
  });
  const signals = new HandSignals();
  exec.addSignalRing(1, 'hand', signals);
  await exec.start();
  await data.start();
  context.after(async () => {
    await data.stop();
    await exec.stop();
    for (const market of markets) market.close();
    rings.close();
    cleaner.close();
    database.close();
    for (const path of [dir, `${dir}-memory`]) rmSync(path, { recursive: true, force: true });
  });
  const run = async (ms: number): Promise<void> => {
    for (let turn = 0; turn < ms; turn += 10) {
      clock.advance(10 * nsPerMs);
      if (one.isDataAlive) data.doWork();
      exec.doWork();
      await Promise.resolve();
    }
  };
  const order = async (symbol: number, side: number): Promise<string> => {
    const id = signals.push(clock, symbol, side);
    for (let turn = 0; turn < 5; turn += 1) {
      exec.doWork();
      await Promise.resolve();
    }
    const orders = (await bus.request(subjects.execOrders, { limit: 50 })) as OrderView[];
    const found = orders.find(({ clientOrderId }) => clientOrderId === id);
    return found === undefined ? 'none' : found.reason || found.state;
  };
  const one: Desk = { clock, feed, data, exec, bus, database, isDataAlive: true, run, order };
  return one;
}

async function view(one: Desk, symbol: number): Promise<QualityView> {
  const request = { symbol, limit: 10 };
  const [found] = (await one.bus.request(subjects.dataQuality, request)) as QualityView[];
  return found!;
}

test('no ticks: reduce-only by the clock, and back by itself', async (context) => {
  const one = await desk(context);
  await one.run(100);
  assert.equal(await one.order(1, 1), 'filled');
  one.feed.on.delete(1);
  await one.run(390);
  assert.equal(await one.order(1, 1), 'filled', 'not yet');
  await one.run(100);
  assert.equal((await view(one, 1)).state, 'STALE');
  assert.equal(await one.order(1, 1), 'SYMBOL_QUALITY');
  assert.equal(await one.order(1, -1), 'filled', 'the way out stays open');
  assert.equal(await one.order(2, 1), 'filled', 'others are not concerned');
  one.feed.on.add(1);
  await one.run(50);
  assert.equal(await one.order(1, 1), 'SYMBOL_QUALITY', 'its ticks carry it while it settles');
  await one.run(150);
  assert.equal(await one.order(1, 1), 'filled');
  assert.equal((await view(one, 1)).state, 'GOOD');
});

test('ticks lost at a feed: GAPPED, and its history answers SQL', async (context) => {
  const one = await desk(context);
  await one.run(300);
  one.feed.gaps += 1;
  await one.run(300);
  const rows = (await view(one, 2)).history;
  assert.deepEqual(
    rows.map(({ from, to, reason, source }) => [from, to, reason, source]),
    [['GOOD', 'GAPPED', 'ticks lost', 'hand']],
  );
  assert.equal(await one.order(2, 1), 'SYMBOL_QUALITY');
  await one.run(500);
  assert.equal(await one.order(2, 1), 'filled');
  const sql = new Sql({ database: one.database, clock: one.clock });
  const result = await sql.query(
    "SELECT symbol, from_state, to_state, reason FROM quality WHERE symbol = 'BBB' ORDER BY time",
  );
  const found = (await result.rows()).map((row) => Object.values(row));
  assert.deepEqual(found, [
    ['BBB', 'GOOD', 'GAPPED', 'ticks lost'],
    ['BBB', 'GAPPED', 'GOOD', 'settled'],
  ]);
});

test('a silent data node: every symbol is reduce-only until it is heard', async (context) => {
  const one = await desk(context);
  await one.run(500);
  assert.equal(await one.order(1, 1), 'filled');
  one.isDataAlive = false;
  await one.run(700);
  assert.equal(await one.order(1, 1), 'filled');
  await one.run(600);
  assert.equal(await one.order(1, 1), 'SYMBOL_QUALITY');
  assert.equal(await one.order(1, -1), 'filled');
  one.isDataAlive = true;
  await one.run(300);
  assert.equal(await one.order(1, 1), 'filled');
});
