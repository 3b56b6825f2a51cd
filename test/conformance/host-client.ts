// A client of a node of another host: blocks and rings are pulled from there, the cable is cut
// and mended, and a consumer goes on where it acknowledged. A program of its own, since it has to
// run on that host.
//
//   node host-client.js NODE_ADDRESS TOKEN READER_HOST

import { equal } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { Metrics } from '@ndts/runtime';
import { NDTSClient, type Subscription } from '@ndts/storage';
import { setLink } from '../kit/network-link.js';
import { type Due, mirrorFolders, readPulledHistory, takeDue } from '../kit/pulled-rows.js';

const [address = '', token = '', readerHost = ''] = process.argv.slice(2);
const metrics = new Metrics();
const client = new NDTSClient({ mode: 'distributed', nodes: [address], token, metrics });
after(() => client.close());

/** Reads so many rows to where they can be acknowledged, and does. */
async function read(from: Subscription, due: Due, rows: number): Promise<Due> {
  for (let left = rows; ; ) {
    const { value: batch } = await from.next();
    left -= takeDue(batch, due);
    if (left > 0 || batch?.next === undefined) continue;
    await from.ack(batch.next);
    return due;
  }
}

test('history comes by its blocks', () => readPulledHistory(client, metrics, 1));

test('live rows through a cable that is cut, and a consumer that comes back', async () => {
  const options = { ring: 'adaptive', columns: ['price'], consumer: 'across' } as const;
  const first = client.subscribe(undefined, options);
  const due: Due = new Map();
  await read(first, due, 2000);
  equal(mirrorFolders().length, 1, 'rows came over the socket');
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
