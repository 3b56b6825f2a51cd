// The verdict on a node, case by case.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeStateName } from '@ndts/protocol';
import { decideNodeState, type NodeFacts, type NodePolicy } from './node-state.js';

const policy: NodePolicy = {
  heartbeatIntervalMs: 1000,
  checkIntervalMs: 5000,
  leaseTtlMs: 10_000,
};

const healthy: NodeFacts = {
  announced: 'ACTIVE',
  leaseAlive: true,
  heartbeatAgeMs: 300,
  health: { ok: true, detail: '', progress: 10 },
  missedChecks: 0,
  responseMs: 0.2,
  stalledMs: 0,
};

function verdict(change: Partial<NodeFacts>): [NodeStateName, string] {
  const { state, reason } = decideNodeState({ ...healthy, ...change }, policy);
  return [state, reason];
}

test('a healthy node is what it announces', () => {
  for (const announced of ['STANDBY', 'ACTIVE', 'DRAINING'] as const)
    assert.deepEqual(verdict({ announced }), [announced, '']);
});

test('a bad state always has a reason, also when the node gave none yet', () => {
  const silent = { ok: false, detail: '', progress: 10 };
  const told = { ok: false, detail: 'disk slow', progress: 10 };
  for (const announced of ['DEGRADED', 'FAILED'] as const) {
    for (const health of [undefined, silent, healthy.health])
      assert.deepEqual(verdict({ announced, health }), [announced, 'reported by the node itself']);
    assert.deepEqual(verdict({ announced, health: told }), [announced, 'disk slow']);
  }
  assert.deepEqual(verdict({ health: silent }), ['DEGRADED', 'reported by the node itself']);
});

test('a node before its first health answer is what it announces', () => {
  assert.deepEqual(verdict({ health: undefined, stalledMs: 1e9 }), ['ACTIVE', '']);
});

test('a lost lease fails the node whatever else it says', () => {
  for (const announced of ['STANDBY', 'ACTIVE', 'DRAINING', 'DEGRADED', 'FAILED'] as const)
    assert.deepEqual(verdict({ announced, leaseAlive: false }), ['FAILED', 'lease lost']);
});

test('silence degrades first and fails then', () => {
  assert.deepEqual(verdict({ heartbeatAgeMs: 3000 }), ['ACTIVE', '']);
  assert.deepEqual(verdict({ heartbeatAgeMs: 3500 }), ['DEGRADED', 'heartbeat late by 2.5 s']);
  assert.deepEqual(verdict({ heartbeatAgeMs: 10_001 }), ['FAILED', 'no heartbeat for 10.0 s']);
  assert.equal(verdict({ missedChecks: 1 })[0], 'DEGRADED');
  assert.equal(verdict({ missedChecks: 2 })[0], 'FAILED');
});

test('a node that answers and does not progress is degraded', () => {
  assert.deepEqual(verdict({ stalledMs: 10_000 }), ['ACTIVE', '']);
  assert.deepEqual(verdict({ stalledMs: 10_001 }), ['DEGRADED', 'no progress for 10.0 s']);
});

test('a bad or slow answer is shown with its reason', () => {
  const health = { ok: false, detail: 'disk slow', progress: 11 };
  assert.deepEqual(verdict({ health }), ['DEGRADED', 'disk slow']);
  assert.deepEqual(verdict({ responseMs: 1500 }), ['DEGRADED', 'answers in 1.5 s']);
});

test('a draining or waiting node keeps its state and shows the weakness', () => {
  assert.deepEqual(verdict({ announced: 'DRAINING', stalledMs: 20_000 }), [
    'DRAINING',
    'no progress for 20.0 s',
  ]);
  assert.equal(verdict({ announced: 'STANDBY', missedChecks: 1 })[0], 'STANDBY');
});
