// Streams against plain lists, over a folder whose opener ends and comes back at random: every
// sequence once and in order whoever serves; what was lost is told; the past and the live rows meet
// without a seam; a watermark holds rows back.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Clock, NdtsError } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import type { Service } from '../service/service.js';
import type { SubscribeOptions } from './subscription.js';
import { Subscription } from './subscription.js';
import {
  longRun,
  names,
  ReaderNotes,
  rowAt,
  seedOf,
  shardCount,
  StreamNode,
  turn,
} from './stream-test-kit.js';

const rounds = longRun ? 400 : 40;
const loop = { spinMs: 1, sleepMs: 1 };

function subscribe(
  context: TestContext,
  node: StreamNode,
  options: SubscribeOptions = {},
  symbols?: readonly string[],
): Subscription {
  const sources = { reach: node.reach, clock: node.clock, loop };
  const subscription = new Subscription(sources, symbols, { batch: 64, ...options });
  context.after(() => subscription.close());
  return subscription;
}

/** Reads until so many rows are noted. */
async function readTo(
  subscription: Subscription,
  notes: ReaderNotes,
  count: number,
): Promise<void> {
  while (notes.seen.length < count) {
    const { value } = await subscription.next();
    assert.ok(value !== undefined, 'a subscription ended by itself');
    notes.take({ rows: value.rows.raw, voids: value.voids });
  }
}

for (const [table, ring] of [
  ['tick', undefined],
  ['tick', 'sleep'],
  ['tick', 'adaptive'],
  ['trade', 'sleep'],
  ['book', 'adaptive'],
] as const)
  test(`random appends, laps and restarts, ${table}, ${ring ?? 'no ring'}`, async (context) => {
    const random = new SeededRandom(seedOf(context));
    const node = new StreamNode(context, ring === undefined ? undefined : 16, table);
    await node.open();
    node.append(random, 50);
    const options = { table, ...(ring === undefined ? {} : { ring }), from: 'oldest' } as const;
    const all = subscribe(context, node, options);
    const some = subscribe(context, node, options, ['A', 'CCC']);
    const notes = new ReaderNotes();
    const someNotes = new ReaderNotes();
    const times = table === 'tick' ? rounds : rounds / 4;
    for (let round = 0; round < times; round += 1) {
      for (let part = random.integer(4); part > 0; part -= 1)
        node.append(random, 1 + random.integer(80), random.integer(5) > 0);
      if (random.integer(5) === 0) {
        await node.close();
        await node.open();
      }
      // Behind by a different amount each time.
      const upTo = node.rows.length - random.integer(40);
      if (random.integer(2) === 0) await readTo(all, notes, upTo);
    }
    // What is on no ring is seen, too; and not again when it is late.
    const publish = node.append(random, 30, false);
    await readTo(all, notes, node.rows.length);
    publish();
    node.append(random, 10);
    await readTo(all, notes, node.rows.length);
    notes.check(node.rows);
    const ids = ['A', 'CCC'].map((name) => node.local.symbols.byName(name)?.id);
    const wanted = node.rows.filter(({ symbol }) => ids.includes(symbol));
    await readTo(some, someNotes, wanted.length);
    someNotes.check(wanted);
    assert.equal(notes.voids.length, 0);
  });

test('who sleeps at rings is woken by the bell beside them, not by the time', async (context) => {
  const random = new SeededRandom(seedOf(context));
  for (const [table, ring] of [
    ['tick', 'sleep'],
    ['tick', 'adaptive'],
    ['trade', 'sleep'],
    ['book', 'sleep'],
  ] as const) {
    const node = new StreamNode(context, 64, table);
    await node.open();
    const { clock } = node;
    const timeless: Clock = {
      now: () => clock.now(),
      nowMs: () => clock.nowMs(),
      wallOffset: clock.wallOffset,
      monotonicNs: () => clock.monotonicNs(),
      setTimer: () => ({ cancel: () => undefined }),
    };
    const sources = { reach: node.reach, clock: timeless, loop };
    const live = new Subscription(sources, undefined, { table, ring });
    context.after(() => live.close());
    const notes = new ReaderNotes();
    await live.from();
    for (let round = 1; round <= 3; round += 1) {
      const waiting = readTo(live, notes, round);
      await turn(20);
      node.append(random, 1);
      await waiting;
    }
    notes.check(node.rows);
  }
});

test('what is lost is told as void, once, and what comes instead is seen', async (context) => {
  const random = new SeededRandom(seedOf(context));
  for (const ringSlots of [undefined, 32]) {
    const node = new StreamNode(context, ringSlots);
    await node.open();
    node.append(random, 200);
    const kept = await node.keep();
    node.append(random, 150);
    const notes = new ReaderNotes();
    const ring = ringSlots === undefined ? {} : ({ ring: 'sleep' } as const);
    const live = subscribe(context, node, { from: 'oldest', ...ring });
    await readTo(live, notes, node.rows.length);
    const lost = node.rows.slice(kept.length);
    const positions = (await live.from()).epoch.slice();
    await node.loseTail(kept);
    await node.open();
    node.append(random, 70);
    const { value } = await live.next();
    assert.ok(value !== undefined && value.voids.length > 0 && value.rows.count === 0);
    notes.take({ rows: value.rows.raw, voids: value.voids });
    for (const { shard, epoch, sequence, last } of notes.voids) {
      const mine = lost.filter((row) => row.shard === shard);
      assert.equal(epoch, positions[shard]);
      assert.equal(sequence, (mine.at(-1)?.sequence ?? 0) + 1);
      assert.deepEqual(last, { epoch, sequence: mine[0]?.sequence });
    }
    assert.equal(
      new Set(notes.voids.map(({ shard }) => shard)).size,
      new Set(lost.map((row) => row.shard)).size,
    );
    await readTo(live, notes, node.rows.length);
    notes.check(node.rows);
  }
});

test('where nobody serves any more, who reads is told', async (context) => {
  const node = new StreamNode(context);
  await node.open();
  let isGone = false;
  const unavailable = new NdtsError('UNAVAILABLE', 'nobody has the folder open');
  const reach = () => (isGone ? Promise.reject(unavailable) : node.reach());
  const live = new Subscription({ reach, clock: node.clock, loop }, undefined, {});
  await live.from();
  const waiting = live.next();
  isGone = true;
  await node.close();
  await assert.rejects(waiting, { code: 'UNAVAILABLE' });
});

test('where it begins is known also when who served ended while it was asked', async (context) => {
  const node = new StreamNode(context);
  await node.open();
  let calls = 0;
  const reach = async (): Promise<Service> => {
    const service = await node.reach();
    calls += 1;
    if (calls > 2) return service;
    const open = (): Promise<never> => Promise.reject(new NdtsError('UNAVAILABLE', 'it ended'));
    return Object.assign(Object.create(service) as Service, { open });
  };
  const live = new Subscription({ reach, clock: node.clock, loop }, undefined, {});
  const { sequence } = await live.from();
  assert.equal(sequence.length, (await node.reach()).shardCount);
  assert.equal(calls, 3);
  await live.close();
});

test('positions that never were are refused', async (context) => {
  const node = new StreamNode(context);
  await node.open();
  const at = (epoch: number, sequence: number) => ({
    epoch: new Uint32Array(shardCount).fill(epoch),
    sequence: new Float64Array(shardCount).fill(sequence),
  });
  const code = (expected: string) => ({ code: expected });
  const { epoch } = await subscribe(context, node).from();
  const now = epoch[0] ?? 0;
  await assert.rejects(
    subscribe(context, node, { from: at(now + 1, 1) }).next(),
    code('WRONG_EPOCH'),
  );
  await assert.rejects(
    subscribe(context, node, { from: at(now, 1) }).next(),
    code('INVALID_ARGUMENT'),
  );
  await assert.rejects(
    subscribe(context, node, { from: at(0, 1.5) }).next(),
    code('INVALID_ARGUMENT'),
  );
  const wrong = { epoch: new Uint32Array(1), sequence: new Float64Array(1) };
  await assert.rejects(subscribe(context, node, { from: wrong }).next(), code('INVALID_ARGUMENT'));
  const time = { day: 1, nsOfDay: 0 };
  assert.throws(() => subscribe(context, node, { from: time }), code('INVALID_ARGUMENT'));
  assert.throws(() => subscribe(context, node, { speed: 1 }), code('INVALID_ARGUMENT'));
  const named = { mode: 'historical', consumer: 'a' } as const;
  assert.throws(() => subscribe(context, node, named), code('INVALID_ARGUMENT'));
});

for (const speed of [0, 200])
  test(`the past at speed ${speed}, then live without a seam, under load`, async (context) => {
    const random = new SeededRandom(seedOf(context));
    const node = new StreamNode(context);
    await node.open();
    for (let part = 0; part < 20; part += 1) node.append(random, 100);
    node.local.ticks.seal();
    node.append(random, 300);
    const from = { day: 20_000, nsOfDay: 501_000 };
    const expected = (): typeof node.rows => node.rows.filter(({ price }) => price >= 501);
    const live = subscribe(context, node, { mode: 'historical', from, speed, batch: 100 });
    const seen: number[] = [];
    let past = 0;
    for (let round = 0; seen.length < expected().length; round += 1) {
      if (round < 60) node.append(random, 1 + random.integer(20));
      const { value } = await live.next();
      assert.ok(value !== undefined);
      for (let row = 0; row < value.rows.count; row += 1)
        seen.push(rowAt(value.rows.raw, row).price);
      if (value.next === undefined) {
        past = seen.length;
        // In the order of time, over all shards.
        assert.deepEqual(
          seen,
          seen.toSorted((a, b) => a - b),
        );
      }
      if (round === 40) {
        await node.close();
        await node.open();
      }
    }
    assert.ok(past >= 1800 && past < seen.length);
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      expected().map(({ price }) => price),
    );
  });

test('a row is seen once it is below the watermark that was asked for', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const node = new StreamNode(context);
  await node.open();
  for (const [place, watermark] of (['durable', 'replicated', 'sealed'] as const).entries()) {
    const live = subscribe(context, node, {
      watermark,
      from: await subscribe(context, node).from(),
    });
    const before = node.rows.length;
    node.append(random, 500);
    const notes = new ReaderNotes();
    const sealing =
      watermark === 'sealed' ? turn(20).then(() => node.local.ticks.seal()) : undefined;
    while (notes.seen.length < 500) {
      const { value } = await live.next();
      assert.ok(value !== undefined);
      const marks = new Float64Array(4 * shardCount);
      node.local.ticks.watermarks(marks);
      for (let row = 0; row < value.rows.count; row += 1) {
        const { shard, sequence } = rowAt(value.rows.raw, row);
        assert.ok(sequence < (marks[4 * shard + place + 1] ?? 0));
      }
      notes.take({ rows: value.rows.raw, voids: value.voids });
    }
    await sealing;
    notes.check(node.rows.slice(before));
  }
});

test('rows of the past are below the watermark, too', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const node = new StreamNode(context);
  await node.open();
  node.append(random, 300);
  const unsealed = (): boolean => {
    const marks = new Float64Array(4 * shardCount);
    node.local.ticks.watermarks(marks);
    return marks.some((mark, at) => at % 4 === 3 && mark < (marks[at - 3] ?? 0));
  };
  const asked = { mode: 'historical', watermark: 'sealed' } as const;
  const ended = subscribe(context, node, asked);
  const nothing = ended.next();
  const live = subscribe(context, node, asked);
  const first = live.next();
  await turn(60);
  assert.ok(unsealed());
  await ended.close();
  assert.equal((await nothing).done, true);
  node.local.ticks.seal();
  let rows = (await first).value?.rows.count ?? 0;
  assert.ok(!unsealed());
  while (rows < 300) rows += (await live.next()).value?.rows.count ?? 0;
  assert.equal(rows, 300);
});

test('a subscription that waits is woken by a row, and ends when told', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const node = new StreamNode(context);
  await node.open();
  const stop = new AbortController();
  const live = subscribe(context, node, { signal: stop.signal });
  await live.from();
  const waiting = live.next();
  await turn(30);
  const cpu = process.cpuUsage(); // ambient: what waiting costs
  await turn(200);
  const { user, system } = process.cpuUsage(cpu); // ambient: what waiting costs
  context.diagnostic(`waiting for 200 ms costs ${user + system} us`);
  node.append(random, 1);
  const { value } = await waiting;
  assert.equal(value?.rows.count, 1);
  const ending = live.next();
  stop.abort(new Error('enough'));
  await assert.rejects(ending, /enough/);
  assert.equal(names.length, 6);
});
