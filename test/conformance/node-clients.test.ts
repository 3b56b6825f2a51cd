// Clients of a running node: the same calls, its live ticks, and what they insert goes its way;
// ndts query and ndts replay ask the node that has the folder open.

import { equal, match, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTickBatch } from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';
import { NDTSClient, openTickRings, type Subscription } from '@ndts/storage';
import { WebSocket } from 'ws';
import { freePort } from '../kit/free-port.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const command = fileURLToPath(new URL('../../../apps/ndts/dist/main.js', import.meta.url));
const run = promisify(execFile);

async function ndts(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [command, ...args], { env: {} });
  return stdout;
}

const sql = "SELECT symbol, price FROM tick WHERE symbol = 'OF A CLIENT'";
const answer = 'symbol,price\nOF A CLIENT,7.5\n';
const range = ['--to', '2026-01-02', '--columns', 'price'];

/** From when a test says so a minute is over in a twentieth of a second. */
class HurriedClock extends SystemClock {
  #sinceNs = Infinity;

  hurry(): void {
    this.#sinceNs = super.monotonicNs();
  }

  override monotonicNs(): number {
    const nowNs = super.monotonicNs();
    return nowNs + 1200 * Math.max(0, nowNs - this.#sinceNs);
  }
}

/** What a client of another machine does. Returns a subscription that saw live ticks. */
async function askFromAfar(
  context: TestContext,
  node: RunningPlatform,
  address: string,
  dataDir: string,
  csv: string,
  clock: HurriedClock,
): Promise<Subscription> {
  const there = ['--node', address, '--token-file', join(dataDir, 'identity/admin.token')];
  equal(await ndts('query', sql, ...there, '--csv'), answer);
  equal(await ndts('replay', 'OF A CLIENT', ...there, ...range), csv);
  await rejects(ndts('query', sql, '--node', address), /UNAUTHENTICATED/);
  await rejects(ndts('query', sql, '--data-dir', dataDir, '--tls'), /INVALID_ARGUMENT/);
  const options = { mode: 'distributed', nodes: [address], openTimeoutMs: 60_000 } as const;
  const far = new NDTSClient({ ...options, token: node.token, clock });
  context.after(() => far.close());
  equal((await far.getShards()).length, 4);
  const waiting = far.subscribe(undefined, { columns: ['price'] });
  ok((await waiting.next()).done !== true);
  return waiting;
}

/** The same rows, whichever way they come: each sequence once, from the same start. */
async function ringsAndServiceAgree(client: NDTSClient): Promise<void> {
  const from = await client.subscribe().from();
  const columns = ['price'];
  for (const ring of ['sleep', 'adaptive', undefined] as const) {
    const due = from.sequence.slice();
    let rows = 0;
    const polled = ring === undefined ? {} : { ring };
    for await (const { rows: batch } of client.subscribe(undefined, { from, columns, ...polled })) {
      for (let row = 0; row < batch.count; row += 1) {
        const shard = batch.shard?.[row] ?? 0;
        equal(batch.sequence[row], due[shard]);
        due[shard] = (due[shard] ?? 0) + 1;
      }
      rows += batch.count;
      if (rows > 500) break;
    }
  }
}

async function streamsOver(url: string, token: string): Promise<void> {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', id: 1 }));
  const rows = await new Promise<unknown>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string };
      if (message.type === 'rows') resolve(message);
    });
  });
  socket.terminate();
  ok((rows as { count: number }).count > 0);
}

test('clients and commands use the folder that a node has open', async (context) => {
  const dataDir = await temporaryFolder(context);
  const shards = { 'cluster.shards': 4 };
  const remotePort = await freePort();
  const streamPort = await freePort();
  const keys = {
    ...shards,
    'remote.port': remotePort,
    'stream.port': streamPort,
    'feed.ticksPerSecond': 2000,
    // Nothing here is timed, and a node that spins takes a processor from other tests.
    'strategy.list': '',
    'loop.idle': 'sleep',
    'storage.stagingBytes': 8 << 20,
    'storage.walFileBytes': 4 << 20,
  };
  const node = await RunningPlatform.start({ dataDir, keys });
  context.after(() => node.kill());
  const client = new NDTSClient({ mode: 'standalone', dataDir, settings: shards });
  context.after(() => client.close());
  equal(await client.role(), 'connect');
  let live = 0;
  for await (const { rows } of client.subscribe(undefined, { columns: ['price'] })) {
    live += rows.count;
    if (live > 200) break;
  }
  const rings = readdirSync(join(node.run.memory, 'rings')).map((name) =>
    join(node.run.memory, 'rings', name),
  );
  const ring = openTickRings({ paths: rings.filter((path) => /ticks-/.test(path)), from: 'tail' });
  const quote = { volume: 1, bid1: 7, ask1: 8, bid_vol1: 1, ask_vol1: 1, flags: 0 };
  const time = { day: 20_454, nsOfDay: 5 };
  const sent = [{ time, symbol: 'OF A CLIENT', price: 7.5, ...quote }];
  const { sequence, shard } = await client.insert('tick', sent, { acknowledge: 'durable' });
  equal((await client.loadSymbol('OF A CLIENT').all()).doubles('price')[0], 7.5);
  const id = await client.registerSymbol('OF A CLIENT');
  const batch = createTickBatch(1024);
  for (let found = false; !found; ) {
    ring.waitPoll(batch, 1000);
    for (let row = 0; row < batch.count; row += 1)
      if (batch.symbol[row] === id) {
        found = true;
        equal(batch.sequence[row], sequence[0]);
        equal(batch.shard[row], shard[0]);
        equal(batch.ask[row], 8);
      }
  }
  ring.close();
  equal(await ndts('query', sql, '--data-dir', dataDir, '--csv'), answer);
  const csv = await ndts('replay', 'OF A CLIENT', '--data-dir', dataDir, ...range);
  match(
    csv,
    /^time,symbol,sequence,price\n2026-01-01T00:00:00\.000000005Z,OF A CLIENT,\d+,7\.5\n$/,
  );
  const clock = new HurriedClock();
  const waiting = await askFromAfar(context, node, `127.0.0.1:${remotePort}`, dataDir, csv, clock);
  await ringsAndServiceAgree(client);
  await streamsOver(`ws://127.0.0.1:${streamPort}/stream`, node.token);
  equal(await node.stop(), 0);
  clock.hurry();
  await rejects(
    async () => {
      for await (const batch of waiting) ok(batch.rows.count > 0);
    },
    { code: 'UNAVAILABLE' },
  );
  // Now nobody has it open: the client does.
  ok((await client.aggregate({ aggregates: { n: { kind: 'rows' } } })).values['n']?.[0]);
  equal(await client.role(), 'open');
});
