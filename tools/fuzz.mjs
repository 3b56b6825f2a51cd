// Builds the fuzz targets of the engine (every x_fuzz.cc, libFuzzer with AddressSanitizer) and runs
// them, as many at a time as there are processors. A crash is kept and named. They share the
// tests' checked build.
//
//   npm run fuzz -- [TARGET ...] [--seconds N]     N seconds for each target, 60 when not said
//
// What a long run has found interesting stays in build/fuzz/corpus, where the next one begins.

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './lib/root.mjs';
import { endAllOnSignals, runProcess } from './lib/run-process.mjs';
import { buildEngine, engineBuildFolder, withEngineBuild } from './test/engine.mjs';

const native = join(root, 'packages/native');
/** Where they run: what they found is kept when the engine is built anew. */
const folder = join(native, 'build/fuzz');
/** Beyond its own time a target may finish what it is in. */
const graceSeconds = 60;

/** @returns {string[]} names of the targets, from the sources */
export function fuzzTargets() {
  return readdirSync(join(native, 'engine'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('_fuzz.cc'))
    .map((path) => path.split('/').at(-1).replace('.cc', ''))
    .sort();
}

/** @returns {Promise<{ name: string, problem: string, runs: number }>} */
async function runTarget(name, seconds) {
  const corpus = join(folder, 'corpus', name);
  const crashes = join(folder, 'crashes', name);
  for (const one of [corpus, crashes]) mkdirSync(one, { recursive: true });
  const args = [
    corpus,
    `-max_total_time=${seconds}`,
    `-artifact_prefix=${crashes}/`,
    '-timeout=20',
    '-rss_limit_mb=3000',
    '-max_len=4096',
    '-print_final_stats=1',
    '-verbosity=0',
  ];
  const env = {
    ASAN_OPTIONS: 'detect_leaks=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  const options = { limitSeconds: seconds + graceSeconds, env };
  const run = await runProcess(join(engineBuildFolder('checked'), name), args, options);
  const runs = Number(/stat::number_of_executed_units:\s*(\d+)/.exec(run.output)?.[1] ?? 0);
  if (run.code === 0 && runs > 0) return { name, problem: '', runs };
  const kept = existsSync(crashes) ? readdirSync(crashes).map((file) => join(crashes, file)) : [];
  const what = run.timedOut ? 'was stopped at its time limit' : `ended with code ${run.code}`;
  const problem = `${name} ${what}; inputs kept: ${kept.join(', ')}\n${run.output.slice(-4000)}`;
  return { name, problem, runs };
}

/** Runs targets side by side; `report` is called as each ends. */
export async function runFuzzTargets(names, seconds, report = () => {}) {
  const waiting = [...names];
  const results = [];
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const result = await runTarget(name, seconds);
      results.push(result);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, worker));
  return results;
}

async function main(args) {
  const at = args.indexOf('--seconds');
  const seconds = at < 0 ? 60 : Number(args[at + 1]);
  if (!Number.isInteger(seconds) || seconds < 1)
    throw new RangeError('--seconds: expected above 0');
  const asked = at < 0 ? args : args.toSpliced(at, 2);
  const known = fuzzTargets();
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new RangeError(`no target ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  const names = asked.length > 0 ? asked : known;
  console.log(`building ${names.length} targets ...`);
  const problem = await buildEngine('checked', names);
  if (problem !== '') throw new RangeError(problem);
  const results = await runFuzzTargets(names, seconds, ({ name, problem: found, runs }) => {
    console.log(
      `${name.padEnd(18)} ${String(runs).padStart(10)} runs  ${found || 'nothing found'}`,
    );
  });
  process.exitCode = results.some((one) => one.problem !== '') ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  endAllOnSignals();
  try {
    await withEngineBuild('checked', () => main(process.argv.slice(2)));
  } catch (error) {
    console.error(error instanceof RangeError ? error.message : error);
    process.exitCode = 2;
  }
}
