import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorLine, isErrorCode, NdtsError } from './errors.js';
import { errorTable } from './generated/errors.js';

test('an error line has code, message and hint', () => {
  const error = new NdtsError('LOCKED', 'data/ticks is open in process 12');
  assert.match(errorLine(error), /^LOCKED: data\/ticks is open in process 12 \(stop who has it/);
  assert.equal(errorLine(new TypeError('x')), 'TypeError: x');
  assert.equal(errorLine('text'), 'text');
});

test('codes are known by name and have numbers of their own', () => {
  assert.ok(isErrorCode('DISK_FULL'));
  assert.ok(!isErrorCode('toString'));
  const numbers = Object.values(errorTable).map((entry) => entry.number);
  assert.equal(new Set(numbers).size, numbers.length);
});
