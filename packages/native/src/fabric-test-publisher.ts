// The other host of the tests of pulls: publishes rings of ticks from a process of its own and
// exposes them. Not part of any door.

// ambient: it is the other process of a test
import { setTimeout as sleep } from 'node:timers/promises';
import { createTickBatch } from '@ndts/protocol';
import { createPullServer, type PullGrant } from './fabric.js';
import { createTickRings } from './ring.js';
import { fillRow, testEpoch } from './ring-test-rows.js';

export interface PublishTask {
  readonly provider: string;
  readonly dir: string;
  readonly shards: number;
  readonly ticks: number;
}

const batchRows = 64;
const leaseMs = 60_000;

async function publish(task: PublishTask): Promise<void> {
  const each = (value: number) => new Array<number>(task.shards).fill(value);
  const writer = createTickRings({
    dir: task.dir,
    slotCount: 4096,
    epochs: each(testEpoch),
    firstSequences: each(0),
  });
  const server = createPullServer({ provider: task.provider, address: '127.0.0.1', port: 0 });
  const grants: PullGrant[] = writer.paths.map((path) => server.exposeRing(path, leaseMs));
  process.send?.(grants);
  await new Promise((resolve) => process.once('message', resolve));
  const batch = createTickBatch(batchRows);
  for (let sequence = 0; sequence < task.ticks; sequence += batchRows / task.shards) {
    for (let row = 0; row < batchRows; row += 1)
      fillRow(batch, row, row % task.shards, sequence + Math.floor(row / task.shards));
    batch.count = batchRows;
    writer.publish(batch);
    if (sequence % 1024 === 0) await sleep(1);
  }
  process.send?.(server.stats());
  await new Promise((resolve) => process.once('message', resolve));
  server.close();
  writer.close();
  process.disconnect();
}

process.once('message', (task: PublishTask) => {
  publish(task).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
    process.disconnect();
  });
});
