// Ids and generations of strategies in the registry.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Registry } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedRegistry,
  MemoryKeyValueStore,
  SeededRandom,
  VirtualClock,
} from '@ndts/runtime';
import {
  dropSaved,
  instanceId,
  nextGeneration,
  readSnapshot,
  readState,
  writeSnapshot,
  writeState,
} from './records.js';

function createRegistry(): Registry {
  return new EmbeddedRegistry({
    store: new MemoryKeyValueStore(),
    clock: new VirtualClock(0),
    random: new SeededRandom(1),
    logger: createSilentLogger(),
  });
}

test('a generation is never given twice, also when two ask at once', async () => {
  const registry = createRegistry();
  assert.equal(await nextGeneration(registry, 'a'), 1);
  const asked = Array.from({ length: 10 }, () => nextGeneration(registry, 'a'));
  const given = await Promise.all(asked);
  assert.deepEqual(
    given.toSorted((left, right) => left - right),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  assert.equal(await nextGeneration(registry, 'b'), 1);
});

test('a name keeps its instance id for ever, another name gets another', async () => {
  const registry = createRegistry();
  const first = await instanceId(registry, 'a');
  const second = await instanceId(registry, 'b');
  assert.notEqual(first, second);
  assert.equal(await instanceId(registry, 'a'), first);
  const racing = await Promise.all([instanceId(registry, 'c'), instanceId(registry, 'c')]);
  assert.equal(racing[0], racing[1]);
});

test('a damaged record is named, not guessed', async () => {
  const registry = createRegistry();
  await registry.put('strategies/a/generation', 'seven');
  await assert.rejects(nextGeneration(registry, 'a'), /strategies\/a\/generation.*'seven'/);
});

test('snapshots come back by version, states with every byte; both can be dropped', async () => {
  const registry = createRegistry();
  assert.equal(await readSnapshot(registry, 'a', 1), undefined);
  const [one, two] = [
    { json: '{"x": 1}', orders: 0 },
    { json: '{"y":1}', orders: 2 ** 40 },
  ];
  await registry.put('strategies/a/snapshot', one.json);
  const old = { json: one.json, orders: undefined };
  assert.deepEqual(await readSnapshot(registry, 'a', 1), old, 'from before orders had revisions');
  await writeSnapshot(registry, 'a', 1, one);
  await writeSnapshot(registry, 'a', 2, two);
  assert.deepEqual(await readSnapshot(registry, 'a', 1), one);
  assert.deepEqual(await readSnapshot(registry, 'a', 2), two);
  const positions = [{ epoch: 2, sequence: 2 ** 40 }];
  const state = {
    signature: 's',
    positions,
    bytes: Uint8Array.from({ length: 256 }, (_, at) => at),
  };
  await writeState(registry, 'a', state);
  assert.deepEqual(await readState(registry, 'a'), state);
  await dropSaved(registry, 'a', 2);
  assert.equal(await readSnapshot(registry, 'a', 2), undefined);
  assert.equal(await readState(registry, 'a'), undefined);
  assert.deepEqual(await readSnapshot(registry, 'a', 1), one, 'of code that may come back');
});
