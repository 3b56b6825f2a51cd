import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shardOf } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedRegistry,
  MemoryKeyValueStore,
  SeededRandom,
  VirtualClock,
} from '@ndts/runtime';
import { SymbolRegistry } from './symbol-registry.js';

function newRegistry(store = new MemoryKeyValueStore()): EmbeddedRegistry {
  return new EmbeddedRegistry({
    store,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    logger: createSilentLogger(),
  });
}

test('ids start at 1, are given once, and survive', async () => {
  const store = new MemoryKeyValueStore();
  const registry = newRegistry(store);
  const symbols = await SymbolRegistry.open({ registry, shardCount: 64 });
  const first = await symbols.ensure(['A', 'B/C', 'A', 'ä%']);
  assert.deepEqual(
    first.map((entry) => entry.id),
    [1, 2, 1, 3],
  );
  assert.equal(first[1]?.shard, shardOf('B/C', 64));
  await registry.close();

  const again = await SymbolRegistry.open({ registry: newRegistry(store), shardCount: 64 });
  assert.deepEqual(again.all(), symbols.all());
  const more = await again.ensure(['ä%', 'D']);
  assert.deepEqual(
    more.map((entry) => entry.id),
    [3, 4],
  );
  assert.equal(again.byId(4)?.name, 'D');
  assert.equal(again.byName('nobody'), undefined);
});

test('two that allocate at once agree on every id and use none twice', async () => {
  const registry = newRegistry();
  const names = Array.from({ length: 50 }, (_, index) => `S${index}`);
  const one = await SymbolRegistry.open({ registry, shardCount: 8 });
  const two = await SymbolRegistry.open({ registry, shardCount: 8 });
  const [a, b] = await Promise.all([one.ensure(names), two.ensure([...names].reverse())]);
  assert.deepEqual(a, [...b].reverse());
  assert.equal(new Set(a.map((entry) => entry.id)).size, names.length);
});

test('an empty or endless name is refused', async () => {
  const symbols = await SymbolRegistry.open({ registry: newRegistry(), shardCount: 8 });
  await assert.rejects(symbols.ensure(['']), { code: 'INVALID_ARGUMENT' });
  await assert.rejects(symbols.ensure(['x'.repeat(1025)]), { code: 'INVALID_ARGUMENT' });
});
