// The proxy does what it says, seen from a client and a node that send numbered bytes.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { FaultProxy } from './fault-proxy.js';
import { until } from './passing-time.js';

/** A node that says what it is told to, and repeats what it hears. */
async function echo(context: TestContext): Promise<{ address: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

class Client {
  readonly socket: Socket;
  /** Bytes that came. */
  count = 0;
  readonly #parts: Buffer[] = [];
  /** How it ended. */
  end: string | undefined;

  constructor(context: TestContext, proxy: FaultProxy) {
    this.socket = connect(proxy.port, proxy.host);
    this.socket.on('data', (data: Buffer) => {
      this.#parts.push(data);
      this.count += data.length;
    });
    this.socket.on('end', () => {
      this.end ??= 'end';
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end ??= error.code ?? '';
    });
    context.after(() => void this.socket.destroy());
  }

  /** Those behind the first so many. */
  from(first: number): Buffer {
    return Buffer.concat(this.#parts).subarray(first);
  }
}

const numbers = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, at) => at % 251));

test('bytes come through in order and unchanged, slowly and late', async (context) => {
  const node = await echo(context);
  const proxy = await FaultProxy.start(context, node.address);
  const client = new Client(context, proxy);
  const sent = numbers(300_000);
  client.socket.write(sent);
  await until(() => client.count === sent.length);
  proxy.throttle(100_000);
  const start = performance.now();
  client.socket.write(sent.subarray(0, 20_000));
  await until(() => client.count === sent.length + 20_000);
  // Twice through it, at 100 bytes a millisecond; waits may be a little short.
  ok(performance.now() - start > 150);
  proxy.clear();
  proxy.delay(60);
  const late = performance.now();
  client.socket.write(Buffer.from([1, 2, 3]));
  await until(() => client.count === sent.length + 20_003);
  ok(performance.now() - late > 110);
  deepEqual(
    client.from(0),
    Buffer.concat([sent, sent.subarray(0, 20_000), Buffer.from([1, 2, 3])]),
  );
  equal(client.end, undefined);
});

test('stalled, nothing comes and nothing ends, and whoever writes feels it', async (context) => {
  const node = await echo(context);
  const proxy = await FaultProxy.start(context, node.address);
  const client = new Client(context, proxy);
  client.socket.write('a');
  await until(() => client.count === 1);
  proxy.stall();
  const much = Buffer.alloc(1 << 20);
  while (client.socket.write(much) || client.socket.writableLength < 8 << 20);
  await new Promise((resolve) => setTimeout(resolve, 50));
  equal(client.count, 1);
  ok(client.socket.writableLength > 0, 'somebody takes it all');
  equal(client.end, undefined);
  const total = client.socket.bytesWritten;
  proxy.clear();
  await until(() => client.count === total);
});

test('truncated, a connection ends in the middle; later ones do not', async (context) => {
  const node = await echo(context);
  const proxy = await FaultProxy.start(context, node.address);
  const client = new Client(context, proxy);
  client.socket.write('a');
  await until(() => client.count === 1);
  proxy.truncate(1000);
  client.socket.write(numbers(5000));
  await until(() => client.end !== undefined);
  equal(client.end, 'end');
  deepEqual(client.from(1), numbers(1000));
  const next = new Client(context, proxy);
  next.socket.write(numbers(5000));
  await until(() => next.count === 5000);
  equal(proxy.accepted, 2);
});

test('reset, both sides see it; refused, no new one comes through', async (context) => {
  const node = await echo(context);
  const proxy = await FaultProxy.start(context, node.address);
  const client = new Client(context, proxy);
  client.socket.write('a');
  await until(() => client.count === 1);
  const [other] = node.sockets;
  proxy.reset();
  await until(() => client.end !== undefined);
  equal(client.end, 'ECONNRESET');
  await until(() => other?.destroyed === true);
  await until(() => proxy.open === 0);
  proxy.refuse();
  const refused = new Client(context, proxy);
  await until(() => refused.end !== undefined);
  equal(refused.end, 'ECONNRESET');
  proxy.clear();
  const again = new Client(context, proxy);
  again.socket.write('b');
  await until(() => again.count === 1);
});

test('an end is passed on, behind what was said before it', async (context) => {
  const node = await echo(context);
  const proxy = await FaultProxy.start(context, node.address);
  proxy.delay(30);
  const client = new Client(context, proxy);
  client.socket.end(numbers(1000));
  await until(() => client.end !== undefined);
  equal(client.end, 'end');
  deepEqual(client.from(0), numbers(1000));
  await until(() => proxy.open === 0);
});
