import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from './virtual-clock.js';

test('time stands still until it is advanced', () => {
  const clock = new VirtualClock(1_000);
  assert.equal(clock.nowMs(), 1_000);
  assert.equal(clock.monotonicNs(), 0);
  clock.advance(1.5e6);
  assert.equal(clock.nowMs(), 1_001.5);
  assert.equal(clock.monotonicNs(), 1.5e6);
  assert.throws(() => clock.advance(-1), { code: 'INVALID_ARGUMENT' });
});

test('timers fire in order of time, then of creation, at their own time', () => {
  const clock = new VirtualClock();
  const fired: [string, number][] = [];
  const note = (name: string) => () => fired.push([name, clock.monotonicNs()]);
  clock.setTimer(3, note('c'));
  clock.setTimer(1, note('a'));
  clock.setTimer(3, note('d'));
  clock.setTimer(2, note('b'));
  clock.setTimer(2, note('never')).cancel();
  assert.equal(clock.nextTimerNs(), 1e6);
  clock.advance(3e6);
  assert.deepEqual(fired, [
    ['a', 1e6],
    ['b', 2e6],
    ['c', 3e6],
    ['d', 3e6],
  ]);
  assert.equal(clock.nextTimerNs(), undefined);
});

test('a timer set by a timer fires within the same advance when it is due', () => {
  const clock = new VirtualClock();
  let count = 0;
  const again = (): void => {
    count++;
    clock.setTimer(10, again);
  };
  clock.setTimer(10, again);
  clock.advance(95e6);
  assert.equal(count, 9);
  assert.equal(clock.monotonicNs(), 95e6);
});

test('a timer may cancel another that is due at the same time', () => {
  const clock = new VirtualClock();
  let fired = false;
  clock.setTimer(1, () => other.cancel());
  const other = clock.setTimer(1, () => {
    fired = true;
  });
  clock.advance(5e6);
  assert.equal(fired, false);
});
