// Live ticks of a node of another host, read one-sided into mirrors here: every tick once and in
// order, also when the node is killed and another one takes its place.

import { deepEqual, equal } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NDTSClient, type Subscription } from '@ndts/storage';
import { freePort } from '../kit/free-port.js';
import { libfabricAbsent } from '../kit/libfabric.js';
import { type Due, mirrorFolders, takeDue } from '../kit/pulled-rows.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const shards = 4;

function start(dataDir: string, port: number, provider: string): Promise<RunningPlatform> {
  const keys = {
    'cluster.shards': shards,
    'remote.port': port,
    'remote.pull': provider,
    'feed.ticksPerSecond': 3000,
    'strategy.list': '',
    'storage.stagingBytes': 8 << 20,
    'storage.walFileBytes': 4 << 20,
  };
  return RunningPlatform.start({ dataDir, keys });
}

async function read(subscription: Subscription, due: Due, count: number): Promise<void> {
  for (let left = count; left > 0; ) left -= takeDue((await subscription.next()).value, due);
}

async function follow(context: TestContext, provider: string): Promise<void> {
  const dataDir = await temporaryFolder(context);
  const port = await freePort();
  let node = await start(dataDir, port, provider);
  context.after(() => node.kill());
  const { token } = node;
  const client = new NDTSClient({ mode: 'distributed', nodes: [`127.0.0.1:${port}`], token });
  context.after(() => client.close());
  const subscription = client.subscribe(undefined, { ring: 'adaptive', columns: ['price'] });
  const due: Due = new Map();
  await read(subscription, due, 3000);
  equal(mirrorFolders().length, 1, 'rows came over the socket');
  await node.kill();
  node = await start(dataDir, port, provider);
  // Of a reader that was behind, the first rows are still those of the mirrors it has.
  for (let part = 0; part < 100; part += 1) {
    await read(subscription, due, 1000);
    if (part >= 3 && mirrorFolders().length === 1) break;
  }
  equal(mirrorFolders().length, 1);
  equal(due.size, shards);
  await client.close();
  deepEqual(mirrorFolders(), []);
}

test('rings over tcp', (context) => follow(context, 'tcp'));

test('rings over libfabric', { skip: libfabricAbsent() }, (context) =>
  follow(context, 'libfabric'),
);
