// Parameters: defaults, types, ranges.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveParameters } from './parameters.js';

const specs = {
  period: { type: 'integer', default: 20, min: 2, max: 100, doc: '' },
  width: { type: 'number', default: 2, min: 0.5, doc: '' },
  quantity: { type: 'decimal', default: '1', doc: '' },
  mode: { type: 'text', default: 'calm', doc: '' },
  live: { type: 'boolean', default: true, doc: '' },
} as const;

test('defaults hold, given values win, unknown names are left out', () => {
  const defaults = resolveParameters(specs, { other: 5 });
  assert.deepEqual(defaults, {
    period: 20,
    width: 2,
    quantity: 100_000_000n,
    mode: 'calm',
    live: true,
  });
  const given = resolveParameters(specs, { period: 5, quantity: '0.00000001', live: false });
  assert.deepEqual([given.period, given.quantity, given.live], [5, 1n, false]);
});

test('wrong types and ranges are refused by name', () => {
  for (const wrong of [
    { period: 2.5 },
    { period: 1 },
    { period: '7' },
    { width: Number.NaN },
    { width: 0.1 },
    { quantity: 'much' },
    { mode: 3 },
    { live: 'yes' },
  ])
    assert.throws(() => resolveParameters(specs, wrong), /INVALID_ARGUMENT|expected/);
});
