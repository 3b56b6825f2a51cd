// The whole way of a refused tick, on a real engine: a dirty feed, the table of rejects, SQL over
// it, and a dry run, which says of the rules in force what they did, and of others what they would
// have done.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCleaner } from '@ndts/native/clean';
import {
  type CleanTryRequest,
  type CleanTryView,
  type ConfigValues,
  type DataStatus,
  nsPerMs,
  subjects,
  type TickBatch,
} from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  EmbeddedRegistry,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  SeededRandom,
  SystemClock,
  VirtualClock,
} from '@ndts/runtime';
import {
  createTickRings,
  type Database,
  type DataFolder,
  FolderService,
  openDataFolder,
  openTicks,
  Sql,
  SymbolRegistry,
} from '@ndts/storage';
import type { Feed } from '../feed/feed.js';
import { Simulator, simulatorSymbolNames } from '../feed/simulator.js';
import { createDataNode, type DataNode } from '../node.js';
import { noSymbolName } from '../symbols/no-symbol.js';
import { cleanRules } from './rules.js';
import { serveTrials } from './trial-requests.js';

const startMs = Date.UTC(2026, 0, 5, 8);
const args = {
  'cluster.shards': '4',
  'storage.ringSlots': '4096',
  'storage.stagingBytes': '4194304',
  'storage.walFileBytes': '4194304',
};

function ringsOf(
  folder: DataFolder,
  database: Database,
  config: ConfigValues,
): ReturnType<typeof createTickRings> {
  const shards = [0, 1, 2, 3];
  return createTickRings({
    dir: join(folder.memory, 'rings'),
    slotCount: config.storage.ringSlots,
    epochs: shards.map((shard) => database.epoch(shard)),
    firstSequences: shards.map((shard) => database.nextSequence(shard)),
  });
}

interface Desk {
  readonly database: Database;
  readonly node: DataNode;
  readonly feed: Simulator;
  readonly clock: VirtualClock;
  run(ms: number): void;
  tryRules(text: string, changes?: Partial<CleanTryRequest>): Promise<CleanTryView>;
  sql(text: string): Promise<unknown[][]>;
  status(): DataStatus;
}

interface DeskOptions {
  /** What stands between the simulator and the node. */
  readonly wrap?: (feed: Simulator) => Feed;
}

async function openDesk(context: TestContext, { wrap }: DeskOptions = {}): Promise<Desk> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-clean-'));
  const config: ConfigValues = loadConfig({ args, environment: {} });
  const clock = new VirtualClock(startMs);
  const logger = createSilentLogger();
  const folder = openDataFolder({ dir, memoryParent: `${dir}-memory`, userId: 0 });
  const database = openTicks(folder, config);
  const random = new SeededRandom(1);
  const store = new MemoryKeyValueStore();
  const registry = new EmbeddedRegistry({ store, clock, random, logger });
  const symbols = await SymbolRegistry.open({ registry, shardCount: 4 });
  for (const { id, shard, name } of await symbols.ensure(simulatorSymbolNames(5)))
    database.registerSymbol(id, shard, name);
  const rings = ringsOf(folder, database, config);
  const feed = new Simulator({
    symbols: symbols.all(),
    ticksPerSecond: 5000,
    seed: 9,
    dirtPerMillion: 30_000,
    clock,
  });
  const bus = new EmbeddedBus({ clock, logger });
  const cleaner = createCleaner(cleanRules(config));
  const node = createDataNode({
    config,
    feed: wrap?.(feed) ?? feed,
    cleaner,
    database,
    rings,
    symbols,
    clock,
    bus,
    metrics: new Metrics(),
    logger,
    noSymbol: async () => {
      const [{ id, shard, name } = assert.fail()] = await symbols.ensure([noSymbolName]);
      database.registerSymbol(id, shard, name);
      return id;
    },
  });
  const service = new FolderService({ database, symbols, clock, store });
  // Its pauses are of real time.
  serveTrials({ bus, service, config, clock: new SystemClock() });
  context.after(async () => {
    await node.stop();
    await service.close();
    await registry.close();
    rings.close();
    cleaner.close();
    database.close();
    for (const path of [dir, `${dir}-memory`]) rmSync(path, { recursive: true, force: true });
  });
  await node.start();
  return deskOf(database, node, feed, clock, bus);
}

function deskOf(
  database: Database,
  node: DataNode,
  feed: Simulator,
  clock: VirtualClock,
  bus: EmbeddedBus,
): Desk {
  const sql = new Sql({ database, clock });
  return {
    database,
    node,
    feed,
    clock,
    run: (ms) => {
      for (let turn = 0; turn < ms; turn += 1) {
        clock.advance(nsPerMs);
        node.doWork();
      }
    },
    tryRules: async (text, changes = {}) => {
      const range = { fromMs: startMs, toMs: startMs + 60_000, samples: 2 };
      const request: CleanTryRequest = { text, format: 'yaml', ...range, ...changes };
      return (await bus.request(subjects.cleanTry, request, 60_000)) as CleanTryView;
    },
    sql: async (text) => {
      const rows: unknown[][] = [];
      for await (const batch of await sql.query(text))
        for (let row = 0; row < batch.rows; row += 1)
          rows.push(batch.columns.map((column) => column.at(row)));
      return rows;
    },
    status: () => node.status(),
  };
}

/** The simulator as a plain object, of which parts can be replaced. */
function feedOver(feed: Simulator): Feed {
  return {
    name: feed.name,
    abilities: feed.abilities,
    connect: () => feed.connect(),
    subscribe: (symbols) => feed.subscribe(symbols),
    unsubscribe: (symbols) => feed.unsubscribe(symbols),
    poll: (batch) => feed.poll(batch),
    pollTrades: (batch) => feed.pollTrades(batch),
    pollBook: (batch) => feed.pollBook(batch),
    disconnect: () => feed.disconnect(),
    stats: () => feed.stats(),
    rejects: () => feed.rejects(),
  };
}

/** As what the dry run says of a change. */
function changesOf(view: CleanTryView): Record<string, number> {
  return Object.fromEntries(
    view.changes.map(({ today, proposed, count }) => [`${today} -> ${proposed}`, count]),
  );
}

test('refused ticks are in the table; the dry run says what the rules did', async (context) => {
  const desk = await openDesk(context);
  desk.run(1200);
  const { rejected } = desk.status();
  const byRule = await desk.sql('select reason, count(*) from rejects group by 1');
  const counted: Record<string, number> = Object.fromEntries(
    byRule.map(([reason, count]) => [reason, Number(count)]),
  );
  const polled = desk.feed.stats().polled;
  const [[stored] = []] = await desk.sql('select count(*) from tick');
  const all = Object.values(counted).reduce((sum, count) => sum + count, 0);
  assert.ok(all > 100 && Object.keys(counted).length >= 6, JSON.stringify(counted));
  assert.equal(all + Number(stored), polled, 'nothing disappears');
  for (const [rule, count] of Object.entries(rejected)) assert.ok((counted[rule] ?? 0) >= count);
  const raw = await desk.sql(
    "select price, volume, source, live from rejects where reason = 'volume'",
  );
  assert.ok(raw.every(([, volume, source]) => Number(volume) < 0 && source === 'simulator'));

  const same = await desk.tryRules('');
  assert.deepEqual(same.changes, []);
  assert.deepEqual([same.ticks, same.rejects], [Number(stored), all]);
  assert.equal(same.same, polled);

  const loose = await desk.tryRules(
    'classes: { default: { rules: { volume: off, crossed: mark } } }',
  );
  const changes = changesOf(loose);
  assert.equal(changes['volume -> '], counted['volume']);
  assert.ok((changes['crossed -> '] ?? 0) + (changes['crossed -> spread'] ?? 0) > 0);
  assert.ok((loose.marked['crossed'] ?? 0) > 0);
  const sample = loose.changes.find(({ today }) => today === 'volume')?.samples[0];
  assert.ok(sample !== undefined && Number(sample.volume) < 0, JSON.stringify(sample));
  assert.match(sample.time, /^2026-01-05T08:00:0/);

  const strict = await desk.tryRules('symbols: [{ match: SIM0002, priceMax: 0.001 }]');
  const [[second] = []] = await desk.sql("select count(*) from tick where symbol = 'SIM0002'");
  assert.equal(changesOf(strict)[' -> price'], Number(second));
  const one = await desk.tryRules('', { symbols: ['SIM0003'] });
  assert.equal(one.symbols, 1);
  assert.ok(one.ticks > 0 && one.ticks < same.ticks);
});

test('a part of the time is judged with what came before it', async (context) => {
  const desk = await openDesk(context);
  desk.run(900);
  for (const [fromMs, toMs] of [
    [startMs + 300, startMs + 600],
    [startMs + 600, startMs + 60_000],
  ] as const) {
    const view = await desk.tryRules('', { fromMs, toMs });
    assert.ok(view.ticks > 500 && view.rejects > 10, JSON.stringify(view));
    // A row that came in the same poll as others may be of one part by its time, of the other by
    // its reception; its neighbours are known all the same.
    assert.deepEqual(view.changes, []);
  }
});

test('a feed of the past has no clock: its own times tell the part', async (context) => {
  const pastMs = 86_400_000 * 30;
  const desk = await openDesk(context, {
    wrap: (feed) => ({
      ...feedOver(feed),
      name: 'past',
      live: false,
      poll: (batch: TickBatch) => {
        const count = feed.poll(batch);
        for (let row = 0; row < count; row += 1) batch.day[row] = batch.day[row]! - 30;
        return count;
      },
    }),
  });
  desk.run(600);
  const stale = await desk.sql("select count(*) from rejects where reason = 'stale' or live");
  assert.deepEqual(
    stale.map(([count]) => Number(count)),
    [0],
  );
  const now = await desk.tryRules('');
  assert.deepEqual([now.ticks, now.changes.length], [0, 0]);
  const then = await desk.tryRules('', {
    // Ticks out of order are older than the first.
    fromMs: startMs - pastMs - 10_000,
    toMs: startMs - pastMs + 60_000,
  });
  assert.equal(then.ticks + then.rejects, desk.feed.stats().polled);
  assert.deepEqual(then.changes, []);
});

test('what a clock refused is judged by that clock again', async (context) => {
  const lateDays = 1;
  const desk = await openDesk(context, {
    wrap: (feed) => ({
      ...feedOver(feed),
      name: 'late',
      live: true,
      poll: (batch: TickBatch) => {
        const count = feed.poll(batch);
        for (let row = 0; row < count; row += 7) batch.day[row] = batch.day[row]! - lateDays;
        return count;
      },
    }),
  });
  desk.run(400);
  const stale = Number(
    (await desk.sql("select count(*) from rejects where reason = 'stale'"))[0]?.[0],
  );
  assert.ok(stale > 100, `${stale}`);
  assert.deepEqual((await desk.tryRules('')).changes, []);
  const off = await desk.tryRules(
    'classes: { default: { rules: { stale: off, outOfOrder: off } } }',
  );
  assert.ok((changesOf(off)['stale -> '] ?? 0) > 0.8 * stale, JSON.stringify(changesOf(off)));
});

test('samples of what a feed could not read are no ticks to be judged', async (context) => {
  const sample = { timeMs: startMs + 100, rule: 'message' as const, reason: 'torn', sample: 'x' };
  const desk = await openDesk(context, {
    wrap: (feed) => ({
      ...feedOver(feed),
      stats: () => ({ ...feed.stats(), malformed: 2 }),
      rejects: () => [sample, sample],
    }),
  });
  desk.run(300);
  await new Promise((done) => void setImmediate(done)); // the symbol is registered
  desk.run(300);
  const [[samples, ticks] = []] = await desk.sql(
    "select count(*) filter (symbol = '?'), count(*) filter (symbol <> '?') from rejects",
  );
  assert.equal(Number(samples), 2);
  const view = await desk.tryRules('');
  assert.deepEqual([view.changes, view.symbols, view.rejects], [[], 5, Number(ticks)]);
});

test('what cannot be tried is told', async (context) => {
  const desk = await openDesk(context);
  await assert.rejects(desk.tryRules('x: 1'), /INVALID_ARGUMENT|rules:1: x is not known/);
  await assert.rejects(desk.tryRules('', { toMs: startMs }), /behind from/);
  await assert.rejects(desk.tryRules('', { symbols: ['NO'] }), /no symbol is called 'NO'/);
  const first = desk.tryRules('');
  await assert.rejects(desk.tryRules(''), /another dry run/);
  await first;
});
