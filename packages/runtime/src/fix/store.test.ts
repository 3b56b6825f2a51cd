// What a session keeps goes away when nobody can ask for it any more, and nothing else does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeFromMs } from '@ndts/protocol';
import { MemoryKeyValueStore } from '../embedded/memory-key-value-store.js';
import { FixStore } from './store.js';

test('what older generations kept goes away', () => {
  const keyValue = new MemoryKeyValueStore();
  const store = new FixStore(keyValue, 's');
  for (let count = 0; count < 600; count++) store.keep(Uint8Array.of(1));
  store.reset(timeFromMs(0));
  store.keep(Uint8Array.of(2));
  store.flush();
  for (let turn = 0; turn < 5; turn++) store.prune();
  assert.equal(keyValue.scan({ prefix: 'fix/s/out/' }).length, 1);
  assert.deepEqual(new FixStore(keyValue, 's').kept(1), Uint8Array.of(2));
  keyValue.write([{ key: 'fix/s/state', value: Uint8Array.of(1) }]);
  assert.throws(() => new FixStore(keyValue, 's'), /CORRUPT|numbers of a session/);
});

test('messages behind the newest ones go away, also when numbers never begin again', () => {
  const keyValue = new MemoryKeyValueStore();
  const store = new FixStore(keyValue, 's', 10);
  for (let count = 1; count <= 700; count++) store.keep(Uint8Array.of(count % 250));
  store.flush();
  for (let turn = 0; turn < 6; turn++) store.prune();
  assert.equal(keyValue.scan({ prefix: 'fix/s/out/' }).length, 10);
  assert.deepEqual(
    store.keptFrom(1, 700, 3).map(({ number }) => number),
    [691, 692, 693],
  );
  assert.equal(store.kept(690), undefined);
  assert.equal(store.prune(), 0);
  store.keep(Uint8Array.of(1));
  store.flush();
  assert.equal(store.prune(), 1);
  assert.equal(new FixStore(keyValue, 's', 10).prune(), 0);
});
