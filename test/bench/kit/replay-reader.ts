// The process that the replay bench measures: opens a closed database, replays all of it, folds
// every column into a hash that depends on the order, and prints one JSON object. Arguments:
// folder, staging folder, rows of a batch, rows in all.

import { openDatabase } from '@ndts/native/db';
import { replayTicks, tickColumns, type TickReplayBatch } from '@ndts/storage';
import { replayOptions } from '../replay.js';
import { statusMB } from './memory.js';

export interface ReplayReading {
  readonly rows: number;
  readonly hash: string;
  readonly openMs: number;
  readonly firstBatchMs: number;
  readonly seconds: number;
  /** Of all threads of the process. */
  readonly cpuSeconds: number;
  readonly foldSeconds: number;
  readonly anonymousMB: number;
  readonly residentMB: number;
}

type Batch = TickReplayBatch<(typeof tickColumns)[number]>;

const prime = 0x01000193;
const chains = 4;

/** Each value is taken by a step that can be undone, `state = (state ^ low) * prime + high`, so
 * that no two values, and no two orders of them, are taken alike but by chance (2^-32). Rows take
 * turns at four chains, so that the processor does not wait for one. */
function foldDoubles(words: Int32Array, count: number, state: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let at = 0;
  for (const end = 2 * count - 8; at <= end; at += 8) {
    a = (Math.imul(a ^ words[at]!, prime) + words[at + 1]!) | 0;
    b = (Math.imul(b ^ words[at + 2]!, prime) + words[at + 3]!) | 0;
    c = (Math.imul(c ^ words[at + 4]!, prime) + words[at + 5]!) | 0;
    d = (Math.imul(d ^ words[at + 6]!, prime) + words[at + 7]!) | 0;
  }
  for (; at < 2 * count; at += 2) a = (Math.imul(a ^ words[at]!, prime) + words[at + 1]!) | 0;
  state.set([a, b, c, d]);
}

/** The same of values of one word. */
function foldWords(words: Int32Array, count: number, state: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let at = 0;
  for (const end = count - 4; at <= end; at += 4) {
    a = Math.imul(a ^ words[at]!, prime);
    b = Math.imul(b ^ words[at + 1]!, prime);
    c = Math.imul(c ^ words[at + 2]!, prime);
    d = Math.imul(d ^ words[at + 3]!, prime);
  }
  for (; at < count; at += 1) a = Math.imul(a ^ words[at]!, prime);
  state.set([a, b, c, d]);
}

interface ColumnView {
  readonly words: Int32Array;
  readonly isDouble: boolean;
}

/** One hash of all columns, each folded by itself. */
class ColumnFold {
  readonly #views = new Map<Batch, ColumnView[]>();
  readonly #states: Int32Array[] = [];

  fold(batch: Batch): void {
    const views = this.#viewsOf(batch);
    for (let at = 0; at < views.length; at += 1) {
      const view = views[at];
      this.#states[at] ??= new Int32Array(chains).fill(0x811c9dc5);
      const state = this.#states[at];
      if (view === undefined || state === undefined) continue;
      const fold = view.isDouble ? foldDoubles : foldWords;
      fold(view.words, batch.count, state);
    }
  }

  hash(): string {
    let sum = 0;
    for (const state of this.#states)
      for (const chain of state) sum = Math.imul(sum ^ chain, prime);
    return (sum >>> 0).toString(16).padStart(8, '0');
  }

  #viewsOf(batch: Batch): ColumnView[] {
    let views = this.#views.get(batch);
    if (views !== undefined) return views;
    const { day, nsOfDay, sequence, symbol } = batch;
    const columns = [day, nsOfDay, sequence, symbol, ...tickColumns.map((name) => batch[name])];
    views = columns.map((column) => ({
      words: new Int32Array(column.buffer, column.byteOffset, column.byteLength / 4),
      isDouble: column.BYTES_PER_ELEMENT === 8,
    }));
    this.#views.set(batch, views);
    return views;
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function read(
  dir: string,
  stagingDir: string,
  rowsPerBatch: number,
  expected: number,
): Promise<ReplayReading> {
  const fold = new ColumnFold();
  const start = performance.now();
  const cpuStart = cpuSeconds();
  const database = openDatabase(replayOptions(dir, stagingDir));
  const openMs = performance.now() - start;
  let firstBatchMs = 0;
  let rows = 0;
  let anonymousMB = 0;
  let last: Batch | undefined;
  for await (const batch of replayTicks(database, undefined, { batch: rowsPerBatch })) {
    if (rows === 0) firstBatchMs = performance.now() - start;
    fold.fold(batch);
    const half = rows < expected / 2 && rows + batch.count >= expected / 2;
    rows += batch.count;
    if (half) anonymousMB = statusMB('RssAnon');
    last = batch;
  }
  const seconds = (performance.now() - start) / 1000;
  const cpu = cpuSeconds() - cpuStart;
  const residentMB = statusMB('VmHWM');
  const hash = fold.hash();
  database.close();
  const foldStart = performance.now();
  if (last !== undefined) {
    last.count = last.day.length;
    for (let done = 0; done < rows; done += last.count) fold.fold(last);
  }
  const foldSeconds = (performance.now() - foldStart) / 1000;
  return {
    rows,
    hash,
    openMs,
    firstBatchMs,
    seconds,
    cpuSeconds: cpu,
    foldSeconds,
    anonymousMB,
    residentMB,
  };
}

const [dir, stagingDir, rowsPerBatch, expected] = process.argv.slice(2);
if (dir === undefined || stagingDir === undefined)
  throw new Error('expected: folder, staging folder, rows of a batch, rows');
const reading = await read(dir, stagingDir, Number(rowsPerBatch), Number(expected));
process.stdout.write(`${JSON.stringify(reading)}\n`);
