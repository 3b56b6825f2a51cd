// What a child says is believed only when it has the shape of a message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySnapshot } from '@ndts/runtime';
import { readChildMessage } from './host-protocol.js';

const report = { type: 'report', ticks: 1, signals: 0, factorRows: 2, lapped: 0 };

test('well-formed messages pass', () => {
  const messages = [
    { type: 'ready', name: 'a', version: '1', warmUpTicks: 20, factors: ['bands'] },
    { type: 'running' },
    { ...report, latency: emptySnapshot },
    { type: 'snapshot', json: '{}' },
    { type: 'log', text: 'hello' },
    { type: 'failed', phase: 'run', reason: 'threw' },
    { type: 'stopped' },
  ];
  for (const message of messages) assert.deepEqual(readChildMessage(message), message);
});

test('everything else is refused', () => {
  const wrong: unknown[] = [
    undefined,
    null,
    7,
    'ready',
    [],
    {},
    { type: 'begin' },
    { type: 'ready', name: 'a', version: '1', warmUpTicks: 1e9, factors: [] },
    { type: 'ready', name: 'a', version: 1, warmUpTicks: 1, factors: [] },
    { type: 'ready', name: 'a', version: '1', warmUpTicks: 1, factors: [3] },
    { ...report, latency: undefined },
    { ...report, ticks: -1, latency: emptySnapshot },
    { ...report, ticks: Number.NaN, latency: emptySnapshot },
    { ...report, latency: { ...emptySnapshot, buckets: [1], counts: [] } },
    { ...report, latency: { ...emptySnapshot, buckets: [1e9], counts: [1] } },
    { type: 'snapshot', json: 'x'.repeat(2 ** 20 + 1) },
    { type: 'log', text: 'x'.repeat(5000) },
    { type: 'failed', phase: 'never', reason: '' },
  ];
  for (const message of wrong) assert.equal(readChildMessage(message), undefined);
});
