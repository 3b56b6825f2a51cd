// A private folder for one test, gone when the test is.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Cleanup {
  after(action: () => Promise<void>): void;
}

/** @param test the test's context; the folder is removed after it. */
export async function temporaryFolder(test: Cleanup): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ndts-test-'));
  test.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** For a harness that cleans up by itself. */
export async function makeFolder(): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'ndts-test-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
