import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsBetween, timeToMs } from '@ndts/protocol';
import { SystemClock } from './system-clock.js';

test("monotonic time is the host's, and never goes back", () => {
  const clock = new SystemClock();
  let last = Number(process.hrtime.bigint());
  for (let round = 0; round < 10_000; round++) {
    const now = clock.monotonicNs();
    assert.ok(now >= last, `${now} after ${last}`);
    last = now;
  }
  assert.ok(Number(process.hrtime.bigint()) >= last);
});

test("wall time is monotonic time plus the offset, near the system's", () => {
  const clock = new SystemClock();
  const before = Date.now();
  const now = clock.nowMs();
  // A second of slack: the system's clock may be adjusted while the test runs.
  assert.ok(now >= before - 1_000, `${now} against ${before}`);
  assert.ok(now <= Date.now() + 1_000);
  assert.ok(Number.isInteger(clock.wallOffset.nsOfDay));
});

test("a child with its parent's offset reads the same wall time", () => {
  const parent = new SystemClock();
  const child = new SystemClock(parent.wallOffset);
  const first = parent.now();
  const second = child.now();
  const third = parent.now();
  assert.ok(nsBetween(second, first) >= 0);
  assert.ok(nsBetween(third, second) >= 0);
  assert.ok(timeToMs(third) > 1.6e12);
});

test('a timer fires once, unless it is canceled', async () => {
  const clock = new SystemClock();
  const fired: string[] = [];
  clock.setTimer(1, () => fired.push('canceled')).cancel();
  await new Promise<void>((resolve) => {
    clock.setTimer(1, () => fired.push('kept'));
    clock.setTimer(10, resolve);
  });
  assert.deepEqual(fired, ['kept']);
});

test('a timer of more than 24 days does not fire at once', async () => {
  const clock = new SystemClock();
  let fired = false;
  const timer = clock.setTimer(2 ** 31 + 5, () => {
    fired = true;
  });
  await new Promise<void>((resolve) => clock.setTimer(20, resolve));
  timer.cancel();
  assert.equal(fired, false);
});
