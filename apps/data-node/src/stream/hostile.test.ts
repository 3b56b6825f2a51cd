// Clients that do not read, ask too much or send what is no request: the others are served, memory
// stays, and each is told why it ends.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { byShard, StreamHouse, type StreamTestClient } from './stream-test-kit.js';

const small = {
  'stream.bufferBytes': '16384',
  'stream.stuckMs': '60000',
  'stream.heartbeatMs': '60000',
};

/** Frames a socket's kernel buffers cannot swallow. */
const manyRows = 40_000;

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('who does not read gets the latest rows when it reads again', async (context) => {
  const random = new SeededRandom(5);
  const house = await StreamHouse.start(context, small);
  const [slow, good] = await Promise.all([house.connect(context), house.connect(context)]);
  await slow.subscribe({ id: 1 });
  await good.subscribe({ id: 1, form: 'binary' });
  slow.socket.pause();
  // Until the buffers between the two are full.
  while ((await house.counted('stream_conflated_total')) === 0) {
    house.append(random, 1000);
    await good.until(() => good.rows.length >= house.rows.length || good.conflated > 0);
  }
  const before = slow.rows.length;
  slow.socket.resume();
  await slow.until(() => slow.conflated > 0);
  await turns(50);
  assert.ok(slow.rows.length < house.rows.length && before < house.rows.length);
  // The last row of each symbol is the newest there is.
  house.append(random, 1, 'A');
  const newest = house.rows.at(-1);
  await slow.until(() => slow.rows.some(({ price }) => price === newest?.price));
  for (const symbol of ['BB', 'CCC', 'DDDD'])
    assert.deepEqual(
      slow.rows.findLast((row) => row.symbol === symbol),
      house.rows.findLast((row) => row.symbol === symbol),
    );
});

test('who goes on from a position is never conflated, only read for later', async (context) => {
  const random = new SeededRandom(6);
  const house = await StreamHouse.start(context, small);
  const client = await house.connect(context);
  await client.subscribe({ id: 1, from: 'oldest' });
  client.socket.pause();
  for (let sent = 0; sent < manyRows; sent += 1000) {
    house.append(random, 1000);
    await turns(2);
  }
  client.socket.resume();
  await client.until(() => client.rows.length >= manyRows);
  assert.equal(client.conflated, 0);
  assert.deepEqual(byShard(client.rows), byShard(house.rows));
});

test('who takes nothing for long is cut off, with a reason', async (context) => {
  const random = new SeededRandom(7);
  const house = await StreamHouse.start(context, { ...small, 'stream.stuckMs': '100' });
  const client = await house.connect(context);
  await client.subscribe({ id: 1 });
  client.socket.pause();
  while ((await house.counted('stream_cut_off_total')) === 0) {
    house.append(random, 2000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  client.socket.resume();
  const { code, reason } = await client.end();
  assert.ok(code === 1006 || (code === 4408 && reason.startsWith('TIMEOUT')), `${code} ${reason}`);
});

test('limits are refusals with codes', async (context) => {
  const random = new SeededRandom(8);
  const house = await StreamHouse.start(context, {
    'stream.clientsMax': '2',
    'stream.subscriptionsMax': '2',
    'stream.symbolsMax': '2',
    'stream.bytesPerSecond': '100000',
  });
  const [client] = await Promise.all([house.connect(context), house.connect(context)]);
  await assert.rejects(house.connect(context), /closed/);
  const codeOf = async (message: object): Promise<unknown> => {
    const answer = await client.subscribe(message);
    return answer['code'] ?? answer['type'];
  };
  assert.equal(await codeOf({ id: 1, symbols: ['A', 'BB', 'CCC'] }), 'RATE_LIMITED');
  assert.equal(await codeOf({ id: 1, symbols: ['NOBODY'] }), 'NOT_FOUND');
  assert.equal(await codeOf({ id: 1, kind: 'nothing' }), 'NOT_FOUND');
  assert.equal(await codeOf({ id: 1, columns: ['nothing'] }), 'INVALID_ARGUMENT');
  assert.equal(await codeOf({ id: 1, mode: 'sometimes' }), 'INVALID_ARGUMENT');
  assert.equal(await codeOf({ id: 1, from: [[0, 4000, 5]] }), 'WRONG_EPOCH');
  assert.equal(await codeOf({ id: 1, from: [[99, 1, 5]] }), 'INVALID_ARGUMENT');
  assert.equal(await codeOf({ id: 1, consumer: 'no spaces' }), 'INVALID_ARGUMENT');
  assert.equal(await codeOf({ id: 1 }), 'subscribed');
  assert.equal(await codeOf({ id: 1 }), 'ALREADY_EXISTS');
  assert.equal(await codeOf({ id: 2 }), 'subscribed');
  assert.equal(await codeOf({ id: 3 }), 'RATE_LIMITED');
  client.send({ type: 'ack', id: 1, positions: [] });
  assert.equal((await client.next(({ type }) => type === 'error'))['code'], 'INVALID_ARGUMENT');
  // More bytes than it may have: conflated.
  while (client.conflated === 0) {
    house.append(random, 500);
    await turns(20);
  }
});

function connectRaw(house: StreamHouse, token: string): Socket {
  const { host, port } = new URL(house.url);
  // Half of the connection stays open until it is destroyed.
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  const key = Buffer.alloc(16, 7).toString('base64');
  socket.write(
    `GET /stream HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
      `Authorization: Bearer ${token}\r\n\r\n`,
  );
  return socket;
}

const frames: readonly (readonly [string, Buffer])[] = [
  ['a binary request', Buffer.from([0x82, 0x80, 0, 0, 0, 0])],
  ['a frame without a mask', Buffer.from([0x81, 0x01, 0x7b])],
  ['reserved bits', Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
  ['an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['text that is no UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe])],
  ['more than a request may have', Buffer.from([0x81, 0xff, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0])],
];

test('what is no request ends its connection and nothing else', async (context) => {
  const random = new SeededRandom(9);
  // What a client may ask is for the time between two heartbeats.
  const house = await StreamHouse.start(context, { 'stream.heartbeatMs': '60000' });
  const good = await house.connect(context);
  await good.subscribe({ id: 1 });
  const strangers = frames.map(async ([, frame]) => {
    const socket = connectRaw(house, house.token);
    context.after(() => socket.destroy());
    socket.resume();
    await once(socket, 'data');
    socket.write(frame);
    // It neither answers the close nor ends its half: the server does not wait for it.
    await connectionsGone(house, 1);
  });
  await Promise.all(strangers);
  const texts = ['', '[]', 'null', '{"type":"subscribe"}', '{"type":"x"}', '{"type":"ack","id":1}'];
  for (const text of [
    ...texts,
    '{"type":"subscribe","id":1e99}',
    '{"type":"symbols","ids":[-1]}',
  ]) {
    good.socket.send(text);
    const { code } = await good.next(({ type }) => type === 'error');
    assert.equal(code, 'INVALID_ARGUMENT', text);
  }
  house.append(random, 5);
  await good.until(() => good.rows.length >= 5);
  // A flood is ended: of requests, of a few long ones, of pings.
  const long = ' '.repeat(1 << 20);
  const floods: readonly ((client: StreamTestClient) => void)[] = [
    (client) => client.send({ type: 'ping' }),
    (client) => client.socket.send(long),
    (client) => client.socket.ping(),
  ];
  for (const [at, send] of floods.entries()) {
    const client = at === 0 ? good : await house.connect(context);
    for (let sent = 0; sent < (at === 1 ? 12 : 2000); sent += 1) send(client);
    const { code } = await client.end();
    // Pongs that wait for the client end it without a word.
    assert.ok(code === 1008 || (at === 2 && code === 1006), String(code));
  }
});

/** Until the listener has no more than so many. */
async function connectionsGone(house: StreamHouse, left: number): Promise<void> {
  while ((await house.connections()) > left) await new Promise((done) => setTimeout(done, 10));
}

test('who was refused and keeps its connection is not waited for', async (context) => {
  const house = await StreamHouse.start(context);
  const socket = connectRaw(house, 'nonsense');
  context.after(() => socket.destroy());
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 401/);
  await connectionsGone(house, 0);
});

test('who connects and says nothing keeps nobody out', async (context) => {
  const house = await StreamHouse.start(context, { 'stream.clientsMax': '1' });
  const { port } = new URL(house.url);
  const silent = Array.from({ length: 100 }, () => connect(Number(port), '127.0.0.1'));
  context.after(() => {
    for (const socket of silent) socket.destroy();
  });
  for (const socket of silent) socket.on('error', () => undefined);
  let client: StreamTestClient | undefined;
  while (client === undefined) client = await house.connect(context).catch(() => undefined);
  // Not because those before it were late in the end.
  assert.ok(silent.filter((socket) => !socket.closed).length > 30);
});

test('what clients have alone is limited for all of them together', async (context) => {
  const random = new SeededRandom(10);
  const house = await StreamHouse.start(context, {
    'stream.ownMax': '2',
    'stream.historicalMax': '1',
  });
  house.append(random, 100);
  const client = await house.connect(context);
  const codeOf = async (message: object): Promise<unknown> => {
    const answer = await client.subscribe(message);
    return answer['code'] ?? answer['type'];
  };
  // A day from its first row to its last, at its own speed.
  const past = { mode: 'historical', speed: 1e-6 };
  assert.equal(await codeOf({ id: 1, ...past }), 'subscribed');
  assert.equal(await codeOf({ id: 2, ...past }), 'RATE_LIMITED');
  assert.equal(await codeOf({ id: 3, from: 'oldest' }), 'subscribed');
  assert.equal(await codeOf({ id: 4, from: 'oldest' }), 'RATE_LIMITED');
  assert.equal(await codeOf({ id: 5 }), 'subscribed');
  client.send({ type: 'unsubscribe', id: 1 });
  assert.equal(await codeOf({ id: 6, mode: 'historical' }), 'subscribed');
  // Once it is live another may be in the past.
  await client.until(() => client.past >= 100);
  house.append(random, 1);
  await client.until(() => client.rows.some((row) => row.price === 101 && row.shard >= 0));
  client.send({ type: 'unsubscribe', id: 3 });
  await client.next(({ type, id }) => type === 'unsubscribed' && id === 3);
  while ((await codeOf({ id: 7, ...past })) === 'RATE_LIMITED') await turns(1);
});
