// The message rate: no second of the clock sees more than the limit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { MessageRate } from './message-rate.js';

test('the limit is reached, holds for the second, and comes back', () => {
  const rate = new MessageRate();
  for (let count = 0; count < 5; count++) {
    assert.equal(rate.left(1e9, 5), 5 - count);
    rate.count(1e9);
  }
  assert.equal(rate.left(1.9e9, 5), 0);
  assert.equal(rate.left(2.2e9, 5), 5);
  rate.count(2.2e9);
  assert.equal(rate.left(900e9, 5), 5);
});

test('random traffic: any window of a second stays within the limit', () => {
  const seed = 77;
  console.log(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const rate = new MessageRate();
  const sent: number[] = [];
  let now = 5e9;
  for (let step = 0; step < 20_000; step++) {
    now += random.integer(20e6);
    if (rate.left(now, 40) <= 0) continue;
    rate.count(now);
    sent.push(now);
  }
  for (let index = 40; index < sent.length; index++)
    assert.ok((sent[index] ?? 0) - (sent[index - 40] ?? 0) >= 1e9, `at ${index}`);
  assert.ok(sent.length > 40 * 100, `${sent.length} sent`);
});
