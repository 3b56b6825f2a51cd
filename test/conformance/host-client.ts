// A client of a node of another host: blocks and rings are pulled from there, the cable is cut
// and mended, and a consumer goes on where it acknowledged. A program of its own, since it has to
// run on that host.
//
//   node host-client.js NODE_ADDRESS TOKEN READER_HOST

import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { Metrics } from '@ndts/runtime';
import { NDTSClient, type Subscription } from '@ndts/storage';
import { setLink } from '../kit/network-link.js';

const [address = '', token = '', readerHost = ''] = process.argv.slice(2);
const metrics = new Metrics();
const client = new NDTSClient({ mode: 'distributed', nodes: [address], token, metrics });
after(() => client.close());

async function count(name: string): Promise<number> {
  return Number(new RegExp(`^ndts_${name} (\\d+)`, 'm').exec(await metrics.text())?.[1] ?? 0);
}

/** By shard: what is due. */
type Due = Map<number, number>;

/** Reads so many rows, each the one that is due; the position behind them. */
async function read(from: Subscription, due: Due, rows: number): Promise<Due> {
  for (let left = rows; ; ) {
    const { value: batch } = await from.next();
    ok(batch !== undefined);
    deepEqual(batch.voids, []);
    const { raw } = batch.rows;
    for (let row = 0; row < raw.count; row += 1) {
      const shard = raw.shard?.[row] ?? -1;
      const sequence = raw.sequence[row] ?? -1;
      equal(sequence, due.get(shard) ?? sequence, `shard ${shard}`);
      due.set(shard, sequence + 1);
    }
    left -= raw.count;
    if (left > 0 || batch.next === undefined) continue;
    await from.ack(batch.next);
    return due;
  }
}

test('history comes by its blocks', async () => {
  const sealed = async (): Promise<number> =>
    (await client.getShards()).reduce((sum, one) => sum + one.sealed, 0);
  while ((await sealed()) === 0) await sleep(20);
  const replay = client.replayTicks(undefined, { columns: ['price'] });
  const ends = await replay.ends();
  let rows = 0;
  for await (const batch of replay) rows += batch.count;
  equal(
    rows,
    ends.reduce((sum, end) => sum + end, 0),
  );
  ok((await count('blocks_pulled_total')) > 0, 'rows came over the socket');
  equal(await count('blocks_over_connection_total'), 0);
});

test('live rows through a cable that is cut, and a consumer that comes back', async () => {
  const options = { ring: 'adaptive', columns: ['price'], consumer: 'across' } as const;
  const first = client.subscribe(undefined, options);
  const due: Due = new Map();
  await read(first, due, 2000);
  const ours = new RegExp(`^ndts-pull-\\d+-${process.pid}-`);
  const mirrors = readdirSync('/dev/shm').filter((one) => ours.test(one));
  equal(mirrors.length, 1, 'rows came over the socket');
  // Sooner than a read is given up.
  setLink(readerHost, 'down');
  await sleep(200);
  setLink(readerHost, 'up');
  const kept = new Map(await read(first, due, 5000));
  await first.close();
  const second = client.subscribe(undefined, options);
  const { sequence } = await second.from();
  for (const [shard, at] of kept) equal(sequence[shard], at, `shard ${shard}`);
  await read(second, kept, 2000);
  await second.close();
});
