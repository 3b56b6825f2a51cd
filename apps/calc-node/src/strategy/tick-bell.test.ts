// Strategies are woken at the bell beside the rings they read now.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRingBell } from '@ndts/storage';
import { TickBell } from './tick-bell.js';

test('the bell of the folder that is read now is rung', async (context) => {
  const bell = new TickBell();
  context.after(() => bell.close());
  for (const name of ['first', 'second', 'third']) {
    const folder = mkdtempSync(join(tmpdir(), `ndts-bell-${name}-`));
    context.after(() => rmSync(folder, { recursive: true }));
    const ring = join(folder, 'ticks-0-1.ring');
    // There is none yet.
    bell.ring(ring);
    let hear = (): void => undefined;
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    const sleeper = createRingBell(join(folder, 'ticks.bell'), hear);
    context.after(() => sleeper.close());
    sleeper.rest();
    bell.ring(ring);
    await heard;
  }
});
