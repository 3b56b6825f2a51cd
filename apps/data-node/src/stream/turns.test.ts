// Turns: in order, some in a round of the loop, and no more of it than their share.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@ndts/runtime';
import { nsPerMs } from '@ndts/protocol';
import { Turns } from './turns.js';

async function round(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve)); // ambient: a round of the loop
}

test('turns come in order, so many in a round', async () => {
  const turns = new Turns({ clock: new VirtualClock(), perRound: 2, share: 1 });
  const done: number[] = [];
  for (let at = 0; at < 5; at += 1) void turns.take().then(() => done.push(at));
  assert.deepEqual(done, []);
  await round();
  assert.deepEqual(done, [0, 1]);
  await round();
  await round();
  assert.deepEqual(done, [0, 1, 2, 3, 4]);
});

test('who uses more than the share waits until it is a share again', async () => {
  const clock = new VirtualClock();
  const turns = new Turns({ clock, perRound: 1, share: 0.2 });
  const done: number[] = [];
  for (let at = 0; at < 3; at += 1)
    void turns.take().then(async () => {
      await Promise.resolve(); // Settled at once: still the same turn.
      clock.advance(10 * nsPerMs);
      done.push(at);
    });
  await round();
  await round();
  assert.deepEqual(done, [0]);
  // 10 ms used, 8 above the share, 2 of them granted: 6 / 0.2.
  clock.advance(29 * nsPerMs);
  await round();
  assert.deepEqual(done, [0]);
  clock.advance(nsPerMs);
  await round();
  assert.deepEqual(done, [0, 1]);
  turns.close();
  clock.advance(10_000 * nsPerMs);
  await round();
  assert.deepEqual(done, [0, 1]);
});
