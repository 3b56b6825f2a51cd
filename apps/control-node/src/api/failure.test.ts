// What the HTTP server refuses by a schema says what would have been right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from './failure.js';

test('a refusal of a schema names the words it knows, or the one it does not', () => {
  const refused = (params: object): string =>
    failureOf({ statusCode: 400, message: 'body/side no', validation: [{ params }] }).message;
  assert.equal(refused({ allowedValues: ['buy', 'sell'] }), 'body/side no: buy, sell');
  assert.equal(refused({ additionalProperty: 'sid' }), "body/side no: 'sid'");
  assert.equal(refused({ limit: 3 }), 'body/side no');
  assert.equal(failureOf({ statusCode: 413, message: 'too much' }).message, 'too much');
});
