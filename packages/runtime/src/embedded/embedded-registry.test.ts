import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../clock/virtual-clock.js';
import { createSilentLogger } from '../log/logger.js';
import { SeededRandom } from '../random/seeded-random.js';
import { EmbeddedRegistry } from './embedded-registry.js';
import { MemoryKeyValueStore } from './memory-key-value-store.js';

const logger = createSilentLogger();

function open(store: MemoryKeyValueStore, clock = new VirtualClock()): EmbeddedRegistry {
  return new EmbeddedRegistry({ store, clock, random: new SeededRandom(1), logger });
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('nothing is shown before it is durable: no result, no event', async () => {
  const store = new MemoryKeyValueStore();
  const registry = open(store);
  const seen: string[] = [];
  registry.watch('', ({ key }) => seen.push(`event ${key}`));
  store.holdCommits();
  const calls = [
    registry.put('k', '1').then(() => seen.push('put')),
    registry.get('k').then((record) => seen.push(`get ${record?.value}`)),
    registry.list('').then(({ length }) => seen.push(`list ${length}`)),
  ];
  await settle();
  assert.deepEqual(seen, []);
  store.commit();
  await Promise.all(calls);
  assert.deepEqual(seen, ['event k', 'put', 'get 1', 'list 1']);
});

test('what put has returned survives a loss of power, with its revision', async () => {
  const store = new MemoryKeyValueStore();
  const registry = open(store);
  const revision = await registry.put('k', '1');
  store.holdCommits();
  registry.put('k', 'lost').catch(() => undefined);
  const again = open(store.afterPowerLoss());
  assert.deepEqual((await again.get('k'))?.value, '1');
  assert.equal((await again.get('k'))?.revision, revision);
});

test('a failed disk refuses the change; events are not lost when it recovers', async () => {
  const store = new MemoryKeyValueStore();
  const registry = open(store);
  const events: string[] = [];
  registry.watch('', ({ key }) => events.push(key));
  const durable = store.durable.bind(store);
  store.durable = () => Promise.reject(new Error('the disk of this test failed'));
  await assert.rejects(registry.put('first', '1'), /disk of this test/);
  assert.deepEqual(events, []);
  store.durable = durable;
  await registry.put('second', '1');
  assert.deepEqual(events, ['first', 'second']);
});

test("keys of a former process's leases go at the open, each with a revision", async () => {
  const store = new MemoryKeyValueStore();
  const registry = open(store);
  const lease = await registry.grantLease(10_000);
  await registry.put('a', '1', { lease: lease.id });
  const last = await registry.put('b', '1', { lease: lease.id });
  const again = open(store.afterKill());
  assert.deepEqual(await again.list(''), []);
  assert.equal(await again.put('c', '1'), last + 3);
});

test('a lease whose timer is late is lost all the same', async () => {
  const clock = new VirtualClock();
  const timerless = Object.assign(Object.create(clock) as VirtualClock, {
    monotonicNs: () => clock.monotonicNs(),
    setTimer: () => ({ cancel: () => undefined }),
  });
  const registry = open(new MemoryKeyValueStore(), timerless);
  const lease = await registry.grantLease(1_000);
  await registry.put('k', '1', { lease: lease.id });
  clock.advance(1e9);
  await assert.rejects(lease.renew(), { code: 'LEASE_LOST' });
  assert.equal(await registry.get('k'), undefined);
});

test('close ends a waiting campaign', async () => {
  const registry = open(new MemoryKeyValueStore());
  await registry.campaign('e', 'A', await registry.grantLease(1_000));
  const waiting = registry.campaign('e', 'B', await registry.grantLease(1_000));
  await registry.close();
  await assert.rejects(waiting, { code: 'CLOSED' });
});

test('a watch does not show what was changed before it, even if not yet durable', async () => {
  const store = new MemoryKeyValueStore();
  const registry = open(store);
  store.holdCommits();
  const before = registry.put('before', '1');
  const seen: string[] = [];
  registry.watch('', ({ key }) => seen.push(key));
  store.commit();
  await before;
  await registry.put('after', '1');
  assert.deepEqual(seen, ['after']);
});
