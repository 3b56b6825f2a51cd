// line_ingest: ticks as line protocol. Parsed only, on one core (the program line_bench); and sent
// over TCP and HTTP by another thread until the last row is accepted.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openDatabase } from '@ndts/native/db';
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
import { type Database, LineServer, SymbolRegistry } from '@ndts/storage';
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
    const price = (5000 + random.integer(100_000)) / 100;
    const symbol = String(random.integer(symbolCount)).padStart(4, '0');
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

async function serve(context: BenchContext, path: string, database: Database) {
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const store = new MemoryKeyValueStore();
  const registry = new EmbeddedRegistry({ store, clock, random: new SeededRandom(1), logger });
  const identity = Identity.open({ dir: join(context.dir, `${path}-identity`), clock, logger });
  const config = loadConfig({ args: {}, environment: {} });
  const server = await LineServer.start({
    config,
    database,
    symbols: await SymbolRegistry.open({ registry, shardCount }),
    identity,
    clock,
    secureRandom: systemSecureRandom,
    logger,
    metrics: new Metrics(),
    anyPort: true,
  });
  return { server, token: identity.createToken('bench', 'trader') };
}

async function ingest(context: BenchContext, path: 'tcp' | 'http'): Promise<void> {
  const times = pick(context.size, { smoke: 1, small: 50, full: 500 });
  const text = makeLines();
  const lines = new SharedArrayBuffer(text.length);
  new Uint8Array(lines).set(text);
  const database = open(context, path);
  const { server, token } = await serve(context, path, database);
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
  const all = (async () => {
    while (accepted() - before < total) await new Promise((resolve) => setTimeout(resolve, 1));
  })();
  await Promise.race([all, failed]);
  const seconds = (performance.now() - start) / 1000;
  await server.stop();
  const params = { path, rows: total, symbols: symbolCount };
  const answer = answerHash(accepted() - before);
  database.close();
  const emit = (metric: string, value: number, unit: string): void =>
    context.emit({ bench: 'line_ingest', params, metric, value, unit, answer });
  emit('acceptedRowsPerSecond', total / seconds, '1/s');
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
  about: 'lines of ticks: parsed on one core; over TCP and HTTP until accepted',
  run: async (context) => {
    await parse(context);
    for (const path of ['tcp', 'http'] as const) await ingest(context, path);
  },
};
