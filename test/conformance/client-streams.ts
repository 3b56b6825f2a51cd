// What every client's subscriptions do, whoever has the folder open: live rows once and in order,
// the past and then live, the latest of an interval, and positions that are kept for a name.

import { deepEqual, equal, ok } from 'node:assert/strict';
import type { SeededRandom } from '@ndts/runtime';
import type { LiveBatch, NDTSClient, ShardPositions } from '@ndts/storage';
import { rejectsWith } from '../kit/errors.js';
import { firstDay, insertTicks, type Known, randomTicks } from './client-rows.js';

export async function liveRowsAgree(client: NDTSClient, random: SeededRandom): Promise<void> {
  await insertTicks(client, randomTicks(random, 100));
  const live = client.subscribe(undefined, { batch: 7, columns: ['price'] });
  const some = client.subscribe(['ÖL'], { batch: 50 });
  await Promise.all([live.from(), some.from()]);
  const later = await insertTicks(client, randomTicks(random, 200));
  const take = async (
    from: AsyncIterable<LiveBatch>,
    count: number,
  ): Promise<{ keys: string[]; next: ShardPositions }> => {
    const keys: string[] = [];
    for await (const { rows, next } of from) {
      for (let row = 0; row < rows.count; row += 1)
        keys.push(`${rows.shard?.[row]}/${rows.sequence[row]}/${rows.doubles('price')[row]}`);
      if (keys.length >= count && next !== undefined) return { keys, next };
    }
    throw new Error('a subscription ended by itself');
  };
  const keyOf = ({ shard, sequence, price }: Known): string => `${shard}/${sequence}/${price}`;
  const seen = await take(live, 100);
  const rest = await take(
    client.subscribe(undefined, { from: seen.next, columns: ['price'] }),
    later.length - seen.keys.length,
  );
  deepEqual([...seen.keys, ...rest.keys].sort(), later.map(keyOf).sort());
  const mine = later.filter(({ symbol }) => symbol === 'ÖL');
  deepEqual((await take(some, mine.length)).keys, mine.map(keyOf));
  // One that waits is woken by what comes.
  const waiting = client.subscribe(['A'], { from: rest.next });
  const next = waiting.next();
  const [tick] = await insertTicks(client, [
    { time: { day: firstDay, nsOfDay: 0 }, symbol: 'A', price: 7, volume: 1 },
  ]);
  const { value } = await next;
  equal(value?.rows.sequence[0], tick?.sequence);
  await waiting.close();
  equal((await waiting.next()).done, true);
}

export async function modesAgree(client: NDTSClient, random: SeededRandom): Promise<void> {
  const known = await insertTicks(client, randomTicks(random, 300));
  const begin = await client.subscribe().from();
  const past = client.subscribe(undefined, { mode: 'historical', columns: ['price'], batch: 64 });
  await past.from();
  const later = await insertTicks(client, randomTicks(random, 60));
  const prices: number[] = [];
  let lastOfPast = 0;
  while (prices.length < known.length + later.length) {
    const { value } = await past.next();
    ok(value !== undefined);
    const { rows, next } = value;
    prices.push(...rows.doubles('price').subarray(0, rows.count));
    if (next === undefined) lastOfPast = prices.length;
  }
  await past.close();
  equal(lastOfPast, known.length);
  const sorted = (all: readonly Known[]): number[] => all.map(({ price }) => price).sort();
  deepEqual(prices.sort(), sorted([...known, ...later]));
  // The latest of each symbol, by place and not by time.
  const delayed = client.subscribe(undefined, { mode: 'delayed', intervalMs: 20, from: begin });
  const latest = new Map<number, number>();
  for (const { shard, sequence } of later)
    latest.set(shard, Math.max(sequence, latest.get(shard) ?? 0));
  const seen = new Map<number, number>();
  while ([...latest].some(([shard, sequence]) => seen.get(shard) !== sequence)) {
    const { value } = await delayed.next();
    ok(value !== undefined && new Set(value.rows.symbol).size === value.rows.count);
    for (let row = 0; row < value.rows.count; row += 1) {
      const shard = value.rows.shard?.[row] ?? 0;
      seen.set(shard, Math.max(value.rows.sequence[row] ?? 0, seen.get(shard) ?? 0));
    }
  }
  await delayed.close();
  const first = client.subscribe(undefined, { consumer: 'suite', from: begin, batch: 1000 });
  for (let read = 0; read < later.length; ) {
    const { value } = await first.next();
    read += value?.rows.count ?? 0;
    await first.ack(value?.next);
  }
  const end = await client.subscribe().from();
  const second = client.subscribe(undefined, { consumer: 'suite' });
  deepEqual((await second.from()).sequence, end.sequence);
  await rejectsWith('LEASE_LOST', first.next());
  const [info] = await client.consumers();
  deepEqual(info?.position.sequence, end.sequence);
  equal(await client.removeConsumer('suite'), true);
  await rejectsWith('LEASE_LOST', second.next());
  deepEqual(await client.consumers(), []);
}
