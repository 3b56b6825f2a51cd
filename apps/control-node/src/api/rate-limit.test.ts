// The token bucket: burst and rate by client, on a clock that is moved.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@ndts/runtime';
import { RateLimiter } from './rate-limit.js';

test('a bucket allows its burst, then its rate, per client', () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, () => ({ perSecond: 10, burst: 3 }));
  assert.deepEqual(
    [1, 2, 3, 4].map(() => limiter.take('a')),
    [true, true, true, false],
  );
  assert.ok(limiter.take('b'));
  clock.advance(100e6);
  assert.ok(limiter.take('a'));
  assert.ok(!limiter.take('a'));
});

test('quiet clients are forgotten and the number of clients is bounded', () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, () => ({ perSecond: 1, burst: 5 }));
  for (let index = 0; index < 10_500; index += 1) limiter.take(`client-${index}`);
  assert.equal(limiter.size, 10_000);
  clock.advance(6e9);
  limiter.take('late');
  assert.equal(limiter.size, 1);
});
