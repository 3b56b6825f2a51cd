// A consumer in a process of its own, and the process that has the folder open, killed at random
// while rows are inserted: every row is handed out, in order, and none again that was acknowledged.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { ConsumerDiary } from '../kit/consumer-diary.js';
import { longRun } from '../kit/long-run.js';
import { OpenerProcess } from '../kit/opener-process.js';
import { until } from '../kit/passing-time.js';
import { testSeed } from '../kit/seed.js';
import { smallSettings } from '../kit/small-settings.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const shards = smallSettings['cluster.shards'];

test('kill -9 of consumer and opener: no gap, and nothing acknowledged again', async (context) => {
  const random = new SeededRandom(testSeed(context));
  const dataDir = await temporaryFolder(context);
  let opener = await OpenerProcess.start(context, dataDir);
  const options = { mode: 'standalone', dataDir, settings: smallSettings } as const;
  const client = new NDTSClient({ ...options, role: 'connect', openTimeoutMs: 300_000 });
  context.after(() => client.close());
  const diary = new ConsumerDiary(context, { through: 'folder', name: 'diary', dataDir }, shards);
  diary.start();
  let price = 0;
  const insert = async (count: number): Promise<void> => {
    const rest = { volume: 1, bid1: 1, ask1: 1, bid_vol1: 1, ask_vol1: 1, flags: 0 };
    const rows = Array.from({ length: count }, () => ({
      time: { day: 20_000, nsOfDay: price },
      symbol: `S${random.integer(10)}`,
      price: price++,
      ...rest,
    }));
    await client.insert('tick', rows).catch((error: unknown) => {
      ok(error instanceof NdtsError && error.code === 'UNAVAILABLE', String(error));
    });
  };
  const rounds = longRun ? 40 : 4;
  for (let round = 0; round < rounds; round += 1) {
    for (let part = random.integer(12); part >= 0; part -= 1) await insert(1 + random.integer(60));
    const inserting = insert(30);
    // The consumer outlives the opener in some rounds and goes on by itself.
    const killsOpener = round % 2 === 0;
    const killsConsumer = !killsOpener || random.integer(2) === 0;
    if (killsConsumer) await diary.kill();
    if (killsOpener) {
      await opener.kill();
      opener = await OpenerProcess.start(context, dataDir);
    }
    await inserting;
    if (killsConsumer) diary.start();
  }
  await insert(10);
  const expected: number[][] = Array.from({ length: shards }, () => []);
  const marks = await client.getShards();
  const all = client.subscribe(undefined, { from: 'oldest' });
  for (let left = marks.reduce((sum, one) => sum + one.accepted, 0); left > 0; ) {
    const { value } = await all.next();
    ok(value !== undefined);
    left -= value.rows.count;
    const prices = value.rows.doubles('price');
    for (let row = 0; row < value.rows.count; row += 1)
      expected[value.rows.shard?.[row] ?? 0]?.push(prices[row] ?? -1);
  }
  await all.close();
  const total = expected.reduce((sum, one) => sum + one.length, 0);
  await until(() => {
    diary.check();
    return diary.count >= total;
  });
  deepEqual(diary.handled, expected);
  ok(diary.lives > 1);
  const [kept] = await client.consumers();
  equal(kept?.name, 'diary');
});
