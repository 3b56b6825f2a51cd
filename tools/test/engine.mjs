// Builds and runs the engine's tests, in kinds of build that live beside each other under
// packages/native/build. `checked` is clang's: AddressSanitizer, UndefinedBehaviorSanitizer and the
// fuzz targets, all from one compilation of the engine; `counted` is the same and counts the lines
// that ran, which a seventh of its compilation goes into. `tsan` is gcc's, of the test files that
// start threads.

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { arch, availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { runProcess } from '../lib/run-process.mjs';
import { takeLock } from '../setup/lock.mjs';
import { addResults, failedOne, lastLines, readGoogleTest } from './results.mjs';

const native = join(root, 'packages/native');

/** Enough optimisation to run fast, enough symbols for a stack. */
const optimised = '-DCMAKE_BUILD_TYPE=None';

const isLong = process.env.NDTS_TEST_LONG === '1';

const checked = {
  flags: [
    optimised,
    '-DCMAKE_CXX_COMPILER=clang++',
    '-DCMAKE_CXX_FLAGS=-O1 -gline-tables-only',
    '-DNDTS_FUZZ=ON',
  ],
  env: {
    // Frames that are kept to find their use after the return are a quarter of the run, stacks of
    // thirty calls with every allocation a tenth: the long form has both.
    ASAN_OPTIONS: `detect_leaks=1:strict_string_checks=1:${
      isLong ? 'detect_stack_use_after_return=1' : 'malloc_context_size=8'
    }`,
    // A provider that waits for its peer spins; AServerThatStallsOrDies sees the same sooner.
    ...(isLong ? {} : { GTEST_FILTER: '-*ReadsEndWhenTheServerStops/tcpofirxm' }),
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  },
};

const plansOfOneThread =
  'ScanPlans.HaveEveryRowOnce*:ScanPlans.NewestRows*:ScanPlans.LeaveOutBlocks*';

const kinds = {
  checked,
  counted: { ...checked, flags: [...checked.flags, '-DNDTS_COVERAGE=ON'] },
  tsan: {
    // gcc warns that its ThreadSanitizer does not follow fences; the engine knows.
    flags: [optimised, '-DCMAKE_CXX_FLAGS=-O1 -g1 -Wno-error=tsan', '-DNDTS_SANITIZE=thread'],
    env: {
      TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
      // Libfabric is not compiled for it, spins, and is half of the run: in the long form. Plain
      // TCP and mapped memory go through the same code of ours. Most plans of scans are read by
      // one thread.
      ...(isLong ? {} : { GTEST_FILTER: `-*/tcpofirxm:${plansOfOneThread}` }),
    },
  },
};

/** For a compiler that hangs; a slow machine may take its time. */
const buildSecondsMax = 2400;

export function engineBuildFolder(kind) {
  return join(native, 'build', kind);
}

/**
 * One at a time for each kind of build: ninja does not share its folder.
 * @returns {Promise<string>} empty when built, else what went wrong
 */
export async function buildEngine(kind, targets) {
  const limitSeconds = buildSecondsMax;
  const folder = engineBuildFolder(kind);
  mkdirSync(folder, { recursive: true });
  const flags = ['-DNDTS_TESTS=ON', '-DNDTS_UNITY=ON', ...kinds[kind].flags];
  const configure = ['-S', native, '-B', folder, '-G', 'Ninja', ...flags];
  const configured = await runProcess('cmake', configure, { limitSeconds });
  if (configured.code !== 0) return `cmake failed\n${lastLines(configured.output, 40)}`;
  const jobs = String(Math.max(2, availableParallelism()));
  const args = ['-C', folder, '-j', jobs, ...targets];
  const built = await runProcess('ninja', args, { limitSeconds });
  if (built.timedOut) return 'the build was stopped at its time limit';
  return built.code === 0 ? '' : `ninja failed\n${lastLines(built.output, 60)}`;
}

function profileOf(kind, shard) {
  return join(engineBuildFolder(kind), `counts-${shard}.profraw`);
}

/** Counts of earlier runs would be added to this one's. */
function removeCounts(folder) {
  for (const name of readdirSync(folder)) if (name.endsWith('.profraw')) rmSync(join(folder, name));
}

/** Runs one shard of the tests and reads its report. */
async function runShard(kind, shard, shards, limitSeconds) {
  const folder = engineBuildFolder(kind);
  const report = join(folder, `report-${shard}.json`);
  rmSync(report, { force: true });
  const args = [`--gtest_output=json:${report}`, '--gtest_brief=1'];
  const env = {
    ...kinds[kind].env,
    GTEST_TOTAL_SHARDS: String(shards),
    GTEST_SHARD_INDEX: String(shard),
    LLVM_PROFILE_FILE: profileOf(kind, shard),
  };
  const binary = join(folder, 'engine_tests');
  const options = { env, limitSeconds, cwd: folder };
  let run = await runProcess(binary, args, options);
  // ThreadSanitizer of this age does not start where addresses are spread very widely.
  if (run.code !== 0 && run.output.includes('unexpected memory mapping'))
    run = await runProcess(
      'setarch',
      [arch() === 'x64' ? 'x86_64' : arch(), '-R', binary, ...args],
      options,
    );
  let result;
  try {
    result = readGoogleTest(readFileSync(report, 'utf8'));
  } catch {
    const how = run.timedOut ? 'was stopped at its time limit' : 'died';
    return failedOne(
      `engine_tests (${kind}, shard ${shard}) ${how}, code ${run.code} ${run.signal ?? ''}\n` +
        lastLines(run.output, 120),
    );
  }
  // A sanitizer may find something at exit, after every test has passed.
  if (run.code !== 0 && result.failed === 0) {
    result.failed += 1;
    result.detail += `engine_tests (${kind}) ended with code ${run.code}\n`;
  }
  if (result.failed > 0) result.detail += lastLines(run.output, 80);
  return result;
}

async function buildAndRun(kind, { limitSeconds }) {
  const problem = await buildEngine(kind, ['engine_tests']);
  if (problem !== '') return failedOne(problem);
  removeCounts(engineBuildFolder(kind));
  // Many more than run at once: the last to end is not far behind the others.
  const atOnce = Math.min(8, availableParallelism() + 1);
  const shards = 6 * atOnce;
  const results = [];
  let next = 0;
  const runs = Array.from({ length: atOnce }, async () => {
    while (next < shards) results.push(await runShard(kind, next++, shards, limitSeconds));
  });
  await Promise.all(runs);
  const result = addResults(results);
  if (result.passed + result.failed + result.skipped === 0)
    return failedOne('the engine has no tests');
  return result;
}

/** Holds the folder of a kind of build while `work` runs. */
export async function withEngineBuild(kind, work) {
  const release = await takeLock(join(root, '.setup', `engine-${kind}.lock`));
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
  }
}

/**
 * @param {'checked' | 'counted' | 'tsan'} kind
 * @param {{ limitSeconds: number }} options
 */
export function runEngineTests(kind, options) {
  return withEngineBuild(kind, () => buildAndRun(kind, options));
}
