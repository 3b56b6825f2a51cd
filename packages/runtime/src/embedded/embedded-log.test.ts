import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedLog } from './embedded-log.js';
import { MemoryKeyValueStore } from './memory-key-value-store.js';

const payload = new TextEncoder().encode('p');

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('a reader sees an entry only when no loss of power can take it back', async () => {
  const store = new MemoryKeyValueStore();
  const log = new EmbeddedLog({ store });
  store.holdCommits();
  const seen: string[] = [];
  const calls = [
    log.append('s', 'x', payload).then(() => seen.push('append')),
    log.read('s', 1, 1).then(() => seen.push('read')),
    log.append('s', 'x', payload, { messageId: 'm' }).then(() => seen.push('append')),
    log.append('s', 'x', payload, { messageId: 'm' }).then(() => seen.push('duplicate')),
  ];
  await settle();
  assert.deepEqual(seen, []);
  assert.equal(await new EmbeddedLog({ store: store.afterPowerLoss() }).last('s'), undefined);
  store.commit();
  await Promise.all(calls);
  assert.equal(seen.length, 4);
});

test('an acknowledgement that resolved survives a loss of power', async () => {
  const store = new MemoryKeyValueStore();
  const log = new EmbeddedLog({ store });
  await log.append('s', 'x', payload);
  await log.append('s', 'x', payload);
  await (await log.consumer('s', 'c')).acknowledge(1);
  const again = new EmbeddedLog({ store: store.afterPowerLoss() });
  assert.equal((await again.consumer('s', 'c')).acknowledged(), 1);
});

test('names with slashes reach into no other stream', async () => {
  const log = new EmbeddedLog({ store: new MemoryKeyValueStore() });
  await log.append('s', 'x', payload);
  await log.append('s/entry', 'x', payload);
  assert.equal((await log.read('s', 1, 10)).length, 1);
  await assert.rejects(log.append('', 'x', payload), { code: 'INVALID_ARGUMENT' });
  const long = 'x'.repeat(70_000);
  await assert.rejects(log.append('s', long, payload), { code: 'INVALID_ARGUMENT' });
});
