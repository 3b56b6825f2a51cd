// The folders in shared memory that mirrors of rings are in: each one puller's own, named after the
// process that made it.
//
// Always: a process judges only names of its own PID namespace. Containers may share the memory,
// and what has this number there is another process, or none.

import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sharedMemory = '/dev/shm';

/** Of the folders of a process: PID namespace, then PID. */
export function mirrorPrefix(pid: number): string {
  return `ndts-pull-${pidNamespace()}-${pid}-`;
}

/** A new one; those of processes that were killed are removed. */
export function makeMirrorFolder(): string {
  const parent = existsSync(sharedMemory) ? sharedMemory : tmpdir();
  for (const name of readdirSync(parent)) {
    const owner = Number(/^ndts-pull-\d+-(\d+)-/.exec(name)?.[1]);
    if (!(owner > 0 && name.startsWith(mirrorPrefix(owner))) || isAlive(owner)) continue;
    removeIfOurs(join(parent, name));
  }
  return mkdtempSync(join(parent, mirrorPrefix(process.pid)));
}

/** Its number; 0: a system without such. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeIfOurs(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It is somebody else's.
  }
}
