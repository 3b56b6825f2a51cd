// The other side of the ring tests: follows rings from a process or a worker of its own until it
// has passed a number of ticks, and answers what it saw. Not part of any door.

// ambient: it is the other thread of a test
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createTickBatch } from '@ndts/protocol';
import { openTickRings, type TickRingReader } from './ring.js';
import { rowIsRight, testEpoch } from './ring-test-rows.js';

export interface FollowTask {
  readonly paths: readonly string[];
  /** Ticks to read or to be lapped by. */
  readonly ticks: number;
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

/** Polls that find nothing, a millisecond each, before it gives up. */
const idlePollsMax = 20_000;

function open(paths: readonly string[]): TickRingReader {
  const start = { epoch: testEpoch, sequence: 0 };
  // From the very first tick, so that what was overwritten before counts as lapped.
  return openTickRings({ paths, from: new Map(paths.map((_, shard) => [shard, start])) });
}

function follow(reader: TickRingReader, task: FollowTask): FollowAnswer {
  const batch = createTickBatch(256);
  const last = new Float64Array(task.paths.length).fill(-1);
  let whole = 0;
  let wrong = 0;
  let disordered = 0;
  let idlePolls = 0;
  while (whole + wrong + reader.lapped() < task.ticks && idlePolls < idlePollsMax) {
    idlePolls = reader.waitPoll(batch, 1000) === 0 ? idlePolls + 1 : 0;
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
    const reader = open(task.paths);
    process.send?.('ready', () => process.send?.(follow(reader, task), () => process.disconnect()));
  });
} else {
  const task = workerData as FollowTask;
  const reader = open(task.paths);
  parentPort?.postMessage('ready');
  parentPort?.postMessage(follow(reader, task));
}
