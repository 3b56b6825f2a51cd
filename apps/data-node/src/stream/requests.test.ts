// What a client may not say: each is refused with the name of the field, because what is passed
// over quietly means its default.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from './requests.js';

const refused: readonly (readonly [given: unknown, expected: RegExp])[] = [
  [{ frm: 'oldest' }, /frm: expected one of .*from/],
  [{ speed: 2 }, /speed: expected mode historical/],
  [{ mode: 'historical', speed: -1 }, /speed: expected a number from 0/],
  [{ columns: ['price', 'price'] }, /columns: expected each name once/],
  [{ symbols: ['A', 'A'] }, /symbols: expected each name once/],
  [{ columns: [] }, /columns: expected a list of names/],
  [
    {
      from: [
        [3, 1, 1],
        [3, 1, 2],
      ],
    },
    /shard 3 once/,
  ],
  [{ watermark: 'soon' }, /watermark: expected accepted/],
  [{ id: -1 }, /id: expected a whole number/],
];

test('a subscription that says too much, twice or what is not known is refused', () => {
  const plain = { type: 'subscribe', id: 1 };
  assert.equal(parseRequest(JSON.stringify(plain)).type, 'subscribe');
  const past = { ...plain, mode: 'historical', speed: 2, from: { day: 20_000, nsOfDay: 0 } };
  assert.equal(parseRequest(JSON.stringify(past)).type, 'subscribe');
  for (const [given, expected] of refused)
    assert.throws(() => parseRequest(JSON.stringify({ ...plain, ...(given as object) })), {
      code: 'INVALID_ARGUMENT',
      message: expected,
    });
});
