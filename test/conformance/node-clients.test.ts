// Clients of a running node: the same calls, its live ticks, and what they insert goes its way;
// ndts query and ndts replay ask the node that has the folder open.

import { equal, match, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTickBatch } from '@ndts/protocol';
import { NDTSClient, openTickRings } from '@ndts/storage';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const command = fileURLToPath(new URL('../../../apps/ndts/dist/main.js', import.meta.url));
const run = promisify(execFile);

async function ndts(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [command, ...args], { env: {} });
  return stdout;
}

test('clients and commands use the folder that a node has open', async (context) => {
  const dataDir = await temporaryFolder(context);
  const shards = { 'cluster.shards': 4 };
  const keys = {
    ...shards,
    'feed.ticksPerSecond': 2000,
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
  const sql = "SELECT symbol, price FROM tick WHERE symbol = 'OF A CLIENT'";
  equal(
    await ndts('query', sql, '--data-dir', dataDir, '--csv'),
    'symbol,price\nOF A CLIENT,7.5\n',
  );
  const range = ['--to', '2026-01-02', '--columns', 'price'];
  const csv = await ndts('replay', 'OF A CLIENT', '--data-dir', dataDir, ...range);
  match(
    csv,
    /^time,symbol,sequence,price\n2026-01-01T00:00:00\.000000005Z,OF A CLIENT,\d+,7\.5\n$/,
  );
  equal(await node.stop(), 0);
  // Now nobody has it open: the client does.
  ok((await client.aggregate({ aggregates: { n: { kind: 'rows' } } })).values['n']?.[0]);
  equal(await client.role(), 'open');
});
