// The live push over real sockets: who may connect, what is pushed, what happens to the slow.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ChartPoint, subjects } from '@ndts/protocol';
import { clientsMax, newPoints } from './live.js';
import { startControl, type TestControl } from './test-control.js';
import { openWebSocket, type TestWebSocket } from './test-web-socket.js';

let control: TestControl;

before(async () => {
  control = await startControl();
});

after(() => control.stop());

async function connect(token = control.tokens.viewer): Promise<TestWebSocket> {
  const { client } = await openWebSocket(control.url, { authorization: `Bearer ${token}` });
  assert.ok(client);
  return client;
}

test('the upgrade needs a token or a session of our own page', async () => {
  const status = async (headers: Record<string, string>): Promise<number> => {
    const upgrade = await openWebSocket(control.url, headers);
    upgrade.client?.close();
    return upgrade.status;
  };
  assert.equal(await status({}), 401);
  assert.equal(await status({ authorization: 'Bearer nope' }), 401);
  assert.equal(await status({ authorization: `Bearer ${control.tokens.node}` }), 403);
  const session = control.identity.createSession({ name: 'test-viewer', role: 'viewer' });
  const cookie = `ndts_session_${control.node.address().port}=${session}`;
  assert.equal(await status({ cookie }), 403);
  assert.equal(await status({ cookie, origin: 'http://evil.example' }), 403);
  assert.equal(await status({ cookie, origin: control.url }), 101);
  assert.equal(await status({ cookie, origin: control.url, host: 'evil.example' }), 403);
});

test('a refused upgrade leaves no connection open', async () => {
  const other = await startControl();
  for (const path of ['/api/live', '/api/nothing', '/api/%', '/'])
    assert.notEqual((await openWebSocket(other.url, {}, path)).status, 101, path);
  // Would wait for ever for a connection nobody closes.
  await other.stop();
});

test('a request without an upgrade is told what is expected', async () => {
  assert.equal((await control.call('/api/live')).status, 400);
});

test('statuses, orders and the chart of the subscribed symbol are pushed', async () => {
  const client = await connect();
  const status = await client.next(({ type }) => type === 'status');
  assert.ok('watermarks' in status && Array.isArray(status['nodes']));
  client.send({ type: 'subscribe', symbol: 3 });
  const chart = await client.next(({ type }) => type === 'chart');
  assert.equal(chart['symbol'], 3);
  assert.equal(chart['history'], true);
  assert.equal((chart['points'] as unknown[]).length, 1);
  control.bus.publish(subjects.orderEvent, { clientOrderId: 'a-1', state: 'submitted' });
  control.bus.publish(subjects.orderEvent, { clientOrderId: 'a-1', state: 'filled' });
  const { orders } = await client.next(({ type }) => type === 'orders');
  assert.deepEqual(orders, [{ clientOrderId: 'a-1', state: 'filled' }]);
  client.close();
});

test('a message nobody expects ends the connection', async () => {
  for (const message of [{ type: 'other' }, { type: 'subscribe', symbol: -1 }, 7]) {
    const client = await connect();
    client.send(message);
    assert.equal(await client.closed(), 1008);
  }
  const large = await connect();
  large.send({ type: 'subscribe', symbol: 3, padding: 'x'.repeat(5000) });
  assert.equal(await large.closed(), 1009);
});

test('a connection ends with its token', async () => {
  const client = await connect(control.identity.createToken('brief', 'viewer'));
  await client.next(({ type }) => type === 'status');
  const response = await control.call('/api/tokens/brief', {
    method: 'DELETE',
    token: control.tokens.admin,
  });
  assert.equal(response.status, 200);
  assert.equal(await client.closed(), 4401);
});

test('there are only so many clients, and a place that is left is free again', async () => {
  const clients: TestWebSocket[] = [];
  while (control.node.queueLoad() < 1) clients.push(await connect());
  assert.ok(clients.length <= clientsMax);
  const headers = { authorization: `Bearer ${control.tokens.viewer}` };
  assert.equal((await openWebSocket(control.url, headers)).status, 503);
  for (const client of clients) client.close();
  while (control.node.queueLoad() > 0) await new Promise((resolve) => setImmediate(resolve));
  (await connect()).close();
});

test('a client that does not read is not sent more than it takes', async () => {
  const client = await connect();
  await client.next(({ type }) => type === 'status');
  client.socket.pause();
  const metric = async (): Promise<number> => {
    const text = await (await control.call('/metrics')).text();
    return Number(/ndts_control_live_skipped_frames_total (\d+)/.exec(text)?.[1] ?? 0);
  };
  const skippedBefore = await metric();
  const rejected = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [`reason-${index}`, index]),
  );
  control.bus.publish(subjects.dataStatus, { timeMs: 1, rejected });
  while ((await metric()) === skippedBefore)
    await new Promise((resolve) => setTimeout(resolve, 100));
  client.close();
});

test('fresh points are those after the last sent, conflated with the newest kept', () => {
  const points: ChartPoint[] = Array.from({ length: 100 }, (_, index) => ({
    timeMs: index,
    price: index,
    middle: null,
    upper: null,
    lower: null,
    value: null,
  }));
  assert.equal(newPoints(points, undefined).length, 100);
  assert.deepEqual(
    newPoints(points, 97).map(({ timeMs }) => timeMs),
    [98, 99],
  );
  const few = newPoints(points, 0);
  assert.ok(few.length <= 32, String(few.length));
  assert.equal(few.at(-1)?.timeMs, 99);
  assert.deepEqual(newPoints(points, 99), []);
});
