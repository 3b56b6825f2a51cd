// Selection: each strategy's promise, on plain data.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capacityOf, chooseOnCircle } from './circle.js';
import { loadScore } from './load-score.js';
import {
  afterReport,
  type Candidate,
  effectiveLoad,
  emptySelectionState,
  type SelectionState,
  type SelectionStrategy,
  selectNode,
} from './selection.js';

function candidate(nodeId: string, load = 0, held = 0): Candidate {
  return { nodeId, loadScore: load, held };
}

function run(
  strategy: SelectionStrategy,
  candidates: readonly Candidate[],
  count: number,
  from: SelectionState = emptySelectionState,
): { chosen: string[]; state: SelectionState } {
  const chosen: string[] = [];
  let state = from;
  for (let index = 0; index < count; index += 1) {
    const selection = selectNode(strategy, candidates, `work-${index}`, state);
    assert.ok(selection);
    chosen.push(selection.nodeId);
    state = selection.state;
  }
  return { chosen, state };
}

test('the load score weighs memory 0.4 and queue 0.6 and stays within 0 and 1', () => {
  assert.equal(loadScore(1, 0), 0.4);
  assert.equal(loadScore(0, 1), 0.6);
  assert.equal(loadScore(0.5, 0.5), 0.5);
  assert.equal(loadScore(7, 9), 1);
  assert.equal(loadScore(-1, -1), 0);
  assert.equal(loadScore(Number.NaN, Number.NaN), 1);
});

test('no candidate, no choice', () => {
  for (const strategy of ['least_loaded', 'round_robin', 'consistent_hash'] as const)
    assert.equal(selectNode(strategy, [], 'work', emptySelectionState), undefined);
});

test('least_loaded takes the lowest score, ties by id, whatever the order', () => {
  const nodes = [candidate('c', 0.2), candidate('b', 0.2), candidate('a', 0.9)];
  assert.deepEqual(run('least_loaded', nodes, 1).chosen, ['b']);
  assert.deepEqual(run('least_loaded', [...nodes].reverse(), 1).chosen, ['b']);
});

test('an assignment counts 0.1 until the node reports again', () => {
  const nodes = [candidate('a', 0.1), candidate('b', 0.25)];
  const { chosen, state } = run('least_loaded', nodes, 3);
  assert.deepEqual(chosen, ['a', 'a', 'b']);
  assert.ok(Math.abs(effectiveLoad(candidate('a', 0.1), state) - 0.3) < 1e-12);
  const reported = afterReport(state, 'a');
  assert.equal(effectiveLoad(candidate('a', 0.1), reported), 0.1);
  assert.equal(afterReport(reported, 'a'), reported);
});

test('round_robin takes turns, also when nodes come and go', () => {
  const nodes = [candidate('b'), candidate('a'), candidate('c')];
  const { chosen, state } = run('round_robin', nodes, 4);
  assert.deepEqual(chosen, ['a', 'b', 'c', 'a']);
  assert.deepEqual(run('round_robin', [candidate('a'), candidate('c')], 2, state).chosen, [
    'c',
    'a',
  ]);
  const more = [candidate('a'), candidate('aa'), candidate('b'), candidate('c')];
  assert.deepEqual(run('round_robin', more, 1, state).chosen, ['aa']);
});

test('consistent_hash keeps every node within a quarter above the average', () => {
  const nodes = ['a', 'b', 'c', 'd'].map((nodeId) => candidate(nodeId));
  const { state } = run('consistent_hash', nodes, 1000);
  const holders = nodes.map(({ nodeId }) => ({ nodeId, held: state.assigned.get(nodeId) ?? 0 }));
  assert.equal(
    holders.reduce((sum, holder) => sum + holder.held, 0),
    1000,
  );
  const limit = capacityOf(holders);
  for (const holder of holders) assert.ok(holder.held <= limit, `${holder.nodeId} ${holder.held}`);
});

test('consistent_hash moves only what the lost node held', () => {
  const all = ['a', 'b', 'c', 'd'].map((nodeId) => ({ nodeId, held: 0 }));
  const without = all.filter(({ nodeId }) => nodeId !== 'c');
  for (let index = 0; index < 500; index += 1) {
    const key = `symbol-${index}`;
    const before = chooseOnCircle(all, key);
    if (before !== 'c') assert.equal(chooseOnCircle(without, key), before);
  }
});

test('a full node spills to its neighbours', () => {
  const free = chooseOnCircle(
    [
      { nodeId: 'a', held: 0 },
      { nodeId: 'b', held: 0 },
    ],
    'key',
  );
  const other = free === 'a' ? 'b' : 'a';
  const holders = [
    { nodeId: free, held: 100 },
    { nodeId: other, held: 0 },
  ];
  assert.equal(chooseOnCircle(holders, 'key'), other);
});
