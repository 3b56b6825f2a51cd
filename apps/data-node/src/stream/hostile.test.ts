// Clients that do not read, ask too much or send what is no request: the others are served, memory
// stays, and each is told why it ends.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { byShard, StreamHouse } from './stream-test-kit.js';

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
  for (let part = 0; part < 20; part += 1) {
    house.append(random, 500);
    await turns(20);
  }
  await client.until(() => client.conflated > 0);
});

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
  const house = await StreamHouse.start(context);
  const good = await house.connect(context);
  await good.subscribe({ id: 1 });
  const { host, port } = new URL(house.url);
  for (const [what, frame] of frames) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    const ended = once(socket, 'close');
    socket.resume();
    const key = Buffer.alloc(16, 7).toString('base64');
    socket.write(
      `GET /stream HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
        `Authorization: Bearer ${house.token}\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.write(frame);
    // A WebSocket waits for the other's close; who sent nonsense just goes.
    setTimeout(() => socket.destroy(), 500).unref();
    await ended;
    assert.ok(socket.destroyed, what);
  }
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
  // A flood is ended.
  for (let sent = 0; sent < 2000; sent += 1) good.send({ type: 'ping' });
  assert.equal((await good.end()).code, 1008);
});
