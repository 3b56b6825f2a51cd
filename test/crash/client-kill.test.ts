// Processes that share a folder, and one of them dies: who had it open, in the middle of inserts,
// replays and queries; who read. What was acknowledged is there, nothing is there in part, and the
// next who asks opens the folder.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NdtsError } from '@ndts/protocol';
import { type InsertRow, NDTSClient } from '@ndts/storage';
import { rejectsWith } from '../kit/errors.js';
import { OpenerProcess } from '../kit/opener-process.js';
import { smallSettings } from '../kit/small-settings.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

type Role = 'auto' | 'open' | 'connect';

function clientOf(context: TestContext, dataDir: string, role: Role = 'auto'): NDTSClient {
  const options = { mode: 'standalone', dataDir, settings: smallSettings } as const;
  const client = new NDTSClient({ ...options, role, openTimeoutMs: role === 'auto' ? 60_000 : 50 });
  context.after(() => client.close());
  return client;
}

const symbols = ['A', 'B', 'C'];

/** Rows whose prices are [first, first + count). */
function rowsFrom(first: number, count: number): InsertRow[] {
  const rest = { volume: 1, bid1: 1, ask1: 1, bid_vol1: 1, ask_vol1: 1, flags: 0 };
  return Array.from({ length: count }, (_, at) => ({
    time: { day: 20_000, nsOfDay: first + at },
    symbol: symbols[(first + at) % symbols.length] ?? '',
    price: first + at,
    ...rest,
  }));
}

async function pricesOf(client: NDTSClient): Promise<number[]> {
  const prices: number[] = [];
  for await (const batch of client.replayTicks(undefined, { columns: ['price'] }))
    prices.push(...batch.price.subarray(0, batch.count));
  return prices;
}

const isGone = (error: unknown): boolean =>
  error instanceof NdtsError && error.code === 'UNAVAILABLE';

for (const acknowledge of ['accepted', 'durable'] as const)
  test(`kill -9 of who has it open: what was ${acknowledge} is there, whole`, async (context) => {
    const dataDir = await temporaryFolder(context);
    const opener = await OpenerProcess.start(context, dataDir);
    const client = clientOf(context, dataDir, 'connect');
    const size = 50;
    let acknowledged = 0;
    let asked = 0;
    const inserting = (async () => {
      for (;;) {
        asked += size;
        await client.insert('tick', rowsFrom(asked - size, size), { acknowledge });
        acknowledged += size;
        if (acknowledged === 20 * size) void opener.kill();
      }
    })();
    await inserting.catch((error: unknown) => ok(isGone(error), String(error)));
    ok(acknowledged >= 20 * size && asked === acknowledged + size);
    const next = clientOf(context, dataDir);
    const prices = await pricesOf(next);
    equal(await next.role(), 'open');
    // The last batch may or may not be there, but not half of it.
    ok(prices.length === acknowledged || prices.length === asked, `${prices.length} rows`);
    deepEqual(
      prices,
      prices.map((_, at) => at),
    );
    // The one that was connected goes on with who has it open now.
    await client.insert('tick', rowsFrom(prices.length, 1), { acknowledge });
    equal((await pricesOf(client)).length, prices.length + 1);
    equal(await client.role(), 'connect');
  });

test('kill -9 of who has it open, in the middle of reads of many', async (context) => {
  const dataDir = await temporaryFolder(context);
  const opener = await OpenerProcess.start(context, dataDir);
  const clients = Array.from({ length: 8 }, () => clientOf(context, dataDir));
  const [first = clientOf(context, dataDir)] = clients;
  // More than what a stream may have on its way.
  const count = 70_000;
  for (let at = 0; at < count; at += 10_000) await first.insert('tick', rowsFrom(at, 10_000));
  const whole = await Promise.all(clients.map(pricesOf));
  for (const prices of whole) equal(prices.length, count);
  // Each reads something else, and none is at its end when the opener dies.
  const replays = clients.map((client) => client.replayTicks(undefined, { batch: 16 }));
  for (const replay of replays) ok((await replay.next()).done !== true);
  const endless = Promise.all(
    clients.map(async (client) => {
      const result = await client.query('SELECT count(*) FROM range(1000000000000)');
      return result.rows();
    }),
  );
  const live = clients.map((client) => client.subscribe());
  await Promise.all(live.map((one) => one.from()));
  const rows = live.map((one) => one.next());
  const ends = [rejectsWith('UNAVAILABLE', endless)];
  await Promise.all(clients.map((client) => client.tables()));
  await opener.kill();
  await Promise.all(ends);
  for (const replay of replays)
    await rejectsWith(
      'UNAVAILABLE',
      (async () => {
        while ((await replay.next()).done !== true);
      })(),
    );
  // All ask again at once: one opens it, the others find it there.
  await Promise.all(clients.map((client) => client.tables()));
  const again = await Promise.all(clients.slice(0, 2).map(pricesOf));
  for (const prices of again) equal(prices.length, count);
  const roles = await Promise.all(clients.map((client) => client.role()));
  equal(roles.filter((role) => role === 'open').length, 1);
  // Subscriptions went on by themselves.
  await first.insert('tick', rowsFrom(count, 1));
  for (const { value } of await Promise.all(rows)) equal(value?.rows.doubles('price')[0], count);
  await Promise.all(live.map((one) => one.close()));
});

test('kill -9 of a reader leaves nothing behind', async (context) => {
  const dataDir = await temporaryFolder(context);
  const client = clientOf(context, dataDir, 'open');
  for (let part = 0; part < 4; part += 1) await client.insert('tick', rowsFrom(part * 5000, 5000));
  const readers = await Promise.all([0, 1].map(() => startReader(context, dataDir)));
  for (const reader of readers) {
    const gone = once(reader, 'exit');
    reader.kill('SIGKILL');
    await gone;
  }
  equal((await pricesOf(client)).length, 20_000);
  await client.close(); // waits for whatever a query of theirs still held
  const next = clientOf(context, dataDir);
  equal((await pricesOf(next)).length, 20_000);
  equal(await next.role(), 'open');
});

async function startReader(context: TestContext, dataDir: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../kit/folder-reader.js', import.meta.url));
  const reader = fork(script, [dataDir]);
  context.after(() => {
    reader.kill('SIGKILL');
  });
  deepEqual(await once(reader, 'message').then(([message]) => message as unknown), 'reading');
  return reader;
}

test('of many that begin at once on a new folder one opens it', async (context) => {
  const dataDir = await temporaryFolder(context);
  const clients = Array.from({ length: 6 }, () => clientOf(context, dataDir));
  const ids = await Promise.all(clients.map((client) => client.registerSymbol(['A', 'B'])));
  for (const one of ids) deepEqual(one, ids[0]);
  const roles = await Promise.all(clients.map((client) => client.role()));
  equal(roles.filter((role) => role === 'open').length, 1);
});

test('a role that cannot be had is said', async (context) => {
  const dataDir = await temporaryFolder(context);
  const options = { mode: 'standalone', dataDir, settings: smallSettings } as const;
  const alone = new NDTSClient({ ...options, role: 'connect', openTimeoutMs: 30 });
  await rejectsWith('UNAVAILABLE', alone.tables());
  await clientOf(context, dataDir, 'open').tables();
  const second = new NDTSClient({ ...options, role: 'open' });
  await rejectsWith('LOCKED', second.tables());
  await alone.tables();
  await alone.close();
});
