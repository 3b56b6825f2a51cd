// A private folder for one test, gone when the test is, and with it the shared memory of data
// folders that were in it: a node that was killed leaves its staging there, and the product removes
// none (docs/decisions/0004). What a killed test left is removed by the next one.
//
// Always: what is done after a test is done in the order in which it was asked for, and no more of
// it once something threw. So the folder may go while a node still writes to it, and then does not
// throw: the node would be left alive. What was left of it goes at the end of the process.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

interface Cleanup {
  after(action: () => Promise<void>): void;
}

const sharedMemory = '/dev/shm';
const prefix = 'ndts-test-';

/** @param test the test's context; the folder is removed after it. */
export async function temporaryFolder(test: Cleanup): Promise<string> {
  const { dir, remove } = await makeFolder();
  test.after(remove);
  return dir;
}

/** For a harness that cleans up by itself. */
export async function makeFolder(): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  if (folders.size === 0) process.once('exit', removeAll);
  folders.add(dir);
  const remove = (): Promise<void> =>
    rm(dir, { recursive: true, force: true }).catch(() => undefined);
  return { dir, remove };
}

/** Of this process. */
const folders = new Set<string>();

/** At the end of the process: what it started is gone by then, and writes to none of it. */
function removeAll(): void {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
  const own = `ndts-${process.getuid?.() ?? 0}-`;
  const names = existsSync(sharedMemory) ? readdirSync(sharedMemory) : [];
  for (const name of names.filter((one) => one.startsWith(own))) {
    const memory = join(sharedMemory, name);
    const folder = testFolderOf(memory);
    // One that was moved within its test's folder is still needed.
    if (folder === undefined || (existsSync(folder) && !folders.has(folder))) continue;
    rmSync(memory, { recursive: true, force: true });
  }
}

/** The folder of a test that this memory's data folder is in; undefined: it is in none. */
function testFolderOf(memory: string): string | undefined {
  let owner: string;
  try {
    [owner = ''] = readFileSync(join(memory, 'owner'), 'utf8').split('\n'); // then whose view
  } catch {
    return undefined;
  }
  const parent = join(tmpdir(), prefix);
  if (!owner.startsWith(parent)) return undefined;
  const [rest = ''] = owner.slice(parent.length).split(sep);
  return parent + rest;
}
