// History of a node of another process, read one-sided: every tick once, also of what is in memory
// only; and a node that is killed in the middle ends the replay, whenever that is.

import { deepEqual } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';
import { Metrics } from '@ndts/runtime';
import { type ClientOptions, NDTSClient } from '@ndts/storage';
import { freePort } from '../kit/free-port.js';
import { libfabricAbsent } from '../kit/libfabric.js';
import { readPulledHistory } from '../kit/pulled-rows.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const shards = 4;

interface Node {
  readonly platform: RunningPlatform;
  readonly client: NDTSClient;
  /** Of the client. */
  readonly metrics: Metrics;
}

async function start(context: TestContext, provider: string): Promise<Node> {
  const dataDir = await temporaryFolder(context);
  const port = await freePort();
  const keys = {
    'cluster.shards': shards,
    'remote.port': port,
    'remote.pull': provider,
    'remote.blockArenaMb': 4,
    'feed.ticksPerSecond': 20_000,
    'strategy.list': '',
    'storage.stagingBytes': 8 << 20,
    'storage.walFileBytes': 4 << 20,
    'storage.memtableBytes': 1 << 20,
  };
  const platform = await RunningPlatform.start({ dataDir, keys });
  context.after(() => platform.kill());
  const metrics = new Metrics();
  const reach: ClientOptions = { mode: 'distributed', nodes: [`127.0.0.1:${port}`], metrics };
  const client = new NDTSClient({ ...reach, token: platform.token });
  context.after(() => client.close());
  return { platform, client, metrics };
}

async function read(client: NDTSClient): Promise<number> {
  let rows = 0;
  for await (const batch of client.replayTicks(undefined, { columns: ['price'] }))
    rows += batch.count;
  return rows;
}

async function follow(context: TestContext, provider: string): Promise<void> {
  const { client, platform, metrics } = await start(context, provider);
  await readPulledHistory(client, metrics, 20_000);
  // Killed while replays run: each ends, with all its rows or an error.
  const outcomes = Promise.allSettled(Array.from({ length: 6 }, () => read(client)));
  await sleep(5);
  await platform.kill();
  const ended = (await outcomes).filter((one) => one.status === 'rejected');
  const codes = new Set(ended.map(({ reason }) => (reason as { code: string }).code));
  deepEqual(
    [...codes].filter((code) => code !== 'UNAVAILABLE'),
    [],
  );
}

test('blocks over tcp', (context) => follow(context, 'tcp'));

test('blocks over libfabric', { skip: libfabricAbsent() }, (context) =>
  follow(context, 'libfabric'),
);
