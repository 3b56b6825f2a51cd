import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../clock/virtual-clock.js';
import { createSilentLogger } from '../log/logger.js';
import { SeededRandom } from '../random/seeded-random.js';
import { EmbeddedJobs } from './embedded-jobs.js';
import { MemoryKeyValueStore } from './memory-key-value-store.js';

const logger = createSilentLogger();

function open(store: MemoryKeyValueStore, historyLimit = 3, clock = new VirtualClock()) {
  return new EmbeddedJobs({ store, clock, random: new SeededRandom(1), logger, historyLimit });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

test('a queue forgets its oldest finished jobs, never an unfinished one', async () => {
  const store = new MemoryKeyValueStore();
  const jobs = open(store);
  await jobs.add('later', 'waits', 0, { id: 'waits' });
  for (let number = 0; number < 6; number++) await jobs.add('q', `job ${number}`, 0);
  jobs.work('q', 2, async () => 'done');
  await until(async () => {
    const listed = await jobs.list('q', 10);
    return listed.every(({ state }) => state === 'completed');
  });
  const names = async (from: EmbeddedJobs) => (await from.list('q', 10)).map(({ name }) => name);
  assert.deepEqual(await names(jobs), ['job 5', 'job 4', 'job 3']);
  const again = open(store.afterKill(), 2);
  assert.deepEqual(await names(again), ['job 5', 'job 4']);
  assert.equal((await again.get('waits'))?.state, 'waiting');
});

test('a wait before a retry goes on after a restart', async () => {
  const store = new MemoryKeyValueStore();
  const clock = new VirtualClock(1_000_000);
  const jobs = open(store, 3, clock);
  jobs.work('q', 1, async () => {
    throw new Error('not yet');
  });
  const { id } = await jobs.add('q', 'n', 0, { backoffMs: 10_000 });
  await until(async () => (await jobs.get(id))?.outcome !== undefined);
  const later = new VirtualClock(1_004_000);
  const again = open(store.afterKill(), 3, later);
  let ran = false;
  again.work('q', 1, async () => {
    ran = true;
  });
  later.advance(5.9e9);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ran, false);
  later.advance(0.2e9);
  await until(async () => ran);
});

test('an outcome that is no JSON fails the attempt instead of hanging', async () => {
  const jobs = open(new MemoryKeyValueStore());
  jobs.work('q', 1, async () => ({ big: 1n }));
  const { id } = await jobs.add('q', 'n', 0, { maxAttempts: 1 });
  await until(async () => (await jobs.get(id))?.state === 'failed');
  assert.match(String((await jobs.get(id))?.outcome), /BigInt/);
});

test('a job handed out does not change afterwards', async () => {
  const jobs = open(new MemoryKeyValueStore());
  const added = await jobs.add('q', 'n', { list: [1] });
  jobs.work('q', 1, async ({ job }) => (job.input as { list: number[] }).list.push(2));
  await until(async () => (await jobs.get(added.id))?.state === 'completed');
  assert.equal(added.state, 'waiting');
  assert.throws(() => jobs.work('q', 0, async () => 0), { code: 'INVALID_ARGUMENT' });
  await assert.rejects(jobs.add('q', 'n', 0, { maxAttempts: 0 }), { code: 'INVALID_ARGUMENT' });
});

test('the wait before a retry doubles', async () => {
  const clock = new VirtualClock();
  const jobs = open(new MemoryKeyValueStore(), 3, clock);
  const startsMs: number[] = [];
  jobs.work('q', 1, async () => {
    startsMs.push(clock.nowMs());
    throw new Error('never works');
  });
  const { id } = await jobs.add('q', 'n', 0, { maxAttempts: 4, backoffMs: 100 });
  await until(async () => {
    clock.advance(10e6);
    return (await jobs.get(id))?.state === 'failed';
  });
  const waitsMs = startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] as number));
  assert.deepEqual(
    waitsMs.map((waitMs) => Math.floor(waitMs / 100)),
    [1, 2, 4],
  );
});
