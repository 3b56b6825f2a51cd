// The other side of the ring tests: follows rings from a process or a worker of its own until it
// has passed a number of rows, and answers what it saw. Not part of any door.

// ambient: it is the other thread of a test
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { RowRingReader } from './ring.js';
import {
  type RingKind,
  ringKinds,
  type RowBatch,
  rowIsRight,
  testEpoch,
} from './ring-test-rows.js';

export interface FollowTask {
  readonly kind: RingKind['name'];
  readonly paths: readonly string[];
  /** To read or to be lapped by. */
  readonly rows: number;
}

export interface FollowAnswer {
  readonly whole: number;
  readonly wrong: number;
  readonly disordered: number;
  readonly lapped: number;
  /** Code of the error of a poll after close. */
  readonly afterClose: unknown;
}

function codeOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

/** Polls that find nothing, ten milliseconds each, before it gives up. */
const idlePollsMax = 2000;

/** Opens the rings; what it answers follows them. */
function open(task: FollowTask): () => FollowAnswer {
  const kind = ringKinds.find(({ name }) => name === task.kind);
  if (kind === undefined) throw new Error(`no kind ${task.kind}`);
  const start = { epoch: testEpoch, sequence: 0 };
  // From the very first row, so that what was overwritten before counts as lapped.
  const from = new Map(task.paths.map((_, shard) => [shard, start]));
  const reader = kind.open({ paths: task.paths, from });
  return () => follow(reader, kind.batch(256), task);
}

function follow(reader: RowRingReader<RowBatch>, batch: RowBatch, task: FollowTask): FollowAnswer {
  const last = new Float64Array(task.paths.length).fill(-1);
  let whole = 0;
  let wrong = 0;
  let disordered = 0;
  let idlePolls = 0;
  while (whole + wrong + reader.lapped() < task.rows && idlePolls < idlePollsMax) {
    idlePolls = reader.waitPoll(batch, 100, 'sleep', 10_000) === 0 ? idlePolls + 1 : 0;
    for (let row = 0; row < batch.count; row += 1) {
      const shard = batch.shard[row] ?? -1;
      const sequence = batch.sequence[row] ?? -1;
      if (rowIsRight(batch, row)) whole += 1;
      else wrong += 1;
      if (sequence <= (last[shard] ?? Number.NaN)) disordered += 1;
      last[shard] = sequence;
    }
  }
  const lapped = reader.lapped();
  reader.close();
  reader.close();
  const afterClose = codeOf(() => reader.poll(batch));
  return { whole, wrong, disordered, lapped, afterClose };
}

// Says 'ready' when the rings are mapped, then the answer.
if (isMainThread) {
  process.once('message', (task: FollowTask) => {
    const answer = open(task);
    process.send?.('ready', () => process.send?.(answer(), () => process.disconnect()));
  });
} else {
  const task = workerData as FollowTask;
  const answer = open(task);
  parentPort?.postMessage('ready');
  parentPort?.postMessage(answer());
}
