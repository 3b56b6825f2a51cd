// What a bad network does, between a reader and its node: every row comes once and in order, nobody
// waits for ever, and after each fault it goes on. Over the remote connection, over WebSocket, and
// for rings that are pulled.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createPullServer, openRingPuller } from '@ndts/native/fabric';
import { createTickRings, openTickRings } from '@ndts/native/ring';
import { createTickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import type { NDTSClient } from '@ndts/storage';
import { FaultProxy } from '../kit/fault-proxy.js';
import { HastyClock } from '../kit/hasty-clock.js';
import { longRun } from '../kit/long-run.js';
import { until } from '../kit/passing-time.js';
import { startRemoteNode } from '../kit/remote-node.js';
import { testSeed } from '../kit/seed.js';
import { StreamReader } from '../kit/stream-reader.js';
import { temporaryFolder } from '../kit/temporary-folder.js';
import { insertTicks, randomTicks } from './client-rows.js';

const rounds = longRun ? 30 : 1;

/** Each leaves the proxy as it is, until somebody clears it. */
type Fault = (proxy: FaultProxy, random: SeededRandom) => void;

const faults: Readonly<Record<string, Fault>> = {
  delayed: (proxy, random) => proxy.delay(1 + random.integer(30)),
  stalled: (proxy) => proxy.stall(),
  throttled: (proxy, random) => proxy.throttle(20_000 + random.integer(200_000)),
  truncated: (proxy, random) => proxy.truncate(random.integer(2000)),
  reset: (proxy) => proxy.reset(),
  refused: (proxy) => proxy.refuse(),
};

/** Of all faults, in some order. */
function* weather(random: SeededRandom): Generator<[name: string, fault: Fault]> {
  for (let round = 0; round < rounds; round += 1) {
    const left = Object.entries(faults);
    while (left.length > 0) yield* left.splice(random.integer(left.length), 1);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function listOf(lists: number[][], shard: number): number[] {
  const found = lists[shard] ?? [];
  lists[shard] = found;
  return found;
}

/** What was seen of each shard: sequences from 0 on, each once, with their prices. */
class Seen {
  readonly prices: number[][] = [];
  count = 0;

  note(shard: number, sequence: number, price: number): void {
    const mine = listOf(this.prices, shard);
    equal(sequence, mine.length, `shard ${shard}`);
    mine.push(price);
    this.count += 1;
  }
}

/** What was inserted, shard by shard. */
class Written {
  readonly prices: number[][] = [];
  count = 0;
  readonly #client: NDTSClient;
  readonly #random: SeededRandom;

  constructor(client: NDTSClient, random: SeededRandom) {
    this.#client = client;
    this.#random = random;
  }

  async insert(count: number): Promise<void> {
    const known = await insertTicks(this.#client, randomTicks(this.#random, count));
    for (const { shard, sequence, price } of known) listOf(this.prices, shard)[sequence] = price;
    this.count += count;
  }
}

/** Rows are written through each fault and after it; all are seen before the next. */
async function endure(
  context: TestContext,
  random: SeededRandom,
  proxy: FaultProxy,
  written: Written,
  seen: Seen,
): Promise<void> {
  for (const [name, fault] of weather(random)) {
    context.diagnostic(name);
    await written.insert(1 + random.integer(300));
    fault(proxy, random);
    for (let part = 0; part < 3; part += 1) {
      await written.insert(1 + random.integer(300));
      await pause(random.integer(30));
    }
    proxy.clear();
    await until(() => seen.count >= written.count);
    deepEqual(seen.prices, written.prices, name);
  }
}

test('the remote connection', async (context) => {
  const random = new SeededRandom(testSeed(context));
  const node = await startRemoteNode(context, await temporaryFolder(context));
  const proxy = await FaultProxy.start(context, node.address);
  const written = new Written(node.client(), random);
  await written.insert(10);
  // What it takes 20 s to find out, it finds out in 400 ms.
  const clock = new HastyClock(50);
  const reader = node.client('viewer', { nodes: [proxy.address], clock });
  const seen = new Seen();
  const subscription = reader.subscribe(undefined, { from: 'oldest', batch: 50 });
  const reading = (async () => {
    for await (const { rows, voids } of subscription) {
      deepEqual(voids, []);
      const prices = rows.doubles('price');
      for (let row = 0; row < rows.count; row += 1)
        seen.note(rows.shard?.[row] ?? -1, rows.sequence[row] ?? -1, prices[row] ?? -1);
    }
  })();
  await endure(context, random, proxy, written, seen);
  // A node that says nothing is given up, and the next connection goes on.
  const before = proxy.accepted;
  proxy.stall();
  await written.insert(100);
  await until(() => proxy.open === 0 || proxy.accepted > before);
  proxy.clear();
  await until(() => seen.count >= written.count);
  deepEqual(seen.prices, written.prices);
  ok(proxy.accepted > before);
  // Who closes is not held up.
  proxy.stall();
  await subscription.close();
  await reader.close();
  await reading;
});

test('streams over WebSocket', async (context) => {
  const random = new SeededRandom(testSeed(context));
  const node = await startRemoteNode(context, await temporaryFolder(context));
  const proxy = await FaultProxy.start(context, node.streamAddress);
  const written = new Written(node.client(), random);
  await written.insert(10);
  const seen = new Seen();
  const reader = new StreamReader({
    address: proxy.address,
    token: node.identity.createToken('stream', 'viewer'),
    onRows: (rows) => {
      for (const { shard, sequence, price } of rows) seen.note(shard, sequence, price);
    },
    onVoid: () => ok(false, 'nothing was lost'),
    silentMs: 20_000,
  });
  context.after(() => reader.close());
  await until(() => seen.count >= written.count);
  await endure(context, random, proxy, written, seen);
  // Truncated, reset and refused end a connection each.
  ok(reader.connections >= 1 + 3 * rounds);
});

test('rings that are pulled over TCP', async (context) => {
  const random = new SeededRandom(testSeed(context));
  const dir = await temporaryFolder(context);
  const shards = 3;
  const slotCount = 1 << 14;
  const shape = { slotCount, epochs: [5, 5, 5], firstSequences: [0, 0, 0] };
  const rings = createTickRings({ dir: join(dir, 'rings'), ...shape });
  const server = createPullServer({ provider: 'tcp', address: '127.0.0.1', port: 0 });
  const grants = rings.paths.map((path) => server.exposeRing(path, 3_600_000));
  const proxy = await FaultProxy.start(context, grants[0]?.address ?? '');
  const puller = openRingPuller({
    grants: grants.map((grant) => ({ ...grant, address: proxy.address })),
    dir: join(dir, 'mirrors'),
    from: 'oldest',
  });
  context.after(() => {
    puller.close();
    server.close();
    rings.close();
  });
  const reader = openTickRings({ paths: await puller.mirrors(120_000), from: 'oldest' });
  context.after(() => reader.close());
  const next = new Array<number>(shards).fill(0);
  const batch = createTickBatch(512);
  const publish = (): void => {
    batch.count = 1 + random.integer(batch.capacity);
    for (let row = 0; row < batch.count; row += 1) {
      const shard = random.integer(shards);
      batch.shard[row] = shard;
      batch.epoch[row] = 5;
      batch.sequence[row] = next[shard] ?? 0;
      batch.price[row] = next[shard] ?? 0;
      next[shard] = (next[shard] ?? 0) + 1;
    }
    rings.publish(batch);
  };
  const seen = new Seen();
  const into = createTickBatch(512);
  const poll = (): void => {
    while (reader.poll(into) > 0)
      for (let row = 0; row < into.count; row += 1) {
        equal(into.price[row], into.sequence[row]);
        seen.note(into.shard[row] ?? -1, into.sequence[row] ?? -1, into.price[row] ?? -1);
      }
  };
  const total = (): number => next.reduce((sum, one) => sum + one, 0);
  for (const [name, fault] of weather(random)) {
    context.diagnostic(name);
    fault(proxy, random);
    for (let part = 0; part < 5; part += 1) {
      publish();
      poll();
      await pause(random.integer(20));
    }
    proxy.clear();
    await until(() => {
      poll();
      return seen.count === total();
    });
  }
  equal(reader.lapped(), 0);
  const { rings: stats, connects } = puller.stats();
  ok(stats.every(({ end, voids }) => end === 'OK' && voids === 0));
  ok(connects >= 1 + 3 * rounds, `${connects} connections`);
});
