// The two ends of a socket over a service of a test: flow control, cancel, ends, greetings,
// garbage.

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import type { Service, ServiceStream, StreamOf } from '../../service/service.js';
import { encodeFrame, type Frame, FrameReader, frameKinds } from '../frames/frame.js';
import { fieldsOf } from '../frames/messages.js';
import type { ServiceConnection } from '../frames/service-connection.js';
import { openLocalConnection } from './local-connection.js';
import { LocalServer } from './local-server.js';

const itemBytes = 1 << 20;

/** Streams of large items without end, and calls that answer when they are told to. */
class TestService implements Service {
  readonly shardCount = 4;
  taken = 0;
  open_ = 0;
  readonly held: (() => void)[] = [];

  async call(name: string): Promise<never> {
    if (name === 'tables') throw new NdtsError('NOT_FOUND', 'there is none');
    if (name === 'shards') await new Promise<void>((resolve) => this.held.push(resolve));
    return ['answered'] as never;
  }

  async open(): Promise<never> {
    this.open_ += 1;
    let closed = false;
    const stream: ServiceStream<unknown, unknown> = {
      head: null,
      next: async () => {
        this.taken += 1;
        return closed ? undefined : new Uint8Array(itemBytes);
      },
      close: async () => {
        if (!closed) this.open_ -= 1;
        closed = true;
      },
    };
    return stream as never;
  }
}

interface Bench {
  readonly path: string;
  readonly service: TestService;
  readonly server: LocalServer;
}

async function listen(context: TestContext, folder = 'memory'): Promise<Bench> {
  const root = mkdtempSync(join(tmpdir(), 'ndts-socket-'));
  const dir = join(root, folder);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const service = new TestService();
  const path = join(dir, 'client.sock');
  const server = await LocalServer.listen(path, service);
  context.after(() => {
    server.close();
    rmSync(root, { recursive: true, force: true });
  });
  return { path, service, server };
}

async function reach(context: TestContext, bench: Bench): Promise<ServiceConnection> {
  const connection = await openLocalConnection(bench.path);
  ok(connection !== undefined);
  context.after(() => connection.close());
  return connection;
}

const asked = { table: 'tick', symbol: 'A', batch: 1 };

function load(connection: ServiceConnection): Promise<StreamOf<'load'>> {
  return connection.open('load', asked);
}

/** Waits until the numbers of a service stand still. */
async function stand(service: TestService): Promise<void> {
  for (let still = 0, before = -1; still < 10; ) {
    ok(service.taken < 1000, 'it does not stop');
    still = service.taken === before ? still + 1 : 0;
    before = service.taken;
    await new Promise((resolve) => setTimeout(resolve, 3)); // ambient: a test waits
  }
}

async function until(condition: () => boolean): Promise<void> {
  // ambient: a test waits
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** A socket that speaks frames by hand. */
function raw(context: TestContext, path: string): { socket: Socket; frames: Frame[] } {
  const socket = connect(path);
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  socket.on('data', (chunk: Uint8Array) => reader.push(chunk));
  socket.on('error', () => undefined);
  context.after(() => socket.destroy());
  return { socket, frames };
}

const hello = encodeFrame(frameKinds.hello, 0, { newest: 2, oldest: 1 });

test('many requests at once; answers come as they are ready', async (context) => {
  const bench = await listen(context);
  const connection = await reach(context, bench);
  equal(connection.shardCount, 4);
  const slow = connection.call('shards', {});
  const quick = await Promise.all(Array.from({ length: 50 }, () => connection.call('symbols', {})));
  deepEqual(quick[49], ['answered']);
  await rejects(connection.call('tables', {}), { code: 'NOT_FOUND', message: 'there is none' });
  bench.service.held[0]?.();
  deepEqual(await slow, ['answered']);
});

test('a reader that stops holds a bounded amount, on both sides', async (context) => {
  const bench = await listen(context);
  const connection = await reach(context, bench);
  const stream = await load(connection);
  await stand(bench.service);
  ok(bench.service.taken <= 6, `${bench.service.taken} items for a reader of none`);
  for (let item = 0; item < 20; item += 1) ok((await stream.next()) !== undefined);
  await stand(bench.service);
  ok(bench.service.taken >= 20 && bench.service.taken <= 26, `${bench.service.taken} for 20`);
  // Others get on meanwhile.
  deepEqual(await connection.call('symbols', {}), ['answered']);
  await stream.close();
  await until(() => bench.service.open_ === 0);
  equal(await stream.next(), undefined);
});

test('a peer that allows everything and reads nothing is not sent everything', async (context) => {
  const bench = await listen(context);
  const { socket } = raw(context, bench.path);
  socket.write(hello);
  socket.write(encodeFrame(frameKinds.open, 1, { name: 'load', asked, credit: 1 << 30 }));
  await until(() => bench.service.taken > 0);
  socket.pause();
  await stand(bench.service);
  ok(bench.service.taken < 12, `${bench.service.taken} items`);
  socket.destroy();
  await until(() => bench.service.open_ === 0);
  await until(() => bench.server.connectionCount === 0);
});

test('the end of one side ends what the other waits for', async (context) => {
  const bench = await listen(context);
  const connection = await reach(context, bench);
  const stream = await load(connection);
  const waiting = connection.call('shards', {});
  bench.server.close();
  await rejects(waiting, { code: 'UNAVAILABLE' });
  ok(connection.closed);
  await rejects(
    async () => {
      while ((await stream.next()) !== undefined);
    },
    { code: 'UNAVAILABLE' },
  );
  await rejects(connection.call('symbols', {}), { code: 'UNAVAILABLE' });
  equal(await openLocalConnection(bench.path), undefined);
});

test('a signal ends a stream that is being opened, or open', async (context) => {
  const bench = await listen(context);
  const connection = await reach(context, bench);
  const abort = new AbortController();
  const stream = await connection.open('load', asked, abort.signal);
  await stream.next();
  abort.abort();
  await rejects(stream.next(), { code: 'CANCELLED' });
  await until(() => bench.service.open_ === 0);
  await rejects(connection.open('load', asked, abort.signal), { code: 'CANCELLED' });
});

test('a program of another version is told', async (context) => {
  const bench = await listen(context);
  const { socket, frames } = raw(context, bench.path);
  socket.write(encodeFrame(frameKinds.hello, 0, { newest: 9, oldest: 8 }));
  await until(() => frames.length > 0);
  deepEqual(
    frames.map(({ kind, value }) => [kind, fieldsOf(value)['code']]),
    [[frameKinds.error, 'VERSION_TOO_NEW']],
  );
  await until(() => bench.server.connectionCount === 0);
});

test('garbage ends its connection and nothing else', async (context) => {
  const bench = await listen(context);
  const connection = await reach(context, bench);
  const call = (request: number, value: object) =>
    encodeFrame(frameKinds.call, request, value as never);
  const wrongs: Uint8Array[] = [
    new Uint8Array(64).fill(0x41),
    call(1, { name: 'symbols', asked: {} }), // without hello
    Buffer.concat([hello, hello]),
    Buffer.concat([hello, call(0, { name: 'symbols', asked: {} })]),
    Buffer.concat([hello, call(1, { asked: {} })]),
    Buffer.concat([hello, encodeFrame(frameKinds.call, 1, 'text')]),
    Buffer.concat([hello, encodeFrame(frameKinds.result, 1, null)]),
    Buffer.concat([hello, encodeFrame(frameKinds.open, 1, { name: 'load', asked, credit: -1 })]),
  ];
  for (const [at, wrong] of wrongs.entries()) {
    const { socket } = raw(context, bench.path);
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    socket.write(wrong);
    await until(() => closed);
    deepEqual(await connection.call('symbols', {}), ['answered'], `after ${at}`);
  }
  equal(bench.server.connectionCount, 1);
});

test('the socket is private, and its path may be long', async (context) => {
  const bench = await listen(context, 'x'.repeat(120));
  equal(statSync(bench.path).mode & 0o777, 0o600);
  const connection = await reach(context, bench);
  deepEqual(await connection.call('symbols', {}), ['answered']);
});
