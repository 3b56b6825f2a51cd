// What a client of a node of another process must see when it reads one-sided, on whatever host it
// runs: history by blocks that were pulled, and of live rows, which come out of mirrors here, each
// that is due.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '@ndts/runtime';
import type { NDTSClient, LiveBatch } from '@ndts/storage';
import { counted } from './counted.js';

/** All of it, once so many rows are in files; the client counts in these metrics. */
export async function readPulledHistory(
  client: NDTSClient,
  metrics: Metrics,
  sealedRows: number,
): Promise<void> {
  const sealed = async (): Promise<number> =>
    (await client.getShards()).reduce((sum, one) => sum + one.sealed, 0);
  while ((await sealed()) < sealedRows) await sleep(20);
  const replay = client.replayTicks(undefined, { columns: ['price'] });
  const ends = await replay.ends();
  let rows = 0;
  for await (const batch of replay) rows += batch.count;
  // Every sequence of every shard, those in memory too.
  equal(
    rows,
    ends.reduce((sum, end) => sum + end, 0),
  );
  ok((await counted(metrics, 'blocks_pulled_total')) > 0, 'rows came over the socket');
  equal(await counted(metrics, 'blocks_over_connection_total'), 0);
}

/** By shard: what is due, once a row was seen. */
export type Due = Map<number, number>;

/** Each row must be the one that is due. @returns how many they were */
export function takeDue(batch: LiveBatch | undefined, due: Due): number {
  ok(batch !== undefined);
  deepEqual(batch.voids, []);
  const { raw } = batch.rows;
  for (let row = 0; row < raw.count; row += 1) {
    const shard = raw.shard?.[row] ?? -1;
    const sequence = raw.sequence[row] ?? -1;
    equal(sequence, due.get(shard) ?? sequence, `shard ${shard}`);
    due.set(shard, sequence + 1);
  }
  return raw.count;
}

/** Of this process. */
export function mirrorFolders(): string[] {
  const ours = new RegExp(`^ndts-pull-\\d+-${process.pid}-`);
  return readdirSync('/dev/shm').filter((name) => ours.test(name));
}
