// States of a book as changes whose numbers follow each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BookTracker } from './book-changes.js';

test('a state that changes nothing is not told, and the next change follows the one before', () => {
  const tracker = new BookTracker();
  const ask = [101, 1];
  const next = (nonce: number, bid: number) =>
    tracker.next({ timestamp: 1, nonce, bids: [[99, bid]], asks: [ask] } as never);
  assert.deepEqual(next(10, 5), { full: true, previous: undefined, bids: [[99, 5]], asks: [ask] });
  assert.equal(next(12, 5), undefined);
  assert.deepEqual(next(14, 6), { full: false, previous: 10, bids: [[99, 6]], asks: [] });
  tracker.reset();
  assert.equal(next(16, 6)?.full, true);
});
