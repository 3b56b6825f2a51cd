// remote_load: all ticks of a folder to JavaScript, and a hash of them: from the files of this
// process (here), of a node in another process over its connection, and by blocks that are read
// one-sided over each adapter; then again, from the cache of blocks. Both processes share this
// machine: what is measured is software, not a network.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Metrics } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { counted } from '../kit/counted.js';
import { libfabricAbsent } from '../kit/libfabric.js';
import { settings, writeTicks } from './client.js';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import type { RemoteLoadNode } from './kit/remote-load-node.js';

const script = fileURLToPath(new URL('kit/remote-load-node.js', import.meta.url));
/** A tick as a ring has it. */
const tickBytes = 64;
const arenaBytes = 64 << 20;
const cacheMb = 1024;

interface Reading {
  readonly rows: number;
  readonly seconds: number;
  readonly answer: string;
}

async function read(client: NDTSClient): Promise<Reading> {
  await client.tables(); // opens
  const begin = performance.now();
  let rows = 0;
  let sum = 0;
  for await (const batch of client.replayTicks()) {
    const { count, price, volume, nsOfDay } = batch;
    rows += count;
    for (let row = 0; row < count; row += 1)
      sum = (sum + (price[row] ?? 0) + (volume[row] ?? 0) + (nsOfDay[row] ?? 0)) % 2 ** 40;
  }
  return { rows, seconds: (performance.now() - begin) / 1000, answer: answerHash(rows, sum) };
}

function emit(context: BenchContext, through: string, cache: string, reading: Reading): void {
  const { rows, seconds, answer } = reading;
  const params = { through, cache, ticks: rows };
  const line = { bench: 'remote_load', params, answer };
  context.emit({ ...line, metric: 'rowsPerSecond', value: rows / seconds, unit: '1/s' });
  const bytesPerSecond = (rows * tickBytes) / seconds;
  context.emit({ ...line, metric: 'bytesPerSecond', value: bytesPerSecond, unit: 'B/s' });
}

async function readFrom(context: BenchContext, dataDir: string, pull: string): Promise<void> {
  const child = fork(script, [dataDir, pull, String(arenaBytes)]);
  const gone = once(child, 'exit');
  try {
    const [{ address, token }] = (await once(child, 'message')) as [RemoteLoadNode];
    const metrics = new Metrics({ processMetrics: false });
    const shared = { blockCacheMb: cacheMb, metrics };
    const reach = { mode: 'distributed', nodes: [address], token } as const;
    await using client = new NDTSClient({ ...reach, ...shared });
    const through = pull === 'off' ? 'connection' : pull;
    emit(context, through, 'cold', await read(client));
    if (pull === 'off') return;
    emit(context, through, 'warm', await read(client));
    const names = ['blocks_pulled_total', 'blocks_over_connection_total', 'blocks_stale_total'];
    const found = await Promise.all(names.map((name) => counted(metrics, name)));
    context.say(`${through}: blocks pulled, over the connection, stale: ${found.join(', ')}`);
  } finally {
    child.send('end');
    await gone;
  }
}

export const remoteLoad: Bench = {
  name: 'remote_load',
  about: 'all ticks of a node to JavaScript: its files, blocks read one-sided, its connection',
  run: async (context) => {
    const dataDir = join(context.dir, 'data');
    mkdirSync(dataDir);
    const bytes = pick(context.size, { smoke: 2 ** 21, small: 2 ** 27, full: 2 ** 30 });
    context.say(`writing ${bytes / tickBytes} ticks`);
    await writeTicks(dataDir, bytes / tickBytes);
    {
      await using client = new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'open' });
      emit(context, 'here', 'none', await read(client));
    }
    const pulls = libfabricAbsent() === false ? ['mapped', 'tcp', 'libfabric'] : ['mapped', 'tcp'];
    for (const pull of [...pulls, 'off']) await readFrom(context, dataDir, pull);
  },
};
