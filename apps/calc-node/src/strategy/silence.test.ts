// Silence of a process that works, of one that waits, and of one that is starved.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsPerMs } from '@ndts/protocol';
import { Silence } from './silence.js';

const limits = { busyMs: 5000, anyMs: 60_000 };
const lookMs = 50;

/** Looks every 50 ms at a process that gets this share of a core; when it hangs, and over what. */
function hangsAfter(share: number | undefined): [number, number] {
  const silence = new Silence(0, share === undefined ? undefined : 0);
  for (let ms = lookMs; ms < 100_000; ms += lookMs) {
    const cpuMs = share === undefined ? undefined : ms * share;
    const bound = silence.exceeded(ms * nsPerMs, limits, () => cpuMs);
    if (bound !== undefined) return [ms, bound];
  }
  return [0, 0];
}

test('a busy process hangs after the short bound', () => {
  assert.deepEqual(hangsAfter(1), [5050, 5000]);
});

test('with a tenth of a core it has ten times as long', () => {
  assert.deepEqual(hangsAfter(0.1), [25_000, 5000]);
});

test('one that gets nothing, waits or cannot be measured hangs after the long bound only', () => {
  assert.deepEqual(hangsAfter(0), [60_050, 60_000]);
  assert.deepEqual(hangsAfter(undefined), [60_050, 60_000]);
});

test('a word starts it anew', () => {
  const silence = new Silence(0, 0);
  for (let ms = 1000; ms <= 100_000; ms += 1000) {
    assert.equal(
      silence.exceeded(ms * nsPerMs, limits, () => ms),
      undefined,
    );
    if (ms % 4000 === 0) silence.heard(ms * nsPerMs, ms);
  }
});

test('time in which nobody looked does not count', () => {
  const silence = new Silence(0, 0);
  assert.equal(
    silence.exceeded(3_600_000 * nsPerMs, limits, () => 3_600_000),
    undefined,
  );
  assert.equal(
    silence.exceeded(3_605_000 * nsPerMs, limits, () => 3_605_000),
    undefined,
  );
});
