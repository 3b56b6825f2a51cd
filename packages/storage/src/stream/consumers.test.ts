// Consumers by name: what was acknowledged is where they go on, over restarts of either side; one
// holds a name at a time; a position that was lost is told at the next start.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { type SubscribeOptions, Subscription } from './subscription.js';
import { longRun, ReaderNotes, seedOf, StreamNode } from './stream-test-kit.js';

const rounds = longRun ? 400 : 40;
const loop = { spinMs: 1, sleepMs: 1 };
const code = (expected: string) => ({ code: expected });

function consumerOf(
  context: TestContext,
  node: StreamNode,
  options: SubscribeOptions = {},
): Subscription {
  const sources = { reach: node.reach, clock: node.clock, loop };
  const made = new Subscription(sources, undefined, { consumer: 'c', batch: 20, ...options });
  context.after(() => made.close());
  return made;
}

test('a consumer goes on behind what it acknowledged, whichever side ends', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const node = new StreamNode(context);
  await node.open();
  node.append(random, 100);
  const notes = new ReaderNotes();
  let consumer = consumerOf(context, node, { from: 'oldest' });
  /** Noted since the last acknowledgement. */
  let open: Parameters<ReaderNotes['take']>[0][] = [];
  for (let round = 0; round < rounds; round += 1) {
    node.append(random, 1 + random.integer(30));
    const { value } = await consumer.next();
    assert.ok(value !== undefined);
    const { raw } = value.rows;
    const { sequence, symbol, shard, epoch } = raw;
    const columns = raw.columns.map((one) => ({ ...one, values: one.values.slice() }));
    const held = { sequence: sequence.slice(), symbol: symbol.slice() };
    const places = { shard: shard?.slice() ?? symbol, epoch: epoch?.slice() ?? symbol };
    open.push({ rows: { ...raw, ...held, ...places, columns }, voids: value.voids });
    if (random.integer(3) === 0) {
      await consumer.ack(value.next);
      for (const one of open) notes.take(one);
      open = [];
    }
    const fate = random.integer(8);
    if (fate === 0) {
      // The consumer dies: what it did not acknowledge comes again.
      await consumer.close();
      open = [];
      consumer = consumerOf(context, node);
    } else if (fate === 1) {
      await node.close();
      await node.open();
    }
  }
  open = [];
  await consumer.close();
  consumer = consumerOf(context, node);
  while (notes.seen.length < node.rows.length) {
    const { value } = await consumer.next();
    assert.ok(value !== undefined);
    notes.take({ rows: value.rows.raw, voids: value.voids });
  }
  notes.check(node.rows);
});

test('one that never acknowledged goes on where it began', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const node = new StreamNode(context);
  await node.open();
  node.append(random, 10);
  const first = consumerOf(context, node);
  const began = await first.from();
  await first.close();
  node.append(random, 10);
  assert.deepEqual(await consumerOf(context, node).from(), began);
});

test('the second under a name takes it over, and the first is told', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const node = new StreamNode(context);
  await node.open();
  const first = consumerOf(context, node);
  const begun = await first.from();
  const waiting = first.next();
  const second = consumerOf(context, node);
  await second.from();
  await assert.rejects(waiting, code('LEASE_LOST'));
  await assert.rejects(first.ack(begun), code('LEASE_LOST'));
  node.append(random, 5);
  const { value } = await second.next();
  await second.ack(value?.next);
  const [info] = await node.service.call('consumers', {});
  assert.equal(info?.name, 'c');
  assert.equal(info.held, true);
  assert.deepEqual(info.position, value?.next);
  assert.equal(await node.service.call('removeConsumer', { name: 'c' }), true);
  await assert.rejects(second.next(), code('LEASE_LOST'));
  assert.deepEqual(await node.service.call('consumers', {}), []);
  assert.equal(await node.service.call('removeConsumer', { name: 'c' }), false);
});

test('what was acknowledged and is lost is told at the next start', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const node = new StreamNode(context);
  await node.open();
  node.append(random, 40);
  const first = consumerOf(context, node, { from: 'oldest' });
  let read = 0;
  const readTo = async (count: number): Promise<void> => {
    while (read < count) {
      const { value } = await first.next();
      read += value?.rows.count ?? 0;
      await first.ack(value?.next);
    }
  };
  await readTo(40);
  const kept = await node.keep();
  node.append(random, 40);
  // Longer than the log lags: the rows are lost all the same, their acknowledgement is not.
  await readTo(80);
  const acknowledged = await node.service.call('consumers', {});
  await first.close();
  await node.loseTail(kept);
  await node.open();
  // The journal's disk was not lost with the other.
  const hold = await node.service.open('consumer', { name: 'c', table: 'tick' });
  await hold.close();
  const from = acknowledged[0]?.position;
  assert.ok(from !== undefined);
  const sources = { reach: node.reach, clock: node.clock, loop };
  const next = new Subscription(sources, undefined, { from });
  context.after(() => next.close());
  const { value } = await next.next();
  assert.ok(value !== undefined && value.voids.length > 0);
});

test('wrong names, tables and positions are refused', async (context) => {
  const node = new StreamNode(context);
  await node.open();
  const wrong = consumerOf(context, node, { consumer: 'no spaces' });
  await assert.rejects(wrong.next(), code('INVALID_ARGUMENT'));
  const first = consumerOf(context, node);
  const { epoch, sequence } = await first.from();
  await assert.rejects(first.ack(undefined), code('INVALID_ARGUMENT'));
  const far = { epoch, sequence: sequence.map((one) => one + 1) };
  await assert.rejects(first.ack(far), code('INVALID_ARGUMENT'));
  node.local.ticks.createTable({ name: 'other', columns: [{ name: 'x', type: 'f64' }] });
  const other = consumerOf(context, node, { table: 'other' });
  await assert.rejects(other.next(), code('INVALID_ARGUMENT'));
  const sources = { reach: node.reach, clock: node.clock, loop };
  const nameless = new Subscription(sources, undefined, {});
  context.after(() => nameless.close());
  await assert.rejects(nameless.ack(await nameless.from()), code('INVALID_ARGUMENT'));
});
