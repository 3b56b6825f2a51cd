// kill -9, then the data folder is moved, then a start: what was accepted and never written is in
// the staging memory of the folder's old place, and is found there.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunningPlatform } from '../kit/running-platform.js';

async function acceptedOf(platform: RunningPlatform): Promise<number> {
  for (;;) {
    const status = (await platform.get('/api/status')) as {
      watermarks: { accepted: number } | null;
    };
    if (status.watermarks !== null) return status.watermarks.accepted;
    await sleep(20);
  }
}

test('kill -9, move the folder, start: every accepted tick is there', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-moved-'));
  try {
    // So long between commits that what was accepted stands in staging alone.
    const slow = { 'storage.commitIntervalMs': 10_000, 'feed.ticksPerSecond': 5000 };
    const first = await RunningPlatform.start({ dataDir: join(dir, 'data'), keys: slow });
    let before = 0;
    while (before < 1000) {
      before = await acceptedOf(first);
      await sleep(20);
    }
    const oldMemory = first.run.memory;
    await first.kill();
    renameSync(join(dir, 'data'), join(dir, 'moved'));
    const keys = { 'feed.ticksPerSecond': 0 };
    const second = await RunningPlatform.start({ dataDir: join(dir, 'moved'), keys });
    assert.ok((await acceptedOf(second)) >= before, second.output);
    assert.equal(await second.stop(), 0, second.output);
    assert.notEqual(second.run.memory, oldMemory);
    assert.match(readFileSync(join(dir, 'moved', 'ID'), 'utf8'), /^[0-9a-f]{16}\n$/);
    rmSync(oldMemory, { recursive: true, force: true });
    rmSync(second.run.memory, { recursive: true, force: true });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
