// The suites of `npm test`, in the order they begin and are reported: what is quick and finds most
// comes first. A later part adds a line. Four run at a time, so none counts on being alone; one
// that must not begin before another has ended names it as `after`. `needs` names system packages
// without which a suite is skipped where skipping is allowed; `limitSeconds` is for a suite that
// hangs, not for one that is slow.

import { join } from 'node:path';
import { fuzzTargets, runFuzzTargets } from '../fuzz.mjs';
import { inModules, root } from '../lib/root.mjs';
import { runProcess } from '../lib/run-process.mjs';
import { buildEngine, runEngineTests, withEngineBuild } from './engine.mjs';
import { findTests, findToolTests, runNodeTests } from './node-tests.mjs';
import { addResults, failedOne, passedOne, readBenchLines, resultOfCommand } from './results.mjs';

/** @typedef {{ limitSeconds: number, countsFolder?: string, coverage?: boolean }} SuiteContext
 *  @typedef {{ name: string, needs?: string[], limitSeconds: number, optional?: boolean,
 *   after?: string,
 *   run: (context: SuiteContext) => Promise<import('./results.mjs').SuiteResult> }} Suite */

async function check(name, args, limitSeconds) {
  return resultOfCommand(
    name,
    await runProcess(process.execPath, args, { cwd: root, limitSeconds }),
  );
}

function tool(name, ...args) {
  return ({ limitSeconds }) =>
    check(name, [join(root, 'tools', `${name}.mjs`), ...args], limitSeconds);
}

async function formatAndLint({ limitSeconds }) {
  const biome = [
    inModules('@biomejs/biome/bin/biome'),
    'check',
    '--colors=off',
    '--error-on-warnings',
    '--max-diagnostics=60',
    '.',
  ];
  const oxlint = [inModules('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings'];
  return addResults([
    await check('biome', biome, limitSeconds),
    await check('oxlint', oxlint, limitSeconds),
  ]);
}

function nodeSuite(name, options = {}) {
  return (context) => runNodeTests(findTests(name), { ...options, ...context });
}

async function benches({ limitSeconds }) {
  const args = [join(root, 'test/dist/bench/main.js'), '--smoke', '--json'];
  const run = await runProcess(process.execPath, args, { cwd: root, limitSeconds });
  const lines = readBenchLines(run.stdout);
  if (run.code === 0 || lines.failed > 0) return lines;
  return addResults([lines, resultOfCommand('the bench runner', run)]);
}

/** Seconds for each target: enough to see that it runs and finds what is plain. */
const fuzzSeconds = 1;

async function fuzz() {
  const names = fuzzTargets();
  const problem = await buildEngine('checked', names);
  if (problem !== '') return failedOne(problem);
  const results = await runFuzzTargets(names, fuzzSeconds);
  return addResults(
    results.map((one) => (one.problem === '' ? passedOne() : failedOne(one.problem))),
  );
}

const compiler = ['g++', 'cmake', 'ninja-build', 'libgtest-dev'];
const checker = ['clang', 'libclang-rt-dev', 'llvm', 'cmake', 'ninja-build', 'libgtest-dev'];

/** @type {readonly Suite[]} */
export const suites = [
  { name: 'generated', limitSeconds: 400, run: tool('generate', '--check') },
  { name: 'lint', limitSeconds: 400, run: formatAndLint },
  { name: 'layers', limitSeconds: 400, run: tool('layers') },
  { name: 'tidy', limitSeconds: 400, run: tool('tidy') },
  { name: 'docs', limitSeconds: 400, run: tool('docs') },
  {
    name: 'tools',
    limitSeconds: 400,
    run: ({ limitSeconds }) => runNodeTests(findToolTests(), { limitSeconds }),
  },
  {
    name: 'engine',
    needs: checker,
    limitSeconds: 1500,
    run: ({ limitSeconds, coverage }) =>
      runEngineTests(coverage ? 'counted' : 'checked', { limitSeconds }),
  },
  {
    name: 'fuzz',
    needs: checker,
    after: 'engine',
    limitSeconds: 900,
    run: () => withEngineBuild('checked', fuzz),
  },
  {
    name: 'engine-tsan',
    needs: compiler,
    after: 'engine',
    limitSeconds: 1500,
    run: ({ limitSeconds }) => runEngineTests('tsan', { limitSeconds }),
  },
  { name: 'unit', limitSeconds: 1500, run: nodeSuite('unit', { filesPerProcess: 8 }) },
  { name: 'golden', limitSeconds: 900, optional: true, run: nodeSuite('golden') },
  {
    name: 'conformance',
    limitSeconds: 900,
    run: nodeSuite('conformance', { filesPerProcess: 4 }),
  },
  { name: 'sim', limitSeconds: 900, optional: true, run: nodeSuite('sim') },
  {
    name: 'clients',
    needs: ['postgresql-client'],
    limitSeconds: 900,
    run: nodeSuite('clients', { concurrency: 1 }),
  },
  { name: 'crash', limitSeconds: 1200, run: nodeSuite('crash', { concurrency: 1 }) },
  {
    name: 'cluster',
    limitSeconds: 600,
    optional: true,
    run: nodeSuite('cluster', { concurrency: 1 }),
  },
  {
    name: 'e2e',
    needs: ['chromium'],
    limitSeconds: 900,
    run: nodeSuite('e2e', { concurrency: 1 }),
  },
  { name: 'bench-small', limitSeconds: 600, run: benches },
];

/** Suites of folders that hold no tests yet are left out; every other suite must have tests. */
export function presentSuites() {
  return suites.filter((one) => one.optional !== true || findTests(one.name).length > 0);
}

/** @returns {Suite[]} the named ones, or all; an unknown name is an error */
export function chooseSuites(names) {
  const present = presentSuites();
  const unknown = names.filter((name) => !suites.some((one) => one.name === name));
  if (unknown.length > 0) {
    const known = present.map((one) => one.name).join(', ');
    throw new RangeError(`no such suite: ${unknown.join(', ')}; there are: ${known}`);
  }
  return names.length === 0 ? present : present.filter((one) => names.includes(one.name));
}

/** A suite that throws is a failure of one, and the others still run. */
export async function runSuite(suite, context) {
  try {
    return await suite.run({ ...context, limitSeconds: suite.limitSeconds });
  } catch (error) {
    return failedOne(`${suite.name}: ${error.stack ?? String(error)}`);
  }
}
