// The engine under what a long day does to it: open_3000 (cold), recovery after a kill, snapshot
// (how long, and what writers feel of it), compaction_stall (accepted appends while segments are
// merged).

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Database,
  type DatabaseOptions,
  openDatabase,
  TableBatch,
  tickTable,
} from '@ndts/native/db';
import { createTickBatch, type KeyValueOperation, shardOf, type TableSchema } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import {
  answerHash,
  type Bench,
  type BenchContext,
  percentile,
  percentiles,
  pick,
} from './kit/bench.js';
import { sortedCopy } from './kit/disk.js';
import { TickFill } from './kit/tick-fill.js';

const shardCount = 64;
const mebi = 1024 * 1024;

export function storageOptions(dir: string, stagingDir: string): DatabaseOptions {
  return {
    dir,
    stagingDir,
    stagingBytes: 64 * mebi,
    walFileBytes: 64 * mebi,
    walBudgetBytes: 512 * mebi,
    memtableBytes: 128 * mebi,
    commitIntervalMs: 5,
    sealIntervalMs: 0,
    shardCount,
  };
}

function openBench(
  context: BenchContext,
  name: string,
  changes: Partial<DatabaseOptions> = {},
): Database {
  const dir = join(context.dir, name);
  const stagingDir = join(context.memory, name);
  for (const folder of [dir, stagingDir]) if (!existsSync(folder)) mkdirSync(folder);
  return openDatabase({ ...storageOptions(dir, stagingDir), ...changes });
}

export function registerSymbols(database: Database, count: number): void {
  for (let id = 1; id <= count; id += 1)
    database.registerSymbol(id, shardOf(`SYM${id}`, shardCount), `SYM${id}`);
}

/** Drops the page cache where this process may; says whether it did. */
function dropCaches(): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

function tickSchema(database: Database): TableSchema {
  const found = database.tables().find((table) => table.id === tickTable);
  if (found === undefined) throw new Error('there is no table of ticks');
  return found;
}

async function open3000(context: BenchContext): Promise<void> {
  const symbols = 3000;
  const perSymbol = pick(context.size, { smoke: 10, small: 500, full: 5000 });
  const written = openBench(context, 'open');
  registerSymbols(written, symbols);
  const fill = new TickFill(symbols, 1e6);
  for (let made = 0; made < symbols * perSymbol; made += 6000)
    written.appendTicks(fill.batch(6000));
  written.seal();
  written.settle();
  const { segments, segmentBytes } = written.stats();
  written.close();
  const rounds = pick(context.size, { smoke: 1, small: 5, full: 9 });
  const times = new Float64Array(rounds);
  const opens = new Float64Array(rounds);
  const ids = Uint32Array.from({ length: symbols }, (_, at) => at + 1);
  let last: TableBatch | undefined;
  let cold = true;
  for (let round = 0; round < rounds; round += 1) {
    cold = dropCaches() && cold;
    const start = performance.now();
    const database = openBench(context, 'open');
    opens[round] = performance.now() - start;
    last ??= new TableBatch(tickSchema(database), symbols);
    database.latest(tickTable, ids, last);
    times[round] = performance.now() - start;
    database.close();
  }
  const prices = last?.column('price') ?? new Float64Array();
  const params = { symbols, ticks: symbols * perSymbol, cold, segments, MB: segmentBytes / 1e6 };
  const answer = answerHash(prices);
  const emit = (metric: string, value: number): void =>
    context.emit({ bench: 'open_3000', params, metric, value, unit: 'ms', answer });
  emit('openMedian', percentile(sortedCopy(opens), 0.5));
  emit('openAndReadMedian', percentile(sortedCopy(times), 0.5));
  emit('openAndReadMax', percentile(sortedCopy(times), 1));
}

export const openCold: Bench = {
  name: 'open_3000',
  about: '3,000 symbols, page cache dropped: until one row of every symbol is read',
  run: open3000,
};

/** Starts a writer in a process of its own and kills it once it says that its log is full. */
async function killedWriter(context: BenchContext, segmentBytes: number): Promise<void> {
  const script = fileURLToPath(new URL('kit/recovery-writer.js', import.meta.url));
  const args = [script, join(context.dir, 'recovery'), join(context.memory, 'recovery')];
  const child: ChildProcess = spawn(process.execPath, [...args, String(segmentBytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => child.kill('SIGKILL'));
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve();
      else reject(new Error(`the writer ended with ${code ?? signal}`));
    });
  });
}

async function recovery(context: BenchContext): Promise<void> {
  const bytes = pick(context.size, { smoke: 2 * mebi, small: 500 * mebi, full: 10_000 * mebi });
  context.say(`writing ${(bytes / 1e6).toFixed(0)} MB of segments, then a full log`);
  for (const folder of [context.dir, context.memory]) mkdirSync(join(folder, 'recovery'));
  await killedWriter(context, bytes);
  const cold = dropCaches();
  const start = performance.now();
  const database = openBench(context, 'recovery');
  const openMs = performance.now() - start;
  const last = createTickBatch(1);
  database.lastTicks(1, last);
  const serveMs = performance.now() - start;
  const { segmentBytes, segments, replayedEntries, walBytes, memtableBytes } = database.stats();
  let rows = 0;
  for (let shard = 0; shard < shardCount; shard += 1) rows += database.nextSequence(shard);
  database.close();
  const params = {
    cold,
    segmentMB: Math.round(segmentBytes / 1e6),
    segments,
    walMB: Math.round(walBytes / 1e6),
    memtableMB: Math.round(memtableBytes / 1e6),
    replayed: replayedEntries,
  };
  const answer = answerHash(rows);
  context.emit({ bench: 'recovery', params, metric: 'open', value: openMs, unit: 'ms', answer });
  context.emit({ bench: 'recovery', params, metric: 'serve', value: serveMs, unit: 'ms', answer });
}

export const recoveryBench: Bench = {
  name: 'recovery',
  about: 'kill -9 with the largest log beside N GB of segments: time until it serves',
  run: recovery,
};

interface Appends {
  readonly us: Float64Array;
  count: number;
}

/** Appends small batches at a fixed rate for a while, noting how long each call took. */
async function appendFor(
  database: Database,
  fill: TickFill,
  batches: number,
  gapMs: number,
  into: Appends,
): Promise<void> {
  const batch = createTickBatch(64);
  const append = (): number => database.appendTicks(batch);
  await writeFor(() => fill.fill(batch), append, batches, gapMs, into);
}

/** Calls `write` at a fixed rate, after `prepare`, which is not timed. */
async function writeFor(
  prepare: () => void,
  write: () => unknown,
  batches: number,
  gapMs: number,
  into: Appends,
): Promise<void> {
  let due = performance.now();
  for (let index = 0; index < batches; index += 1) {
    prepare();
    const start = performance.now();
    write();
    into.us[into.count] = (performance.now() - start) * 1000;
    into.count += 1;
    due += gapMs;
    if (index % 50 === 49) await delay(Math.max(0, due - performance.now()));
  }
}

function emitLatencies(
  context: BenchContext,
  bench: string,
  params: Readonly<Record<string, string | number | boolean>>,
  appends: Appends,
  answer: string,
): void {
  const sorted = sortedCopy(appends.us.subarray(0, appends.count));
  for (const [metric, fraction] of percentiles)
    context.emit({
      bench,
      params,
      metric: `accepted ${metric}`,
      value: percentile(sorted, fraction),
      unit: 'us',
      answer,
    });
}

async function snapshot(context: BenchContext): Promise<void> {
  const ticks = pick(context.size, { smoke: 30_000, small: 2_000_000, full: 20_000_000 });
  const database = openBench(context, 'snapshot', { memtableBytes: 1024 * mebi });
  registerSymbols(database, 1000);
  const fill = new TickFill(1000, 1e4);
  for (let made = 0; made < ticks * 0.9; made += 4000) database.appendTicks(fill.batch(4000));
  database.seal();
  for (let made = 0; made < ticks * 0.1; made += 4000) database.appendTicks(fill.batch(4000));
  const appends: Appends = { us: new Float64Array(200_000), count: 0 };
  const { memtableBytes } = database.stats();
  let made = false;
  const start = performance.now();
  const shot = database.snapshot('bench').then(() => {
    made = true;
    return performance.now() - start;
  });
  while (!made && appends.count < 190_000) await appendFor(database, fill, 50, 0.2, appends);
  const ms = await shot;
  const [info] = database.snapshots();
  const params = {
    ticks,
    memtableMB: Math.round(memtableBytes / 1e6),
    files: info?.files ?? 0,
    MB: Math.round((info?.bytes ?? 0) / 1e6),
  };
  const answer = answerHash(info?.files ?? 0);
  context.emit({ bench: 'snapshot', params, metric: 'made', value: ms, unit: 'ms', answer });
  emitLatencies(context, 'snapshot', params, appends, answer);
  database.close();
}

export const snapshotBench: Bench = {
  name: 'snapshot',
  about: 'a snapshot on disk with a full memtable; accepted appends beside it',
  run: snapshot,
};

async function stalls(context: BenchContext, merging: boolean): Promise<void> {
  const batches = pick(context.size, { smoke: 400, small: 20_000, full: 200_000 });
  // Without merging: memtables too large to fill, nothing sealed.
  const database = openBench(context, `stall-${merging}`, {
    memtableBytes: merging ? 4 * mebi : 4096 * mebi,
  });
  registerSymbols(database, 1000);
  const fill = new TickFill(1000, 1e5);
  const appends: Appends = { us: new Float64Array(batches), count: 0 };
  await appendFor(database, fill, batches, 0.25, appends);
  const stats = database.stats();
  const params = {
    merging,
    batches,
    rows: 64,
    flushes: stats.flushes,
    merges: stats.merges,
    mergedMB: Math.round(stats.mergedBytes / 1e6),
    stalls: stats.stalls,
  };
  emitLatencies(context, 'compaction_stall', params, appends, answerHash(batches));
  database.close();
}

/** Atomic batches of keys in no order, made before so that only the write is timed. */
function keyBatches(count: number, keys: number): KeyValueOperation[][] {
  const random = new SeededRandom(41);
  return Array.from({ length: count }, () =>
    Array.from({ length: keys }, () => {
      const value = new Uint8Array(100);
      for (let at = 0; at < value.length; at += 1) value[at] = random.integer(256);
      return { key: String(random.integer(200_000)).padStart(16, '0'), value };
    }),
  );
}

async function keyStalls(context: BenchContext, compacting: boolean): Promise<void> {
  const batches = pick(context.size, { smoke: 400, small: 20_000, full: 200_000 });
  const keys = 16;
  const database = openBench(context, `key-stall-${compacting}`, {
    memtableBytes: compacting ? 4 * mebi : 4096 * mebi,
  });
  const made = keyBatches(1000, keys);
  const appends: Appends = { us: new Float64Array(batches), count: 0 };
  let next = 0;
  const write = (): unknown => database.write(made[next++ % made.length] ?? []);
  await writeFor(() => undefined, write, batches, 0.25, appends);
  const stats = database.stats();
  const params = {
    compacting,
    batches,
    keys,
    flushes: stats.flushes,
    compactions: stats.merges,
    compactedMB: Math.round(stats.mergedBytes / 1e6),
    stalls: stats.stalls,
  };
  emitLatencies(context, 'compaction_stall', params, appends, answerHash(batches));
  database.close();
}

export const compactionStall: Bench = {
  name: 'compaction_stall',
  about:
    'accepted appends of 64 ticks (256k/s) and of 16 keys (64k/s), while there is merging or not',
  run: async (context) => {
    for (const busy of [false, true]) await stalls(context, busy);
    for (const busy of [false, true]) await keyStalls(context, busy);
  },
};
