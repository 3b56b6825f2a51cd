// Runs compiled tests with node --test: one report in TAP for the counts, one for people. Tests are
// found by their sources. Files of one project share processes, several each: to start one and load
// what it tests is a third of the work of all unit tests.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../lib/root.mjs';
import { listFiles, listProjects, listTests } from '../lib/projects.mjs';
import { runProcess } from '../lib/run-process.mjs';
import { failedOne, lastLines, readTap } from './results.mjs';

/** The folders of `test/` that are suites of their own; all other tests are unit tests. */
export const spanningFolders = [
  'golden',
  'conformance',
  'crash',
  'sim',
  'clients',
  'cluster',
  'e2e',
];

function suiteOf(source) {
  const [first, second] = relative(root, source).split(/[\\/]/);
  return first === 'test' && spanningFolders.includes(second) ? second : 'unit';
}

/** Compiled tests of one suite. */
export function findTests(suite) {
  return listProjects(root)
    .flatMap(listTests)
    .filter((one) => suiteOf(one.source) === suite);
}

/** The tests of the tools themselves, which are not compiled. */
export function findToolTests() {
  return listFiles(join(root, 'tools'))
    .filter((path) => path.endsWith('.test.mjs'))
    .map((path) => ({ source: path, compiled: path }));
}

/** What a file does to its process, and not only to what it made: hooks around all tests, handlers,
 * and looks at all that the process holds. Such a file has a process of its own. */
const touchesProcess = new RegExp(
  [
    String.raw`^(?:before|after)(?:Each)?\(`,
    String.raw`\bprocess\.(?:on|once|emit|exit|exitCode|chdir|umask|argv|memoryUsage|cpuUsage)\b`,
    String.raw`\bprocess\.env\b[^=\n]*[^=!]=[^=]`,
    String.raw`/proc/self|\bmock\.|\bglobalThis\b`,
  ].join('|'),
  'm',
);

/**
 * Files that are run in one process each time; those that share one are of one folder, `apps/x`.
 * @template {{ source: string, compiled: string }} T
 * @param {readonly T[]} tests
 * @returns {T[][]}
 */
export function groupTests(tests, filesMax, read = (path) => readFileSync(path, 'utf8')) {
  const groups = [];
  const shared = new Map();
  for (const one of tests) {
    if (touchesProcess.test(read(one.compiled))) {
      groups.push([one]);
      continue;
    }
    const project = relative(root, one.source).split(/[\\/]/).slice(0, 2).join('/');
    const group = shared.get(project);
    if (group !== undefined && group.length < filesMax) group.push(one);
    else shared.set(project, groups[groups.push([one]) - 1]);
  }
  return groups;
}

/** One file for each group, to be run in its place. */
function writeGroups(groups, folder) {
  return groups.map((group, index) => {
    if (group.length === 1) return group[0].compiled;
    const path = join(folder, `group-${index}.mjs`);
    const lines = group.map((one) => `import '${pathToFileURL(one.compiled)}';\n`);
    writeFileSync(path, lines.join(''));
    return path;
  });
}

/** The report for people without what passed: what failed, and what processes said as they died. */
function failures(text) {
  const lines = text.split('\n').filter((line) => !/^\s*(?:✔|ℹ|▶|﹣)/.test(line));
  return lastLines(lines.join('\n').replace(/\n{3,}/g, '\n\n'), 200);
}

/**
 * @param {readonly { source: string, compiled: string }[]} tests
 * @param {{ limitSeconds: number, countsFolder?: string, concurrency?: number,
 *   filesPerProcess?: number }} options
 *   concurrency: how many processes at a time; two on the smallest machine
 */
export async function runNodeTests(
  tests,
  { limitSeconds, countsFolder, concurrency, filesPerProcess = 1 },
) {
  if (tests.length === 0) return failedOne('this suite has no tests');
  const missing = tests.filter((one) => !existsSync(one.compiled));
  if (missing.length > 0)
    return failedOne(`not compiled: ${missing.map((one) => one.source).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'ndts-report-'));
  const report = join(folder, 'report.tap');
  const args = ['--enable-source-maps', '--test'];
  const processes = concurrency ?? Math.max(2, availableParallelism() - 1);
  args.push(`--test-concurrency=${processes}`);
  args.push('--test-reporter=tap', `--test-reporter-destination=${report}`);
  args.push('--test-reporter=spec', '--test-reporter-destination=stdout');
  const files = writeGroups(groupTests(tests, filesPerProcess), folder);
  const run = await runProcess(process.execPath, [...args, ...files], {
    cwd: root,
    limitSeconds,
    // Without the mark that Node sets for its own test processes: this run stands for itself.
    env: { NODE_V8_COVERAGE: countsFolder, FORCE_COLOR: '0', NODE_TEST_CONTEXT: undefined },
  });
  const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
  rmSync(folder, { recursive: true, force: true });
  const result = readTap(text);
  if (result === undefined || run.timedOut) {
    const how = run.timedOut ? 'were stopped at their time limit' : `died with code ${run.code}`;
    return failedOne(`the tests ${how}\n${lastLines(run.output, 120)}`);
  }
  if (run.code !== 0 && result.failed === 0) result.failed = 1;
  if (result.failed > 0) result.detail = failures(run.output);
  return result;
}
