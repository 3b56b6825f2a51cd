// line_ingest: ticks as line protocol. Parsed only, on one core (the program line_bench); and sent
// over TCP and HTTP by another thread until the last row is accepted: into the table, and as a feed
// (line.ticks=feed), whose rows are polled, cleaned, accepted and put on rings.

import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LineFeed, openCleaner } from '@ndts/data-node';
import { openDatabase } from '@ndts/native/db';
import { createTickBatch } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedRegistry,
  Identity,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  SeededRandom,
  SystemClock,
  systemSecureRandom,
} from '@ndts/runtime';
import { createTickRings, type Database, LineServer, SymbolRegistry } from '@ndts/storage';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import type { LineSend } from './kit/line-sender.js';
import { buildProgram, runBench } from './kit/native-program.js';

const shardCount = 64;
const symbolCount = 1000;
const linesAtOnce = 20_000;
const tickTable = 1;

function makeLines(): Buffer {
  const random = new SeededRandom(1);
  const lines: string[] = [];
  for (let row = 0; row < linesAtOnce; row += 1) {
    const number = random.integer(symbolCount);
    const price = (5000 + 100 * number + random.integer(50)) / 100; // no jump
    const symbol = String(number).padStart(4, '0');
    lines.push(
      `tick,symbol=SYM${symbol} price=${price.toFixed(2)},volume=${random.integer(1000)},` +
        `bid1=${(price - 0.01).toFixed(2)},ask1=${(price + 0.01).toFixed(2)},` +
        `bid_vol1=${random.integer(500)},ask_vol1=${random.integer(500)} ${1.7e18 + row * 1000}\n`,
    );
  }
  return Buffer.from(lines.join(''));
}

function open(context: BenchContext, path: string): Database {
  const dir = join(context.dir, path);
  const stagingDir = join(context.memory, path);
  mkdirSync(dir);
  mkdirSync(stagingDir);
  return openDatabase({
    dir,
    stagingDir,
    stagingBytes: 256 * 1024 * 1024,
    walFileBytes: 64 * 1024 * 1024,
    walBudgetBytes: 4 * 1024 * 1024 * 1024,
    memtableBytes: 4 * 1024 * 1024 * 1024,
    commitIntervalMs: 5,
    sealIntervalMs: 0,
    shardCount,
  });
}

/** Resolves when all rows were polled; the node of it is this. */
async function drain(context: BenchContext, feed: LineFeed, database: Database, total: number) {
  const cleaner = openCleaner(loadConfig({ args: {}, environment: {} }));
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const rings = createTickRings({
    dir: mkdtempSync(join(context.memory, 'rings-')),
    slotCount: 16_384,
    epochs: shards.map((shard) => database.epoch(shard)),
    firstSequences: shards.map((shard) => database.nextSequence(shard, tickTable)),
  });
  const [batch, refused] = [createTickBatch(1024), createTickBatch(1024)];
  let refusals = 0;
  for (let rows = 0; rows < total; ) {
    await new Promise((resolve) => setImmediate(resolve));
    while (feed.poll(batch) > 0) {
      rows += batch.count;
      refusals += cleaner.clean(batch, refused); // of the past: their times are not now
      database.appendTicks(batch);
      rings.publish(batch);
    }
  }
  rings.close();
  cleaner.close();
  return refusals;
}

async function feedOf(
  clock: SystemClock,
  symbols: SymbolRegistry,
  database: Database,
): Promise<LineFeed> {
  const ensure = async (names: readonly string[]): Promise<Uint32Array> => {
    const entries = await symbols.ensure(names);
    for (const { id, shard, name } of entries) database.registerSymbol(id, shard, name);
    return Uint32Array.from(entries, ({ id }) => id);
  };
  const feed = new LineFeed({ clock, ensure, kinds: ['tick'] });
  await feed.connect();
  return feed;
}

async function serve(context: BenchContext, path: string, database: Database, ticks: Way['ticks']) {
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const store = new MemoryKeyValueStore();
  const registry = new EmbeddedRegistry({ store, clock, random: new SeededRandom(1), logger });
  const identity = Identity.open({ dir: join(context.dir, `${path}-identity`), clock, logger });
  const config = loadConfig({ args: {}, environment: {} });
  const symbols = await SymbolRegistry.open({ registry, shardCount });
  const feed = ticks === 'feed' ? await feedOf(clock, symbols, database) : undefined;
  const server = await LineServer.start({
    config,
    database,
    symbols,
    identity,
    clock,
    secureRandom: systemSecureRandom,
    logger,
    metrics: new Metrics(),
    anyPort: true,
    ...(feed && { sink: feed }),
  });
  return { server, feed, token: identity.createToken('bench', 'trader') };
}

interface Way {
  readonly path: 'tcp' | 'http';
  readonly ticks: 'table' | 'feed';
}

async function ingest(context: BenchContext, { path, ticks }: Way): Promise<void> {
  const times = pick(context.size, { smoke: 1, small: 50, full: 500 });
  const text = makeLines();
  const lines = new SharedArrayBuffer(text.length);
  new Uint8Array(lines).set(text);
  const name = `${path}-${ticks}`;
  const database = open(context, name);
  const { server, token, feed } = await serve(context, name, database, ticks);
  const port = Number(server.addresses[path]?.split(':').at(-1));
  const workerData: LineSend = { path, port, token, lines, times };
  const sender = new URL('./kit/line-sender.js', import.meta.url);
  const accepted = (): number => {
    let sum = 0;
    for (let shard = 0; shard < shardCount; shard += 1)
      sum += database.nextSequence(shard, tickTable);
    return sum;
  };
  const before = accepted();
  const total = times * linesAtOnce;
  const worker = new Worker(sender, { workerData });
  await new Promise((resolve) => worker.once('online', resolve));
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  const start = performance.now();
  const all = async (): Promise<number> => {
    if (feed !== undefined) return drain(context, feed, database, total);
    while (accepted() - before < total) await new Promise((resolve) => setTimeout(resolve, 1));
    return 0;
  };
  const refused = await Promise.race([all(), failed]);
  const seconds = (performance.now() - start) / 1000;
  if (accepted() - before + refused !== total) throw new Error(`${name}: rows are missing`);
  await feed?.disconnect();
  await server.stop();
  const params = { path, ticks, rows: total, symbols: symbolCount };
  const answer = answerHash(accepted() - before);
  database.close();
  const emit = (metric: string, value: number, unit: string): void =>
    context.emit({ bench: 'line_ingest', params, metric, value, unit, answer });
  emit('acceptedRowsPerSecond', (total - refused) / seconds, '1/s');
  emit('bytesPerSecond', (times * text.length) / seconds, 'B/s');
}

async function parse(context: BenchContext): Promise<void> {
  const program = await buildProgram('line_bench');
  const rows = pick(context.size, { smoke: 50_000, small: 500_000, full: 2_000_000 });
  const rounds = pick(context.size, { smoke: 1, small: 7, full: 7 });
  const args = [`--rows=${rows}`, `--symbols=${symbolCount}`, `--rounds=${rounds}`];
  for (const line of await runBench(program, ['line_ingest', ...args])) context.emit(line);
}

export const lineIngest: Bench = {
  name: 'line_ingest',
  about: 'lines of ticks: parsed on one core; over TCP and HTTP, as rows of a table and as a feed',
  run: async (context) => {
    await parse(context);
    for (const ticks of ['table', 'feed'] as const)
      for (const path of ['tcp', 'http'] as const) await ingest(context, { path, ticks });
  },
};
