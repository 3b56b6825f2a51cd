// Replays from closed files to JavaScript: replay (every column of every tick folded into a hash),
// and replay_snapshots (the state of all symbols in place at every interval).

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Database, type DatabaseOptions, openDatabase } from '@ndts/native/db';
import { createTickBatch } from '@ndts/protocol';
import { replaySnapshots } from '@ndts/storage';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import { median } from './kit/disk.js';
import type { ReplayReading } from './kit/replay-reader.js';
import { TickFill } from './kit/tick-fill.js';
import { registerSymbols, storageOptions } from './storage.js';

const mebi = 1024 * 1024;
const rowsPerBatch = 16_384;
/** A trading day of six and a half hours. */
const dayNs = 6.5 * 3600e9;

/** With a small log: making one of the usual size takes as long as replaying millions of ticks. */
export function replayOptions(dir: string, stagingDir: string): DatabaseOptions {
  return {
    ...storageOptions(dir, stagingDir),
    stagingBytes: 4 * mebi,
    walFileBytes: 4 * mebi,
  };
}

interface Folders {
  readonly dir: string;
  readonly stagingDir: string;
}

function makeFolders(context: BenchContext, name: string): Folders {
  const folders = { dir: join(context.dir, name), stagingDir: join(context.memory, name) };
  for (const folder of [folders.dir, folders.stagingDir]) mkdirSync(folder);
  return folders;
}

/** Writes ticks of all symbols in turn over a day, sealed and merged. */
function write(folders: Folders, symbols: number, ticks: number): void {
  const database = openDatabase(replayOptions(folders.dir, folders.stagingDir));
  registerSymbols(database, symbols);
  const fill = new TickFill(symbols, dayNs / (symbols * ticks));
  const batch = createTickBatch(symbols * Math.max(1, Math.floor(12_000 / symbols)));
  for (let left = symbols * ticks; left > 0; left -= batch.count) {
    fill.fill(batch);
    batch.count = Math.min(left, batch.capacity);
    database.appendTicks(batch);
  }
  database.seal();
  database.settle();
  database.close();
}

/** Asks the system to forget the pages of the files (posix_fadvise, by dd). */
function forgetFiles(dir: string): boolean {
  try {
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
    }
    return true;
  } catch {
    return false;
  }
}

function read(folders: Folders, rows: number): ReplayReading {
  const script = fileURLToPath(new URL('kit/replay-reader.js', import.meta.url));
  const args = [script, folders.dir, folders.stagingDir, String(rowsPerBatch), String(rows)];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const reading = JSON.parse(output) as ReplayReading;
  if (reading.rows !== rows) throw new Error(`expected ${rows} ticks, found ${reading.rows}`);
  return reading;
}

function replayOf(context: BenchContext, symbols: number, ticks: number, rounds: number): void {
  const rows = symbols * ticks;
  const folders = makeFolders(context, `replay-${symbols}x${ticks}`);
  context.say(`writing ${symbols} symbols x ${ticks} ticks`);
  write(folders, symbols, ticks);
  for (const cold of [true, false]) {
    const readings: ReplayReading[] = [];
    let forgotten = cold;
    for (let round = 0; round < rounds; round += 1) {
      if (cold) forgotten = forgetFiles(folders.dir) && forgotten;
      readings.push(read(folders, rows));
    }
    const params = { symbols, ticks: rows, pages: forgotten ? 'cold' : 'warm' };
    const answer = [...new Set(readings.map((one) => one.hash))].join('+');
    const emit = (metric: string, unit: string, of: (one: ReplayReading) => number): void =>
      context.emit({
        bench: 'replay',
        params,
        metric,
        value: median(readings.map(of)),
        unit,
        answer,
      });
    emit('ticksPerSecond', '1/s', (one) => one.rows / one.seconds);
    emit('openToFirstBatch', 'ms', (one) => one.firstBatchMs);
    emit('open', 'ms', (one) => one.openMs);
    emit('cpuPerTick', 'ns', (one) => (one.cpuSeconds * 1e9) / one.rows);
    emit('foldAlone', '1/s', (one) => one.rows / one.foldSeconds);
    emit('anonymousMemory', 'MB', (one) => one.anonymousMB);
    emit('peakResident', 'MB', (one) => one.residentMB);
  }
}

export const replayBench: Bench = {
  name: 'replay',
  about: 'closed files to a hash of every column in JavaScript; cold and warm; --full: 80M ticks',
  run: async (context) => {
    const rounds = pick(context.size, { smoke: 1, small: 3, full: 5 });
    const [symbols, ticks] = context.size === 'smoke' ? [300, 100] : [3000, 1000];
    replayOf(context, symbols, ticks, rounds);
    if (context.size === 'full') replayOf(context, 4000, 20_000, 3);
  },
};

/** Snapshots, changes, and a hash of them. */
async function visitSnapshots(
  database: Database,
  intervalNs: number,
): Promise<{ snapshots: number; changes: number; answer: string }> {
  let snapshots = 0;
  let changes = 0;
  let sum = 0;
  await replaySnapshots(database, undefined, { intervalNs, gaps: false }).each((snapshot) => {
    const { changed, changedCount, last } = snapshot;
    snapshots += 1;
    changes += changedCount;
    for (let at = 0; at < changedCount; at += 1) {
      const place = changed[at] ?? 0;
      sum = (Math.imul(sum, 31) + place + 100 * (last.price[place] ?? 0)) | 0;
    }
  });
  return { snapshots, changes, answer: answerHash(snapshots, changes, sum) };
}

async function snapshotsOf(
  context: BenchContext,
  symbols: number,
  ticks: number,
  perInterval: number,
): Promise<void> {
  const folders = makeFolders(context, `snapshots-${symbols}`);
  write(folders, symbols, ticks);
  const intervalNs = Math.ceil((perInterval * dayNs) / (symbols * ticks));
  const start = performance.now();
  const database = openDatabase(replayOptions(folders.dir, folders.stagingDir));
  const { snapshots, changes, answer } = await visitSnapshots(database, intervalNs);
  const seconds = (performance.now() - start) / 1000;
  database.close();
  const params = {
    symbols,
    ticks: symbols * ticks,
    snapshots,
    changesPerSnapshot: Number((changes / snapshots).toFixed(1)),
  };
  const emit = (metric: string, value: number): void =>
    context.emit({ bench: 'replay_snapshots', params, metric, value, unit: '1/s', answer });
  emit('snapshotsPerSecond', snapshots / seconds);
  emit('changesPerSecond', changes / seconds);
  emit('symbolStatesPerSecond', (snapshots * symbols) / seconds);
}

export const replaySnapshotsBench: Bench = {
  name: 'replay_snapshots',
  about: 'states of all symbols in place, an interval after the other, open and decode included',
  run: async (context) => {
    const factor = pick(context.size, { smoke: 0.02, small: 1, full: 10 });
    await snapshotsOf(context, 10, 200_000 * factor, 2);
    await snapshotsOf(context, 100, 20_000 * factor, 50);
    await snapshotsOf(context, 3000, 1000 * factor, 3000);
  },
};
