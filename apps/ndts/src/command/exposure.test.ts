// Loopback is silent; everything else is said, names that only look like loopback too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposureNote } from './exposure.js';

test('only loopback goes without a note', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
    assert.equal(exposureNote(host), '', host);
  for (const host of ['0.0.0.0', '::', '10.0.0.7', 'trading.example', '127.0.0.1.example'])
    assert.match(exposureNote(host), /^node\.host .*plain HTTP/, host);
});
