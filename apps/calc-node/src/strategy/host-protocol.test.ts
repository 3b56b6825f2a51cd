// What a child says is believed only when it has the shape of a message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySnapshot } from '@ndts/runtime';
import { readChildMessage } from './host-protocol.js';

const ready = {
  ...{ type: 'ready', name: 'a', version: '1', reach: [20], factors: ['bands'] },
  ...{ signature: 'f00d', snapshotVersion: 1, stored: [{ factor: 1, version: 2 }] },
  ...{ wantsBooks: false, watermark: 'accepted', orders: 0 },
};
const positions = { ticks: [{ epoch: 1, sequence: 9 }], books: [] };
const bytes = new Uint8Array(8);
const report = { type: 'report', ticks: 1, signals: 0, factorRows: 2, lapped: 0 };

test('well-formed messages pass', () => {
  const messages = [
    ready,
    { ...ready, resume: positions },
    { type: 'behind', positions },
    { type: 'running', orders: 3 },
    { type: 'state', positions: [{ epoch: 1, sequence: 9 }], bytes },
    { type: 'cancel', order: 2 ** 33 + 1 },
    { ...report, latency: emptySnapshot },
    { type: 'snapshot', json: '{}', orders: 3 },
    { type: 'log', text: 'hello' },
    { type: 'failed', phase: 'run', reason: 'threw', isDiskFull: false },
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
    { ...ready, reach: [1e9] },
    { ...ready, reach: [1, 60e9] },
    { ...ready, reach: [1, 1e17, 1] },
    { ...ready, reach: 20 },
    { ...ready, version: 1 },
    { ...ready, factors: [3] },
    { ...ready, signature: 'x'.repeat(3000) },
    { ...ready, snapshotVersion: -1 },
    { ...ready, stored: undefined },
    { ...ready, wantsBooks: 1 },
    { ...ready, watermark: 'sealed' },
    { ...ready, resume: [] },
    { type: 'behind', positions: { ticks: [{ epoch: 1, sequence: -1 }], books: [] } },
    { ...ready, stored: [{ factor: 2, version: 1 }] },
    { ...ready, stored: [{ factor: 1, version: 0 }] },
    { type: 'state', positions: [{ epoch: 1, sequence: -1 }], bytes },
    { type: 'state', positions: [], bytes: 'x' },
    { type: 'cancel', order: 0.5 },
    { type: 'running' },
    { type: 'running', orders: -1 },
    { ...report, latency: undefined },
    { ...report, ticks: -1, latency: emptySnapshot },
    { ...report, ticks: Number.NaN, latency: emptySnapshot },
    { ...report, latency: { ...emptySnapshot, buckets: [1], counts: [] } },
    { ...report, latency: { ...emptySnapshot, buckets: [1e9], counts: [1] } },
    { type: 'snapshot', json: 'x'.repeat(2 ** 20 + 1), orders: 0 },
    { type: 'snapshot', json: '{}' },
    { ...ready, orders: undefined },
    { type: 'log', text: 'x'.repeat(5000) },
    { type: 'failed', phase: 'never', reason: '' },
  ];
  for (const message of wrong) assert.equal(readChildMessage(message), undefined);
});
