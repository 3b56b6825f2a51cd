// Replays against a plain sort: order, ranges, columns, what a replay sees; and what ends one.

import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { addNs, createTickBatch, nsBetween } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { replayTicks } from './replay-ticks.js';
import {
  fillTicks,
  inOrder,
  type PlainTick,
  replayFolder,
  segmentFiles,
  testNames,
} from './replay-test-kit.js';
import type { TickReplayBatch } from './tick-columns.js';

type Batch = TickReplayBatch<'price' | 'flags'>;

function ticksOf(batch: Batch): PlainTick[] {
  return Array.from({ length: batch.count }, (_, row) => ({
    day: batch.day[row] ?? 0,
    nsOfDay: batch.nsOfDay[row] ?? 0,
    name: testNames[batch.symbol[row] ?? 0] ?? '',
    sequence: batch.sequence[row] ?? 0,
    price: batch.price[row] ?? 0,
    flags: batch.flags[row] ?? 0,
  }));
}

const withCode = (code: string) => (error: unknown) => (error as { code?: string }).code === code;

test('ticks come in order of time, name and sequence, from files and memory', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  const wanted = inOrder(fillTicks(database, folder.random, 4000));
  const found: PlainTick[] = [];
  const replay = replayTicks(database, undefined, { columns: ['price', 'flags'], batch: 333 });
  const later = fillTicks(database, folder.random, 500);
  database.seal();
  for await (const batch of replay) found.push(...ticksOf(batch));
  deepEqual(found, wanted);
  deepEqual(await replay.next(), { done: true, value: undefined });
  // What came afterwards begins where the replay says that it ends.
  const rest = createTickBatch(1);
  let count = 0;
  for (let shard = 0; shard < replay.ends.length; shard += 1)
    for (let next = replay.ends[shard] ?? 0; database.readSequence(shard, next, rest) > 0; ) {
      next = (rest.sequence[0] ?? 0) + 1;
      count += 1;
    }
  equal(count, later.length);
});

test('a part of the symbols and of the time', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  const all = inOrder(fillTicks(database, folder.random, 3000));
  const [from, to] = [all[700], all[2100]];
  ok(from !== undefined && to !== undefined);
  const found: PlainTick[] = [];
  const names = ['ÖL', 'BETA', 'A'];
  const options = { from, to, columns: ['price', 'flags'] as const };
  for await (const batch of replayTicks(database, names, options)) found.push(...ticksOf(batch));
  const wanted = all.filter(
    (one) => names.includes(one.name) && nsBetween(one, from) >= 0 && nsBetween(one, to) < 0,
  );
  deepEqual(found, wanted);
});

test('wrong requests are refused', (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  throws(() => replayTicks(database, ['NOBODY']), withCode('NOT_FOUND'));
  throws(() => replayTicks(database, ['A', 'A']), withCode('INVALID_ARGUMENT'));
  throws(() => replayTicks(database, ['A'], { speed: -1 }), withCode('INVALID_ARGUMENT'));
  throws(() => replayTicks(database, ['A'], { speed: 1 }), withCode('INVALID_ARGUMENT'));
  throws(() => replayTicks(database, ['A'], { batch: 0 }), withCode('INVALID_ARGUMENT'));
  const odd = ['prize'] as unknown as 'price'[];
  throws(() => replayTicks(database, ['A'], { columns: odd }), withCode('INVALID_ARGUMENT'));
  const note = database.createTable({ name: 'note', columns: [{ name: 'note', type: 'text' }] });
  const texts = { table: note, columns: [0], capacity: 1 };
  throws(() => database.replay(texts), withCode('INVALID_ARGUMENT'));
  const one = { columns: [0], capacity: 1 };
  throws(() => database.replay({ ...one, batches: 1 }), withCode('INVALID_ARGUMENT'));
  throws(() => database.replay({ ...one, columns: [7] }), withCode('INVALID_ARGUMENT'));
  throws(() => database.replay({ ...one, table: 9 }), withCode('NOT_FOUND'));
  const id = Uint32Array.of(99);
  throws(() => database.replay({ ...one, symbols: id }), withCode('NOT_FOUND'));
  database.close();
  throws(() => replayTicks(database, undefined), withCode('CLOSED'));
});

test('a replay outlives the close of its database', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  const wanted = inOrder(fillTicks(database, folder.random, 3000));
  const found: PlainTick[] = [];
  const options = { columns: ['price', 'flags'], batch: 100 } as const;
  for await (const batch of replayTicks(database, undefined, options)) {
    if (found.length === 200) database.close();
    found.push(...ticksOf(batch));
  }
  deepEqual(found, wanted);
});

test('breaking out, return and abort end it', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  fillTicks(database, folder.random, 2000);
  const replay = replayTicks(database, undefined, { batch: 10 });
  for await (const batch of replay) if (batch.count > 0) break;
  deepEqual(await replay.next(), { done: true, value: undefined });
  const reader = database.replay({ columns: [0], capacity: 10 });
  reader.close();
  reader.close();
  throws(() => reader.take(), withCode('CLOSED'));
  const abort = new AbortController();
  const aborted = replayTicks(database, undefined, { batch: 10, signal: abort.signal });
  await aborted.next();
  abort.abort(new Error('enough'));
  await rejects(aborted.next(), /enough/);
  const never = replayTicks(database, undefined, { signal: abort.signal });
  await rejects(never.next(), /enough/);
});

test('memory that was taken away is not written to', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  const wanted = fillTicks(database, folder.random, 2000);
  let found = 0;
  for await (const batch of replayTicks(database, undefined, { batch: 50 })) {
    found += batch.count;
    if (found > 500 && batch.day.length > 0)
      structuredClone(batch.day.buffer, { transfer: [batch.day.buffer as ArrayBuffer] });
  }
  equal(found, wanted.length);
});

test('a damaged block is CORRUPT, after the ticks before it', async (context) => {
  const folder = replayFolder(context);
  const first = folder.open();
  fillTicks(first, folder.random, 3000);
  first.close();
  const path = segmentFiles(folder.dir)[0] ?? '';
  const file = openSync(path, 'r+');
  const byte = new Uint8Array(1);
  readSync(file, byte, 0, 1, 64 + 20);
  byte[0] = (byte[0] ?? 0) ^ 0x40;
  writeSync(file, byte, 0, 1, 64 + 20);
  closeSync(file);
  const replay = replayTicks(folder.open(), undefined);
  await rejects(async () => {
    for await (const batch of replay) ok(batch.count > 0);
  }, withCode('CORRUPT'));
  equal((await replay.next()).done, true);
});

test('at a speed no tick comes before its time, and none long after it', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  const wanted = inOrder(fillTicks(database, folder.random, 600));
  const start = wanted[0];
  ok(start !== undefined);
  const clock = new VirtualClock();
  const beginNs = clock.monotonicNs();
  const options = { columns: ['price', 'flags'], speed: 10, clock, batch: 64 } as const;
  const replay = replayTicks(database, undefined, options);
  const found: PlainTick[] = [];
  const done = (async () => {
    for await (const batch of replay) {
      const now = addNs(start, (clock.monotonicNs() - beginNs) * 10);
      for (const one of ticksOf(batch)) {
        ok(nsBetween(one, now) <= 0, 'too early');
        ok(nsBetween(now, one) < 20, 'late');
        found.push(one);
      }
    }
  })();
  let ended = false;
  void done.finally(() => {
    ended = true;
  });
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = clock.nextTimerNs();
    if (next !== undefined) clock.advance(Math.max(0, next - clock.monotonicNs()));
  }
  await done;
  deepEqual(found, wanted);
});

test('a wait for the next tick is aborted at once', async (context) => {
  const folder = replayFolder(context);
  const database = folder.open();
  fillTicks(database, folder.random, 100);
  const abort = new AbortController();
  const { signal } = abort;
  const replay = replayTicks(database, undefined, { speed: 1, clock: new VirtualClock(), signal });
  await replay.next();
  const waiting = replay.next();
  await rejects(replay.next(), withCode('INVALID_ARGUMENT'));
  abort.abort(new Error('enough'));
  await rejects(waiting, /enough/);
});
