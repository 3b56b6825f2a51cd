// The keeper of retention on a clock that is moved: it runs by itself, again and again, also after
// a run that failed, and not after it was stopped.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import { createSilentLogger, VirtualClock } from '@ndts/runtime';
import { RetentionKeeper } from './keeper.js';
import type { OldDay, Retention } from './retention.js';

const intervalMs = 1000;
const old: OldDay = { table: 'tick', day: 1, action: 'expire', segments: 1, rows: 2, bytes: 3 };

/** As far as the keeper sees it. */
class CountingRetention
  implements Pick<Retention, 'plan' | 'waiting' | 'run' | 'archived' | 'restore'>
{
  runs = 0;
  fails = false;

  plan(): OldDay[] {
    return [old];
  }

  waiting(): ReturnType<Retention['waiting']> {
    return Promise.resolve([{ table: 'tick', rows: 3, day: 1 }]);
  }

  run(done: (day: OldDay) => void = () => undefined): Promise<void> {
    this.runs += 1;
    if (this.fails) return Promise.reject(new NdtsError('DISK_FULL', 'no space'));
    done(old);
    return Promise.resolve();
  }

  archived(): ReturnType<Retention['archived']> {
    return Promise.resolve([]);
  }

  restore(table: string, day: number): ReturnType<Retention['restore']> {
    return Promise.resolve({ table, day, segments: [] });
  }
}

async function moveOn(clock: VirtualClock): Promise<void> {
  clock.advance(intervalMs * 1e6);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test('it runs again and again until it is stopped, whatever happens', async () => {
  const retention = new CountingRetention();
  const clock = new VirtualClock();
  const logger = createSilentLogger();
  const keeper = new RetentionKeeper({
    retention: retention as unknown as Retention,
    clock,
    logger,
    intervalMs,
  });
  keeper.start();
  assert.equal(retention.runs, 0);
  await moveOn(clock);
  assert.equal(retention.runs, 1);
  retention.fails = true;
  await moveOn(clock);
  retention.fails = false;
  await moveOn(clock);
  assert.equal(retention.runs, 3);
  assert.deepEqual(await keeper.run(), [
    { table: 'tick', day: '1970-01-02', action: 'expire', segments: 1, rows: 2, bytes: 3 },
  ]);
  await keeper.stop();
  await moveOn(clock);
  assert.equal(retention.runs, 4);
});

test('without an interval it only does what it is told', async () => {
  const retention = new CountingRetention();
  const clock = new VirtualClock();
  const keeper = new RetentionKeeper({
    retention: retention as unknown as Retention,
    clock,
    logger: createSilentLogger(),
    intervalMs: 0,
  });
  keeper.start();
  await moveOn(clock);
  assert.equal(retention.runs, 0);
  const view = await keeper.view();
  assert.equal(view.old[0]?.action, 'expire');
  assert.deepEqual(view.waiting, [{ table: 'tick', rows: 3, day: '1970-01-02' }]);
});
