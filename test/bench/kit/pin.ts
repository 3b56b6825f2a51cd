// Two processes that each have a processor of their own: this one, and one it starts. Where both go
// where they like, a percentile on few processors is the scheduler's as much as ours.

import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { BenchContext } from './bench.js';

/** Keeps this process on the first processor, for another to have the second one. @returns what
 * lets it go again; undefined: there is no taskset, or no second processor */
export function pin(): (() => void) | undefined {
  const own = (processors: string): string =>
    execFileSync('taskset', ['-cp', processors, String(process.pid)], { encoding: 'utf8' });
  try {
    execFileSync('taskset', ['-c', '1', 'true'], { stdio: 'ignore' });
    const before = /list: (\S+)/.exec(own('0'))?.[1] ?? '0-1';
    return () => void own(before);
  } catch {
    return undefined;
  }
}

/** Keeps a process that runs already, with all its threads, on the second processor. */
export function pinOther(pid: number): void {
  execFileSync('taskset', ['-acp', '1', String(pid)], { stdio: 'ignore' });
}

/** Whether a process can be told its processor here. */
export async function canPin(context: BenchContext): Promise<boolean> {
  if (availableParallelism() < 2) {
    context.say('one processor: nothing to pin to');
    return false;
  }
  const child = spawn('taskset', ['-c', '1', process.execPath, '--version'], { stdio: 'ignore' });
  const works = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
  if (!works) context.say('no taskset: no pinned figures');
  return works;
}
