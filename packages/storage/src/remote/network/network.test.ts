// Clients over TCP: who is let in and who is not, what a role may, TLS, and a node that says
// nothing any more.

import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import { createSilentLogger, Identity, Metrics, SystemClock, VirtualClock } from '@ndts/runtime';
import { testCertificate, testKey } from '../../listen/tls-test-identity.js';
import type { Service } from '../../service/service.js';
import { encodeFrame, type Frame, FrameReader, frameKinds } from '../frames/frame.js';

import type { ServiceConnection } from '../frames/service-connection.js';
import { openNetworkConnection, type RemoteOptions } from './network-connection.js';
import { NetworkServer, type NetworkServerOptions } from './network-server.js';
import { nodeAddressText, parseNodeAddress } from './node-address.js';

/** Answers every call with its name; never answers aggregates. */
const service: Service = {
  shardCount: 4,
  call: (name: string) =>
    name === 'aggregate' ? new Promise(() => undefined) : Promise.resolve(name),
  open: () => Promise.reject(new NdtsError('NOT_FOUND', 'there is none')),
} as never;

class Bench {
  readonly clock: SystemClock | VirtualClock;
  readonly identity: Identity;
  readonly #context: TestContext;
  readonly dir: string;
  server!: NetworkServer;

  constructor(context: TestContext, clock: SystemClock | VirtualClock = new SystemClock()) {
    this.#context = context;
    this.clock = clock;
    this.dir = mkdtempSync(join(tmpdir(), 'ndts-network-'));
    const logger = createSilentLogger();
    this.identity = Identity.open({ dir: join(this.dir, 'identity'), clock, logger });
    context.after(async () => {
      await this.server?.stop();
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  async start(options: Partial<NetworkServerOptions> = {}): Promise<this> {
    this.server = await NetworkServer.start({
      host: '127.0.0.1',
      port: 0,
      tlsCert: '',
      tlsKey: '',
      allowPlain: false,
      connectionsMax: 3,
      service,
      identity: this.identity,
      clock: this.clock,
      logger: createSilentLogger(),
      metrics: new Metrics(),
      ...options,
    });
    return this;
  }

  async connect(token: string, options: Partial<RemoteOptions> = {}): Promise<ServiceConnection> {
    const connection = await openNetworkConnection({
      address: { host: '127.0.0.1', port: this.server.port },
      token,
      clock: this.clock,
      timeoutMs: 10_000,
      ...options,
    });
    ok(connection !== undefined);
    this.#context.after(() => connection.close());
    return connection;
  }
}

async function until(condition: () => boolean): Promise<void> {
  // ambient: a test waits
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('a token lets in, and its role says what may be written', async (context) => {
  const bench = await new Bench(context).start();
  const viewer = await bench.connect(bench.identity.createToken('reader', 'viewer'));
  equal(viewer.shardCount, 4);
  equal(await viewer.call('symbols', {}), 'symbols');
  for (const name of ['append', 'createTable', 'register'] as const)
    await rejects(viewer.call(name, {} as never), { code: 'FORBIDDEN' });
  await rejects(viewer.open('load', {} as never), { code: 'NOT_FOUND' });
  const node = await bench.connect(bench.identity.createToken('feeder', 'node'));
  equal(await node.call('append', {} as never), 'append');
});

test('a wrong token is refused, and after ten the address waits', async (context) => {
  const bench = await new Bench(context).start();
  for (let at = 0; at < 10; at += 1)
    await rejects(bench.connect('ndts_wrong'), { code: 'UNAUTHENTICATED' });
  const token = bench.identity.createToken('reader', 'viewer');
  await rejects(bench.connect(token), { code: 'RATE_LIMITED' });
});

test('who says nothing, garbage or too much is sent away with little kept', async (context) => {
  const bench = await new Bench(context, new VirtualClock()).start();
  const strange = (): Socket => {
    const socket = connect(bench.server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    context.after(() => socket.destroy());
    return socket;
  };
  const ended = (socket: Socket): Promise<void> =>
    new Promise((resolve) => socket.on('close', () => resolve()));
  const long = strange();
  long.write(encodeFrame(frameKinds.hello, 0, { newest: 1, oldest: 1, token: 'x'.repeat(5000) }));
  const garbage = strange();
  garbage.write(new Uint8Array(64).fill(0x41));
  await Promise.all([ended(long), ended(garbage)]);
  const silent = strange();
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  const early = strange();
  early.on('data', (chunk: Uint8Array) => reader.push(chunk));
  early.write(encodeFrame(frameKinds.call, 1, { name: 'symbols', asked: {} }));
  await ended(early);
  deepEqual(frames, []);
  const gone = ended(silent);
  const clock = bench.clock as VirtualClock;
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  await until(() => {
    clock.advance(1e9);
    return isGone;
  });
});

test('no more than there are places; a place is free again', async (context) => {
  const bench = await new Bench(context).start({ connectionsMax: 1 });
  const token = bench.identity.createToken('reader', 'viewer');
  const first = await bench.connect(token);
  equal(await first.call('symbols', {}), 'symbols');
  // Full is like nobody: another node may have room.
  const address = { host: '127.0.0.1', port: bench.server.port };
  const options = { address, token, clock: bench.clock, timeoutMs: 1000 };
  equal(await openNetworkConnection(options), undefined);
  await first.close();
  for (let second: ServiceConnection | undefined; second === undefined; )
    second = await openNetworkConnection(options).then((one) => {
      if (one !== undefined) context.after(() => one.close());
      return one;
    });
});

test('a revoked token ends what was under way', async (context) => {
  const bench = await new Bench(context).start();
  const connection = await bench.connect(bench.identity.createToken('reader', 'viewer'));
  const waiting = connection.call('aggregate', {} as never);
  const refused = rejects(waiting, { code: 'UNAUTHENTICATED', message: /was revoked/ });
  bench.identity.revokeToken('reader');
  await refused;
  ok(connection.closed);
});

test('a revoked token ends grants at once, whether its connection ends or not', async (context) => {
  const revoked: string[] = [];
  const pulls = {
    grant: () => [{ key: 'one' }, { key: 'two' }],
    revoke: (keys: Iterable<string>) => void revoked.push(...keys),
  } as unknown as NonNullable<NetworkServerOptions['pulls']>;
  const bench = await new Bench(context).start({ pulls });
  const connection = await bench.connect(bench.identity.createToken('reader', 'viewer'));
  await connection.call('pullRings', {});
  deepEqual(revoked, []);
  bench.identity.revokeToken('reader');
  deepEqual(revoked, ['one', 'two']);
});

test('TLS: with a certificate that is trusted, and not otherwise', async (context) => {
  const bench = new Bench(context);
  const [tlsCert, tlsKey] = [join(bench.dir, 'cert.pem'), join(bench.dir, 'key.pem')];
  writeFileSync(tlsCert, testCertificate);
  writeFileSync(tlsKey, testKey, { mode: 0o600 });
  await bench.start({ tlsCert, tlsKey });
  const token = bench.identity.createToken('reader', 'viewer');
  const address = { host: 'localhost', port: bench.server.port };
  const connection = await bench.connect(token, { address, tls: { ca: testCertificate } });
  equal(await connection.call('symbols', {}), 'symbols');
  await rejects(bench.connect(token, { address, tls: {} }), { code: 'IO_ERROR' });
  // One that speaks no TLS gets nothing.
  const plain = { address, token, clock: bench.clock, timeoutMs: 5000 };
  equal(await openNetworkConnection(plain), undefined);
});

test('beyond this machine there is no listening without TLS, unless meant', async (context) => {
  await rejects(new Bench(context).start({ host: '0.0.0.0' }), { code: 'CONFIG_INVALID_VALUE' });
  await new Bench(context).start({ host: '0.0.0.0', allowPlain: true });
});

/** Passes bytes on until it is told to swallow them. */
class Relay {
  swallows = false;
  readonly server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(context: TestContext, target: number) {
    this.server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (chunk: Uint8Array) => {
          if (!this.swallows) to.write(chunk);
        });
        from.on('error', () => undefined);
      }
    });
    context.after(() => {
      for (const socket of this.#sockets) socket.destroy();
      this.server.close();
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }
}

test('a node that gives no sign of life is given up, one that is slow is not', async (context) => {
  const bench = await new Bench(context).start();
  const relay = new Relay(context, bench.server.port);
  const clock = new VirtualClock();
  const port = await relay.listen();
  const token = bench.identity.createToken('reader', 'viewer');
  const address = { host: '127.0.0.1', port };
  const connection = await bench.connect(token, { address, clock });
  const waiting = connection.call('aggregate', {} as never);
  let error: unknown;
  waiting.catch((reason: unknown) => {
    error = reason;
  });
  for (let beats = 0; beats < 8; beats += 1) {
    const { heard } = connection;
    clock.advance(5e9);
    await until(() => connection.heard > heard);
  }
  equal(error, undefined);
  relay.swallows = true;
  for (let beats = 0; beats < 5; beats += 1) clock.advance(5e9);
  await rejects(waiting, { code: 'UNAVAILABLE' });
});

test('a node that does not answer is waited for as long as said', async (context) => {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  context.after(() => {
    server.close();
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const address = { host: '127.0.0.1', port };
  const clock = new SystemClock();
  const asked = openNetworkConnection({ address, token: 'x', clock, timeoutMs: 30 });
  await rejects(asked, { code: 'TIMEOUT' });
});

test('addresses of nodes', () => {
  deepEqual(parseNodeAddress('data-1:9200'), { host: 'data-1', port: 9200 });
  deepEqual(parseNodeAddress('[::1]:1'), { host: '::1', port: 1 });
  for (const text of ['[::1]:9200', '10.0.0.1:9200'])
    equal(nodeAddressText(parseNodeAddress(text)), text);
  for (const wrong of ['', 'data-1', 'data-1:', 'data-1:0', 'a:65536', '::1:9200', 'a:b', 'a:1x'])
    throws(() => parseNodeAddress(wrong), { code: 'INVALID_ARGUMENT' }, wrong);
});
