// Builds the fuzz targets of the engine (every x_fuzz.cc, libFuzzer with AddressSanitizer) and runs
// them, as many at a time as there are processors. A crash is kept and named.
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

const native = join(root, 'packages/native');
const folder = join(native, 'build/fuzz');
const buildSecondsMax = 2400;
/** Beyond its own time a target may finish what it is in. */
const graceSeconds = 60;

/** @returns {string[]} names of the targets, from the sources */
export function fuzzTargets() {
  return readdirSync(join(native, 'engine'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('_fuzz.cc'))
    .map((path) => path.split('/').at(-1).replace('.cc', ''))
    .sort();
}

/** @returns {Promise<string>} empty when built, else what went wrong */
export async function buildFuzzTargets(names) {
  mkdirSync(folder, { recursive: true });
  const limitSeconds = buildSecondsMax;
  const options = ['-DNDTS_FUZZ=ON', '-DCMAKE_CXX_COMPILER=clang++', '-DCMAKE_BUILD_TYPE=None'];
  const flags = '-DCMAKE_CXX_FLAGS=-O1 -g1';
  const configure = ['-S', native, '-B', folder, '-G', 'Ninja', ...options, flags];
  const configured = await runProcess('cmake', configure, { limitSeconds });
  if (configured.code !== 0) return `cmake failed\n${configured.output}`;
  const jobs = String(Math.max(2, availableParallelism()));
  const built = await runProcess('ninja', ['-C', folder, '-j', jobs, ...names], { limitSeconds });
  return built.code === 0 ? '' : `ninja failed\n${built.output.slice(-6000)}`;
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
  const env = { ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' };
  const options = { limitSeconds: seconds + graceSeconds, env };
  const run = await runProcess(join(folder, name), args, options);
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
  const problem = await buildFuzzTargets(names);
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
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof RangeError ? error.message : error);
    process.exitCode = 2;
  }
}
