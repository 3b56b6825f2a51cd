// A stream of one client alone that ends while its rows wait for their turn.

import { deepEqual, fail } from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@ndts/runtime';
import { oldestPositions, type Subscription } from '@ndts/storage';
import type { StreamClient } from './client.js';
import { OwnStream } from './own-stream.js';
import { Turns } from './turns.js';

const raw = {
  count: 1,
  day: new Float64Array(1),
  nsOfDay: new Float64Array(1),
  sequence: new Float64Array(1),
  symbol: new Uint32Array(1),
  shard: new Uint32Array(1),
  columns: [],
};
const voids = [{ shard: 0, epoch: 1, sequence: 2, last: { epoch: 1, sequence: 1 } }];

test('nothing is sent of a stream that was closed while rows waited for their turn', async () => {
  const turns = new Turns({ clock: new VirtualClock(), perRound: 1, share: 1 });
  const sent: string[] = [];
  const client = {
    gone: false,
    writable: async () => undefined,
    sendRows: () => sent.push('rows'),
    sendText: () => sent.push('void'),
  };
  let asked: (() => void) | undefined;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const source = {
    from: async () => oldestPositions(1),
    next: async () => {
      asked?.();
      return { value: { rows: { count: 1, raw }, next: oldestPositions(1), voids } };
    },
    close: async () => undefined,
  };
  const stream = new OwnStream({
    ...{ id: 1, kind: 'tick', form: 'json', turns, nameOf: String },
    client: client as unknown as StreamClient,
    source: source as unknown as Subscription,
    onLive: () => undefined,
    onEnd: (error) => fail(String(error)),
    onClose: () => undefined,
  });
  await stream.begin();
  stream.start();
  await isAsked;
  stream.close();
  // The turn behind it.
  await turns.take();
  await turns.take();
  turns.close();
  deepEqual(sent, []);
});
