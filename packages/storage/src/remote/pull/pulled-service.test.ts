// Rings that can't be pulled are no rings: rows come over the connection then.

import { deepEqual, equal, rejects } from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, NdtsError, nsPerMs } from '@ndts/protocol';
import { SystemClock, VirtualClock } from '@ndts/runtime';
import { closeServer, listen } from '../../listen/listen.js';
import { PulledService } from './pulled-service.js';
import { grantLeaseMs } from './ring-grants.js';

/** Offers rings at an address. */
class Node {
  readonly shardCount = 1;
  closed = false;
  asked = 0;
  readonly #address: string | undefined;
  readonly #refusal: ErrorCode;

  constructor(address: string | undefined, refusal: ErrorCode = 'UNAVAILABLE') {
    this.#address = address;
    this.#refusal = refusal;
  }

  async call(): Promise<never> {
    this.asked += 1;
    if (this.#address === undefined) throw new NdtsError(this.#refusal, 'off');
    const grant = { provider: 'tcp', address: this.#address, key: '1', region: 1, base: '0' };
    return [{ ...grant, length: 4736, expiresAtMs: 0 }] as never;
  }

  open(): Promise<never> {
    throw new NdtsError('INTERNAL', 'nobody asks');
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function pulled(context: TestContext, node: Node, timeoutMs = 100): PulledService {
  const clock = new SystemClock();
  const options = { service: node, host: '127.0.0.1', clock, timeoutMs };
  const service = new PulledService(options);
  context.after(() => service.close());
  return service;
}

test('a port that nobody listens on, or that says nothing', async (context) => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  const port = await listen(server, 'test', '127.0.0.1', 0);
  const mute = new Node(`127.0.0.1:${port}`);
  deepEqual(await pulled(context, mute).call('rings', {}), []);
  await closeServer(server);
  const nobody = new Node(`127.0.0.1:${port}`);
  const service = pulled(context, nobody);
  deepEqual(await service.call('rings', {}), []);
  // Who asks again tries again.
  deepEqual(await service.call('rings', {}), []);
  equal(nobody.asked, 2);
});

test('a connection that ends while mirrors are waited for', async (context) => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  const port = await listen(server, 'test', '127.0.0.1', 0);
  const node = new Node(`127.0.0.1:${port}`);
  const service = pulled(context, node, 60_000);
  const asked = service.call('rings', {});
  while (node.asked === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  await service.close();
  await rejects(asked, { code: 'UNAVAILABLE' });
  await closeServer(server);
});

test('pulls that end while those of another table are asked for', {
  timeout: 60_000,
}, async (context) => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  const port = await listen(server, 'test', '127.0.0.1', 0);
  context.after(() => closeServer(server));
  const node = new Node(`127.0.0.1:${port}`);
  let giveTrades = (): void => undefined;
  const trades = new Promise<void>((resolve) => {
    giveTrades = resolve;
  });
  const slow: ConstructorParameters<typeof PulledService>[0]['service'] = {
    ...{ shardCount: 1, closed: false, open: () => node.open(), close: async () => undefined },
    call: async (name, asked) => {
      if (name === 'renewPulls') throw new NdtsError('LEASE_LOST', 'ended');
      if ((asked as { table: string }).table === 'trade') await trades;
      return node.call();
    },
  };
  const clock = new VirtualClock(0);
  const options = { service: slow, host: '127.0.0.1', clock, timeoutMs: 60_000 };
  const service = new PulledService(options);
  const ofTicks = service.call('rings', {});
  const ofTrades = service.call('rings', { table: 'trade' });
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  clock.advance((grantLeaseMs / 3) * nsPerMs);
  deepEqual(await ofTicks, []);
  giveTrades();
  deepEqual(await ofTrades, [], 'nothing is opened that nobody would close');
  await service.close();
});

test('a node that offers none, or no more', async (context) => {
  for (const refusal of ['UNAVAILABLE', 'RATE_LIMITED', 'NOT_FOUND'] as const) {
    const node = new Node(undefined, refusal);
    deepEqual(await pulled(context, node).call('rings', {}), []);
    equal(node.asked, 1);
  }
  const service = pulled(context, new Node(undefined, 'FORBIDDEN'));
  await rejects(service.call('rings', {}), { code: 'FORBIDDEN' });
});
