// Consumers that read from another process over the network - rings pulled one-sided, streams over
// WebSocket - and the node they read from, each killed at random moments while rows flow; some
// nodes lose their shared memory too, as in a power failure. Every tick, trade or book of the store
// is handed out in order, none again that was acknowledged, and what was lost is told as void.
//
// NDTS_TEST_ROUNDS says how often something is killed; a few times in a short run.

import { deepEqual, ok } from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { ConsumerDiary } from '../kit/consumer-diary.js';
import { columnOf, type KindOfRows } from '../kit/kind-column.js';
import { freePort } from '../kit/free-port.js';
import { libfabricAbsent } from '../kit/libfabric.js';
import { longRun } from '../kit/long-run.js';
import { until } from '../kit/passing-time.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { testSeed } from '../kit/seed.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const shards = 4;
const rounds = Number(process.env['NDTS_TEST_ROUNDS'] ?? (longRun ? 40 : 2));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What each consumer reads. */
interface Tables {
  readonly rings: KindOfRows;
  readonly stream: KindOfRows;
}

class Scene {
  readonly diaries: readonly ConsumerDiary[];
  node: RunningPlatform;
  readonly address: string;
  readonly #keys: Readonly<Record<string, string | number>>;
  readonly #dataDir: string;
  readonly #tables: Tables;

  private constructor(
    test: TestContext,
    node: RunningPlatform,
    dataDir: string,
    keys: Readonly<Record<string, string | number>>,
    tables: Tables,
  ) {
    this.node = node;
    this.#tables = tables;
    this.#dataDir = dataDir;
    this.#keys = keys;
    test.after(() => this.node.kill());
    const { token } = node;
    this.address = `127.0.0.1:${keys['remote.port']}`;
    const stream = `127.0.0.1:${keys['stream.port']}`;
    const ways = [
      { through: 'rings', name: 'rings', address: this.address, token, table: tables.rings },
      { through: 'stream', name: 'stream', address: stream, token, table: tables.stream },
    ] as const;
    this.diaries = ways.map((way) => new ConsumerDiary(test, way, shards));
  }

  static async start(test: TestContext, provider: string, tables: Tables): Promise<Scene> {
    const dataDir = await temporaryFolder(test);
    const keys = {
      'cluster.shards': shards,
      'remote.port': await freePort(),
      'remote.pull': provider,
      'stream.port': await freePort(),
      'stream.heartbeatMs': 200,
      'feed.ticksPerSecond': tables.rings === 'tick' ? 2000 : 500,
      'feed.simulatedTrades': String(tables.stream === 'trade'),
      'feed.simulatedBooks': String(tables.rings === 'book'),
      'strategy.list': '',
      // Who is killed often leaves the processor to those that start.
      'loop.idle': 'sleep',
      // Much is accepted and not durable, so that a power failure loses something.
      'storage.commitIntervalMs': 300,
      'storage.stagingBytes': 8 << 20,
      'storage.walFileBytes': 4 << 20,
    };
    const node = await RunningPlatform.start({ dataDir, keys });
    return new Scene(test, node, dataDir, keys, tables);
  }

  /** kill -9 and a new start; without power what was not durable is lost. */
  async restart(losesPower: boolean, more: Readonly<Record<string, number>>): Promise<void> {
    await this.node.kill();
    if (losesPower) {
      // A strategy of the dead node may live for a moment, and make a file while others go.
      rmSync(this.node.run.memory, { recursive: true, maxRetries: 10, retryDelay: 50 });
      for (const diary of this.diaries) diary.memoryLost();
    }
    const keys = { ...this.#keys, ...more };
    this.node = await RunningPlatform.start({ dataDir: this.#dataDir, keys });
  }

  /** What is in the store, as the diaries note it: of each in its order. */
  async stored(test: TestContext): Promise<number[][][]> {
    const { token } = this.node;
    const client = new NDTSClient({ mode: 'distributed', nodes: [this.address], token });
    test.after(() => client.close());
    const { rings, stream } = this.#tables;
    return [await storedOf(client, rings), await storedOf(client, stream)];
  }
}

/** By shard, the values of the column that says which row it is. */
async function storedOf(client: NDTSClient, table: KindOfRows): Promise<number[][]> {
  const values: number[][] = Array.from({ length: shards }, () => []);
  const count = await (await client.query(`SELECT count(*) AS n FROM ${table}`)).rows();
  const all = client.subscribe(undefined, { table, from: 'oldest' });
  for (let left = Number(count[0]?.['n']); left > 0; ) {
    const { value } = await all.next();
    ok(value !== undefined);
    const { rows } = value;
    left -= rows.count;
    const column = rows.doubles(columnOf(table));
    for (let row = 0; row < rows.count; row += 1)
      values[rows.shard?.[row] ?? 0]?.push(column[row] ?? -1);
  }
  await all.close();
  return values;
}

async function oneRound(scene: Scene, random: SeededRandom): Promise<void> {
  await pause(random.integer(300));
  const victims = scene.diaries.filter(() => random.integer(2) === 0);
  const node = victims.length === 0 || random.integer(2) === 0;
  for (const diary of victims) await diary.kill();
  if (node) await scene.restart(random.integer(2) === 0, {});
  for (const diary of victims) diary.start();
  for (const diary of scene.diaries) diary.check();
}

async function endure(
  context: TestContext,
  provider: string,
  tables: Tables,
  times: number,
): Promise<void> {
  const random = new SeededRandom(testSeed(context));
  const scene = await Scene.start(context, provider, tables);
  for (const diary of scene.diaries) diary.start();
  await until(() => scene.diaries.every(({ count }) => count > 0));
  for (let round = 0; round < times; round += 1) await oneRound(scene, random);
  await scene.restart(true, { 'feed.ticksPerSecond': 0 });
  const expected = await scene.stored(context);
  for (const [at, diary] of scene.diaries.entries()) {
    const total = expected[at]?.reduce((sum, one) => sum + one.length, 0) ?? 0;
    await until(() => {
      diary.check();
      return diary.count === total;
    });
    deepEqual(diary.handled, expected[at]);
    context.diagnostic(
      `${total} rows, ${diary.lives} lives, rows of a shard undone ${diary.undone} times`,
    );
  }
}

test('books over rings that are pulled over TCP, trades over WebSocket', (context) =>
  endure(context, 'tcp', { rings: 'book', stream: 'trade' }, rounds));

test('ticks over rings that are pulled over libfabric, and over WebSocket', async (context) => {
  const absent = libfabricAbsent();
  const tables = { rings: 'tick', stream: 'tick' } as const;
  if (absent === false) await endure(context, 'libfabric', tables, Math.ceil(rounds / 3));
  else context.diagnostic(`not tested: ${absent}`);
});
