// Builds and runs the engine's tests, in three kinds of build that live beside each other under
// packages/native/build: `coverage` (the plain run, instrumented), `asan` and `tsan`.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { arch, availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { runProcess } from '../lib/run-process.mjs';
import { takeLock } from '../setup/lock.mjs';
import { addResults, failedOne, lastLines, readGoogleTest } from './results.mjs';

const native = join(root, 'packages/native');

/** The tests with threads in them, which ThreadSanitizer is for. */
const threaded =
  /ring|wal|commit|staging|database|\bdb|thread|concurren|progress|watermark|memtable|seq/i;

/**
 * Everything of -fsanitize=undefined but vptr, which needs the type information that the engine is
 * built without.
 */
const undefinedChecks = [
  'shift',
  'integer-divide-by-zero',
  'unreachable',
  'vla-bound',
  'null',
  'return',
  'signed-integer-overflow',
  'bounds',
  'alignment',
  'object-size',
  'nonnull-attribute',
  'returns-nonnull-attribute',
  'bool',
  'enum',
  'pointer-overflow',
  'builtin',
].join(',');

/** Sanitized builds: enough optimisation to run fast, enough symbols for a stack. */
const sanitizedType = '-DCMAKE_BUILD_TYPE=None';

const kinds = {
  coverage: { flags: ['-DNDTS_COVERAGE=ON'], env: {} },
  asan: {
    flags: [
      sanitizedType,
      '-DCMAKE_CXX_FLAGS=-O1 -g1',
      `-DNDTS_SANITIZE=address,${undefinedChecks}`,
    ],
    env: {
      ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
  },
  tsan: {
    // gcc warns that its ThreadSanitizer does not follow fences; the engine knows.
    flags: [sanitizedType, '-DCMAKE_CXX_FLAGS=-O1 -g1 -Wno-error=tsan', '-DNDTS_SANITIZE=thread'],
    env: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
  },
};

/** For a compiler that hangs; a slow machine may take its time. */
const buildSecondsMax = 2400;

export function engineBuildFolder(kind) {
  return join(native, 'build', kind);
}

/** @returns {Promise<string>} empty when built, else what went wrong */
async function build(kind) {
  const limitSeconds = buildSecondsMax;
  const folder = engineBuildFolder(kind);
  mkdirSync(folder, { recursive: true });
  const flags = ['-DNDTS_TESTS=ON', ...kinds[kind].flags];
  const configure = ['-S', native, '-B', folder, '-G', 'Ninja', ...flags];
  const configured = await runProcess('cmake', configure, { limitSeconds });
  if (configured.code !== 0) return `cmake failed\n${lastLines(configured.output, 40)}`;
  const jobs = String(Math.max(2, availableParallelism()));
  const args = ['-C', folder, '-j', jobs, 'engine_tests'];
  const built = await runProcess('ninja', args, { limitSeconds });
  if (built.timedOut) return 'the build was stopped at its time limit';
  return built.code === 0 ? '' : `ninja failed\n${lastLines(built.output, 60)}`;
}

async function listThreadedTests(binary) {
  const listed = await runProcess(binary, ['--gtest_list_tests'], { limitSeconds: 60 });
  const names = [];
  let suite = '';
  for (const line of listed.stdout.split('\n')) {
    const name = line.replace(/#.*$/, '').trim();
    if (name === '') continue;
    if (!line.startsWith(' ')) suite = name;
    else if (threaded.test(suite + name)) names.push(suite + name);
  }
  return names;
}

/** Runs one shard of the tests and reads its report. */
async function runShard(kind, filter, shard, shards, limitSeconds) {
  const folder = engineBuildFolder(kind);
  const report = join(folder, `report-${shard}.json`);
  rmSync(report, { force: true });
  const args = [`--gtest_output=json:${report}`, '--gtest_brief=1'];
  if (filter !== undefined) args.push(`--gtest_filter=${filter}`);
  const env = {
    ...kinds[kind].env,
    GTEST_TOTAL_SHARDS: String(shards),
    GTEST_SHARD_INDEX: String(shard),
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

/** Counts of earlier runs would be added to this one's. */
export function removeCounts(files) {
  for (const file of files) if (file.endsWith('.gcda')) rmSync(file, { force: true });
}

async function buildAndRun(kind, { limitSeconds, beforeRun = () => {} }) {
  const problem = await build(kind);
  if (problem !== '') return failedOne(problem);
  beforeRun();
  let filter;
  if (kind === 'tsan') {
    const names = await listThreadedTests(join(engineBuildFolder(kind), 'engine_tests'));
    if (names.length === 0) return failedOne('no test with threads was found for ThreadSanitizer');
    filter = names.join(':');
  }
  const shards = Math.min(4, Math.max(1, availableParallelism()));
  const runs = Array.from({ length: shards }, (_, shard) =>
    runShard(kind, filter, shard, shards, limitSeconds),
  );
  const result = addResults(await Promise.all(runs));
  if (result.passed + result.failed + result.skipped === 0)
    return failedOne('the engine has no tests');
  return result;
}

/**
 * One run at a time for each kind of build: ninja does not share its folder.
 * @param {'coverage' | 'asan' | 'tsan'} kind
 * @param {{ limitSeconds: number, beforeRun?: () => void }} options
 */
export async function runEngineTests(kind, options) {
  const release = await takeLock(join(root, '.setup', `engine-${kind}.lock`));
  process.once('exit', release);
  try {
    return await buildAndRun(kind, options);
  } finally {
    release();
  }
}
