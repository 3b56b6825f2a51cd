// In what order suites begin, and how many run at a time.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { runInLanes } from './test/lanes.mjs';
import { suites } from './test/suites.mjs';

/** Things that end when they are told to. */
function makeRuns() {
  const begun = [];
  const ends = new Map();
  const run = ({ name }) => {
    begun.push(name);
    return new Promise((resolve) => ends.set(name, () => resolve(`${name} ended`)));
  };
  const end = async (name) => {
    ends.get(name)();
    await turn();
  };
  return { begun, run, end };
}

test('as many run as there are lanes, the first of the list first', async () => {
  const { begun, run, end } = makeRuns();
  const things = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
  const results = runInLanes(things, 2, run);
  assert.deepEqual(begun, ['a', 'b']);
  await end('b');
  assert.deepEqual(begun, ['a', 'b', 'c']);
  await end('a');
  await end('c');
  await end('d');
  assert.deepEqual([...results.keys()], things);
  assert.deepEqual(
    await Promise.all(results.values()),
    things.map((one) => `${one.name} ended`),
  );
});

test('what comes after another waits for it, and those behind go first', async () => {
  const { begun, run, end } = makeRuns();
  const things = [{ name: 'a' }, { name: 'b', after: 'a' }, { name: 'c' }, { name: 'd' }];
  runInLanes(things, 2, run);
  assert.deepEqual(begun, ['a', 'c']);
  await end('a');
  assert.deepEqual(begun, ['a', 'c', 'b']);
});

test('what comes after something that does not run at all does not wait', () => {
  const { begun, run } = makeRuns();
  runInLanes([{ name: 'b', after: 'a' }], 2, run);
  assert.deepEqual(begun, ['b']);
});

test('a suite comes after one that stands before it', () => {
  for (const [index, suite] of suites.entries())
    if (suite.after !== undefined)
      assert.ok(
        suites.slice(0, index).some((one) => one.name === suite.after),
        suite.name,
      );
});
