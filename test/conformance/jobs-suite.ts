// What every Jobs queue does: order, concurrency, retries, cancel, progress, history, and running
// again what its worker did not finish.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Job, JobContext, Jobs } from '@ndts/protocol';
import { rejectsWith } from '../kit/errors.js';
import { type Within, within } from '../kit/harness.js';
import { until } from '../kit/passing-time.js';

export interface JobsHarness {
  readonly jobs: Jobs;
  /** Lets time pass for back-off. */
  readonly elapse: (ms: number) => Promise<void>;
  /** The process is killed: its handlers go silent, and a new one opens the same queues. */
  crash(): Promise<Jobs>;
  close(): Promise<void>;
}

export function jobsSuite(name: string, makeHarness: () => Promise<JobsHarness>): void {
  const withJobs = within(makeHarness);
  runTests(name, withJobs);
  lookTests(name, withJobs);
  retryTests(name, withJobs);
  cancelTests(name, withJobs);
  crashTests(name, withJobs);
}

const finals = ['completed', 'failed', 'canceled'];

async function finished(jobs: Jobs, id: string): Promise<Job> {
  await until(async () => finals.includes((await jobs.get(id))?.state ?? ''));
  return (await jobs.get(id)) as Job;
}

function runTests(name: string, withJobs: Within<JobsHarness>): void {
  describe(`Jobs: ${name}`, () => {
    it('runs a job and keeps its outcome', () =>
      withJobs(async ({ jobs }) => {
        const added = await jobs.add('backtest', 'bollinger', { period: 20 });
        assert.equal(added.state, 'waiting');
        assert.equal(added.attempts, 0);
        jobs.work('backtest', 1, async ({ job }) => ({ doubled: periodOf(job) * 2 }));
        const job = await finished(jobs, added.id);
        assert.equal(job.state, 'completed');
        assert.deepEqual(job.outcome, { doubled: 40 });
        assert.deepEqual([job.progress, job.attempts, job.name], [1, 1, 'bollinger']);
        assert.ok((job.finishedMs as number) >= job.createdMs);
      }));

    it('runs in the order of adding, queues apart', () =>
      withJobs(async ({ jobs }) => {
        const seen: string[] = [];
        const ids: string[] = [];
        for (let number = 0; number < 20; number++)
          ids.push((await jobs.add('one', `job ${number}`, number)).id);
        await jobs.add('other', 'not mine', 0);
        jobs.work('one', 1, async ({ job }) => seen.push(job.name));
        await finished(jobs, ids[19] as string);
        assert.deepEqual(
          seen,
          Array.from({ length: 20 }, (_, number) => `job ${number}`),
        );
        assert.equal((await jobs.list('other', 10))[0]?.state, 'waiting');
      }));

    it('runs as many at a time as allowed', () =>
      withJobs(async ({ jobs }) => {
        let running = 0;
        let most = 0;
        const release: (() => void)[] = [];
        jobs.work('q', 3, async () => {
          running++;
          most = Math.max(most, running);
          await new Promise<void>((resolve) => release.push(resolve));
          running--;
        });
        const ids: string[] = [];
        for (let number = 0; number < 6; number++) ids.push((await jobs.add('q', 'n', 0)).id);
        await until(() => running === 3);
        for (let done = 0; done < 6; done++) {
          await until(() => release.length > 0);
          release.shift()?.();
        }
        for (const id of ids) assert.equal((await finished(jobs, id)).state, 'completed');
        assert.equal(most, 3);
      }));
  });
}

function lookTests(name: string, withJobs: Within<JobsHarness>): void {
  describe(`Jobs looked at: ${name}`, () => {
    it('queues the same id once', () =>
      withJobs(async ({ jobs }) => {
        const first = await jobs.add('q', 'n', { v: 1 }, { id: 'once' });
        const second = await jobs.add('q', 'n', { v: 2 }, { id: 'once' });
        assert.equal(second.id, first.id);
        assert.deepEqual(second.input, { v: 1 });
        let runs = 0;
        jobs.work('q', 2, async () => runs++);
        await finished(jobs, 'once');
        const third = await jobs.add('q', 'n', { v: 3 }, { id: 'once' });
        assert.equal(third.state, 'completed');
        assert.equal(runs, 1);
        assert.equal((await jobs.list('q', 10)).length, 1);
      }));

    it('lists the newest first, up to a limit', () =>
      withJobs(async ({ jobs }) => {
        for (let number = 0; number < 5; number++) await jobs.add('q', `job ${number}`, 0);
        const names = (await jobs.list('q', 3)).map((job) => job.name);
        assert.deepEqual(names, ['job 4', 'job 3', 'job 2']);
        assert.deepEqual(await jobs.list('none', 3), []);
        assert.equal(await jobs.get('none'), undefined);
      }));

    it('shows progress while it runs', () =>
      withJobs(async ({ jobs }) => {
        let context: JobContext | undefined;
        let release: () => void = () => undefined;
        jobs.work('q', 1, async (given) => {
          context = given;
          given.progress(0.5);
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        });
        const { id } = await jobs.add('q', 'n', 0);
        await until(async () => (await jobs.get(id))?.progress === 0.5);
        assert.equal((await jobs.get(id))?.state, 'active');
        context?.progress(7);
        await until(async () => (await jobs.get(id))?.progress === 1);
        release();
        assert.equal((await finished(jobs, id)).state, 'completed');
      }));

    it('refuses everything after close; closing twice is allowed', () =>
      withJobs(async ({ jobs }) => {
        await jobs.close();
        await jobs.close();
        await rejectsWith('CLOSED', jobs.add('q', 'n', 0));
        assert.throws(() => jobs.work('q', 1, async () => 0), { code: 'CLOSED' });
      }));
  });
}

function retryTests(name: string, withJobs: Within<JobsHarness>): void {
  describe(`Jobs that fail: ${name}`, () => {
    it('tries again after a wait that doubles, until it succeeds', () =>
      withJobs(async ({ jobs, elapse }) => {
        let runs = 0;
        jobs.work('q', 1, async () => {
          if (++runs < 3) throw new Error(`failure ${runs}`);
          return 'at last';
        });
        const { id } = await jobs.add('q', 'n', 0, { maxAttempts: 5, backoffMs: 400 });
        await until(async () => (await jobs.get(id))?.outcome !== undefined);
        assert.equal(runs, 1);
        assert.match(String((await jobs.get(id))?.outcome), /failure 1/);
        await elapse(500);
        await until(() => runs === 2);
        await elapse(900);
        const job = await finished(jobs, id);
        assert.deepEqual([job.state, job.attempts, job.outcome], ['completed', 3, 'at last']);
      }));

    it('fails when the attempts are used up, and says why', () =>
      withJobs(async ({ jobs, elapse }) => {
        jobs.work('q', 1, async () => {
          throw new Error('never works');
        });
        const { id } = await jobs.add('q', 'n', 0, { maxAttempts: 2, backoffMs: 100 });
        await until(async () => (await jobs.get(id))?.attempts === 1);
        await elapse(300);
        const job = await finished(jobs, id);
        assert.deepEqual([job.state, job.attempts], ['failed', 2]);
        assert.match(String(job.outcome), /never works/);
      }));

    it('does not let a waiting retry hold up the others', () =>
      withJobs(async ({ jobs }) => {
        jobs.work('q', 1, async ({ job }) => {
          if (job.name === 'bad') throw new Error('bad');
          return 'ok';
        });
        await jobs.add('q', 'bad', 0, { maxAttempts: 2, backoffMs: 60_000 });
        const good = await jobs.add('q', 'good', 0);
        assert.equal((await finished(jobs, good.id)).state, 'completed');
      }));
  });
}

function cancelTests(name: string, withJobs: Within<JobsHarness>): void {
  describe(`Jobs that are canceled: ${name}`, () => {
    it('never runs a waiting one', () =>
      withJobs(async ({ jobs }) => {
        const { id } = await jobs.add('q', 'n', 0);
        assert.equal(await jobs.cancel(id), true);
        assert.equal(await jobs.cancel(id), false);
        assert.equal(await jobs.cancel('none'), false);
        let runs = 0;
        jobs.work('q', 1, async () => runs++);
        const next = await jobs.add('q', 'n', 0);
        await finished(jobs, next.id);
        assert.equal(runs, 1);
        assert.equal((await jobs.get(id))?.state, 'canceled');
      }));

    it('tells a running one, and keeps it canceled whatever it returns', () =>
      withJobs(async ({ jobs }) => {
        let started = false;
        jobs.work('q', 1, async ({ signal, job }) => {
          if (job.name === 'next') return 'ran';
          started = true;
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          return 'too late';
        });
        const { id } = await jobs.add('q', 'n', 0);
        await until(() => started);
        assert.equal(await jobs.cancel(id), true);
        const next = await jobs.add('q', 'next', 0);
        assert.equal((await finished(jobs, next.id)).outcome, 'ran');
        assert.equal((await jobs.get(id))?.state, 'canceled');
      }));
  });
}

function crashTests(name: string, withJobs: Within<JobsHarness>): void {
  describe(`Jobs across a restart: ${name}`, () => {
    it('keeps what waits and what is done', () =>
      withJobs(async (harness) => {
        const stop = harness.jobs.work('q', 1, async () => 'done');
        const done = await harness.jobs.add('q', 'done', 0);
        await finished(harness.jobs, done.id);
        await stop();
        const waiting = await harness.jobs.add('q', 'waiting', 0);
        const jobs = await harness.crash();
        assert.equal((await jobs.get(done.id))?.outcome, 'done');
        assert.equal((await jobs.get(waiting.id))?.state, 'waiting');
        jobs.work('q', 1, async () => 'later');
        assert.equal((await finished(jobs, waiting.id)).outcome, 'later');
      }));

    it('runs again what was active, counting the attempt', () =>
      withJobs(async (harness) => {
        let started = 0;
        harness.jobs.work('q', 2, () => {
          started++;
          return new Promise(() => undefined);
        });
        const patient = await harness.jobs.add('q', 'patient', 0, { maxAttempts: 2 });
        const single = await harness.jobs.add('q', 'single', 0, { maxAttempts: 1 });
        await until(() => started === 2);
        const jobs = await harness.crash();
        jobs.work('q', 1, async () => 'second time');
        const job = await finished(jobs, patient.id);
        assert.deepEqual([job.state, job.attempts], ['completed', 2]);
        const failed = await finished(jobs, single.id);
        assert.deepEqual([failed.state, failed.attempts], ['failed', 1]);
      }));

    it('stops its workers: the signal aborts, the attempt is not counted', () =>
      withJobs(async ({ jobs }) => {
        let started = false;
        const stop = jobs.work('q', 1, async ({ signal }) => {
          started = true;
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('shutting down')));
          });
        });
        const { id } = await jobs.add('q', 'n', 0, { maxAttempts: 1 });
        await until(() => started);
        await stop();
        const job = await jobs.get(id);
        assert.deepEqual([job?.state, job?.attempts], ['waiting', 0]);
        jobs.work('q', 1, async () => 'by another worker');
        assert.equal((await finished(jobs, id)).state, 'completed');
      }));
  });
}

function periodOf(job: Job): number {
  return (job.input as { period: number }).period;
}
