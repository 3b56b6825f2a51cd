// `ndts bench`: runs the benchmarks of a source checkout. They live in test/bench, which nothing
// imports, so they run as a process of their own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NdtsError } from '@ndts/protocol';

const here = dirname(fileURLToPath(import.meta.url));
const runner = join(here, '../../../../test/dist/bench/main.js');

/** Resolves with the exit code of the run. */
export function bench(args: readonly string[]): Promise<number> {
  if (!existsSync(runner))
    throw new NdtsError(
      'NOT_FOUND',
      'the benchmarks are part of a source checkout (npm run setup builds them)',
    );
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [runner, ...args], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
