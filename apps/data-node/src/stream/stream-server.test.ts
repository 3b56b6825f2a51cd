// Streams over real sockets: who may connect, what each mode sends in both forms, what is kept for
// a consumer, and that rows come once and in order wherever a client goes on.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { subjects } from '@ndts/protocol';
import { WebSocket } from 'ws';
import { byShard, names, StreamHouse } from './stream-test-kit.js';

function randomOf(context: TestContext): SeededRandom {
  // ambient: lets a person repeat a failed run
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? randomInt(2 ** 32));
  context.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  return new SeededRandom(seed);
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(url, { headers });
  socket.on('error', () => undefined);
  const [answer] = await Promise.race([
    once(socket, 'unexpected-response').then(([, response]) => [
      (response as IncomingMessage).statusCode ?? 0,
    ]),
    once(socket, 'open').then(() => [101]),
  ]);
  socket.terminate();
  return answer ?? 0;
}

test('a token or a ticket lets in, once; other pages and names do not', async (context) => {
  const house = await StreamHouse.start(context, { 'stream.origins': 'https://desk.example' });
  const { url, identity, token } = house;
  const bearer = { authorization: `Bearer ${token}` };
  assert.equal(await statusOf(url), 401);
  assert.equal(await statusOf(url, { authorization: 'Bearer nobody' }), 401);
  assert.equal(await statusOf(url, bearer), 101);
  assert.equal(await statusOf(url.replace('/stream', '/other'), bearer), 404);
  assert.equal(await statusOf(url, { ...bearer, host: 'evil.example' }), 403);
  assert.equal(await statusOf(url, { ...bearer, origin: 'http://evil.example' }), 403);
  assert.equal(await statusOf(url, { ...bearer, origin: 'null' }), 403);
  assert.equal(await statusOf(url, { ...bearer, origin: 'http://127.0.0.1:8321' }), 101);
  assert.equal(await statusOf(url, { ...bearer, origin: 'https://desk.example' }), 101);
  const node = identity.createToken('machine', 'node');
  assert.equal(await statusOf(url, { authorization: `Bearer ${node}` }), 403);
  const ticket = identity.createTicket({ name: 'reader', role: 'viewer' });
  assert.equal(await statusOf(`${url}?ticket=${ticket}`), 101);
  assert.equal(await statusOf(`${url}?ticket=${ticket}`), 401);
  const client = await house.connect(context);
  identity.revokeToken('reader');
  assert.deepEqual(await client.end(), { code: 4401, reason: 'UNAUTHENTICATED: token revoked' });
});

for (const form of ['json', 'binary'] as const) {
  test(`${form}: every row once and in order, to whom it concerns`, async (context) => {
    const random = randomOf(context);
    const house = await StreamHouse.start(context);
    house.append(random, 50);
    await house.durable();
    const before = house.rows.length;
    const [all, some, same] = await Promise.all([
      house.connect(context),
      house.connect(context),
      house.connect(context),
    ]);
    const told = await all.subscribe({ id: 7, form });
    assert.equal(told['kind'], 'tick');
    await some.subscribe({ id: 1, form, symbols: ['BB', 'A'], columns: ['volume', 'price'] });
    await same.subscribe({ id: 2, form, symbols: ['A', 'BB'], watermark: 'durable' });
    for (let part = 0; part < 20; part += 1) {
      house.append(random, 1 + random.integer(100));
      if (random.integer(3) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const expected = house.rows.slice(before);
    await all.until(() => all.rows.length >= expected.length);
    assert.deepEqual(byShard(all.rows), byShard(expected));
    const wanted = expected.filter(({ symbol }) => symbol === 'A' || symbol === 'BB');
    for (const client of [some, same]) {
      await client.until(() => client.rows.length >= wanted.length);
      assert.deepEqual(byShard(client.rows), byShard(wanted));
    }
    // Another connection goes on where this one stopped.
    all.socket.terminate();
    house.append(random, 40);
    const next = await house.connect(context);
    await next.subscribe({ id: 1, form, from: [...all.positions.values()] });
    house.append(random, 40);
    const rest = house.rows.slice(before + expected.length);
    await next.until(() => next.rows.length >= rest.length);
    assert.deepEqual(byShard(next.rows), byShard(rest));
  });

  test(`${form}: the past in the order of time, then live without a seam`, async (context) => {
    const random = randomOf(context);
    const house = await StreamHouse.start(context);
    for (let part = 0; part < 10; part += 1) house.append(random, 200);
    const client = await house.connect(context);
    const from = { day: 20_000, nsOfDay: 1001 };
    await client.subscribe({ id: 1, form, mode: 'historical', from });
    for (let part = 0; part < 20; part += 1) {
      house.append(random, 50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const prices = house.rows.filter(({ price }) => price >= 1001).map(({ price }) => price);
    await client.until(() => client.rows.length >= prices.length);
    const past = client.rows.slice(0, client.past).map(({ price }) => price);
    assert.ok(past.length >= 1000);
    assert.deepEqual(
      past,
      past.toSorted((a, b) => a - b),
    );
    assert.deepEqual(
      client.rows.map(({ price }) => price).toSorted((a, b) => a - b),
      prices,
    );
  });
}

test('who joins sees nothing of what was gathered before', async (context) => {
  const random = randomOf(context);
  const house = await StreamHouse.start(context, { 'stream.flushMs': '300' });
  const first = await house.connect(context);
  await first.subscribe({ id: 1 });
  house.append(random, 10);
  const second = await house.connect(context);
  await second.subscribe({ id: 1 });
  house.append(random, 10);
  await second.until(() => second.rows.length >= 10);
  assert.deepEqual(byShard(second.rows), byShard(house.rows.slice(10)));
  await first.until(() => first.rows.length >= 20);
  assert.deepEqual(byShard(first.rows), byShard(house.rows));
});

test('delayed: the latest row of each symbol that changed in an interval', async (context) => {
  const random = randomOf(context);
  const house = await StreamHouse.start(context);
  const client = await house.connect(context);
  await client.subscribe({ id: 1, mode: 'delayed', intervalMs: 50 });
  for (let round = 0; round < 5; round += 1) {
    const before = client.rows.length;
    const first = house.rows.length;
    house.append(random, 300);
    const changed = house.rows.slice(first);
    await client.until(() => client.rows.length > before);
    const sent = client.rows.slice(before);
    assert.equal(new Set(sent.map(({ symbol }) => symbol)).size, sent.length);
    for (const row of sent)
      assert.deepEqual(
        row,
        changed.findLast(({ symbol }) => symbol === row.symbol),
      );
  }
});

test('a consumer goes on behind what it acknowledged, also after a restart', async (context) => {
  const random = randomOf(context);
  const house = await StreamHouse.start(context);
  house.append(random, 100);
  const first = await house.connect(context);
  await first.subscribe({ id: 1, consumer: 'desk', from: 'oldest' });
  await first.until(() => first.rows.length >= 100);
  const positions = [...first.positions.values()];
  first.send({ type: 'ack', id: 1, positions });
  await first.next(({ type }) => type === 'acked');
  house.append(random, 30);
  await first.until(() => first.rows.length >= 130);
  const second = await house.connect(context);
  await second.subscribe({ id: 9, consumer: 'desk' });
  const lost = await first.next(({ type }) => type === 'error');
  assert.equal(lost['code'], 'LEASE_LOST');
  await second.until(() => second.rows.length >= 30);
  assert.deepEqual(byShard(second.rows), byShard(house.rows.slice(100)));
  await house.close();
  await house.open();
  const third = await house.connect(context);
  await third.subscribe({ id: 1, consumer: 'desk', form: 'binary' });
  house.append(random, 10);
  await third.until(() => third.rows.length >= 40);
  assert.deepEqual(byShard(third.rows), byShard(house.rows.slice(100)));
  // Another token has names of its own.
  const other = await house.connect(context, house.identity.createToken('other', 'trader'));
  await other.subscribe({ id: 1, consumer: 'desk' });
  third.send({ type: 'ping' });
  await third.next(({ type }) => type === 'pong');
  assert.equal(third.messages.filter(({ type }) => type === 'error').length, 0);
});

test('orders, symbols, heartbeats; a subscription ends when told', async (context) => {
  const random = randomOf(context);
  const house = await StreamHouse.start(context);
  const client = await house.connect(context);
  assert.equal((await client.subscribe({ id: 3, kind: 'order' }))['kind'], 'order');
  house.bus.publish(subjects.orderEvent, { clientOrderId: '1-1-0', state: 'filled' });
  const { orders } = await client.next(({ type }) => type === 'orders');
  assert.deepEqual(orders, [{ clientOrderId: '1-1-0', state: 'filled' }]);
  client.send({ type: 'symbols', ids: [1, 999] });
  const { symbols } = await client.next(({ type }) => type === 'symbols');
  const [one] = symbols as [number, string, number][];
  assert.deepEqual((symbols as unknown[]).length, 1);
  assert.equal(one?.[1], house.local.symbols.byId(1)?.name);
  await client.next(({ type }) => type === 'heartbeat');
  await client.subscribe({ id: 4, symbols: names });
  client.send({ type: 'unsubscribe', id: 4 });
  await client.next(({ type }) => type === 'unsubscribed');
  assert.equal((await client.subscribe({ id: 4, symbols: ['A'] }))['type'], 'subscribed');
  house.append(random, 10, 'BB');
  house.append(random, 3, 'A');
  await client.until(() => client.rows.length >= 3);
  assert.deepEqual(client.rows, house.rows.slice(10));
});
