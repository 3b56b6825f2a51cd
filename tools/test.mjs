// Runs the test suites, four at a time so that one that waits leaves no processor idle, and says
// in the order of their list, for each, how long it took and what passed.
// At the end: with --coverage the line coverage of our TypeScript and of the engine, what failed
// once more, then one line `N passed, N failed` (and how many were skipped, if any). Exit code 1
// when anything failed, and with CI=true also when anything was skipped. --no-coverage is what it
// does when nothing is said.
//
//   node tools/test.mjs [SUITE ...] [--coverage | --no-coverage] [--list]

import { root } from './lib/root.mjs';
import { endAllOnSignals } from './lib/run-process.mjs';
import { missingPackages } from './setup/system-packages.mjs';
import { engineCoverage } from './test/engine-coverage.mjs';
import { addResults, failedOne, lastLines, skippedOne, summaryLine } from './test/results.mjs';
import { runInLanes } from './test/lanes.mjs';
import { chooseSuites, presentSuites, runSuite } from './test/suites.mjs';
import { countsFolder, startCounts, typescriptCoverage } from './test/typescript-coverage.mjs';

/** Suites whose processes are counted for the coverage of TypeScript. */
const countedSuites = [
  'unit',
  'golden',
  'conformance',
  'sim',
  'clients',
  'crash',
  'cluster',
  'e2e',
];

/** One that builds on every processor, and three that partly wait. */
const suitesAtOnce = 4;

function readOptions(args) {
  const flags = args.filter((one) => one.startsWith('--'));
  const known = ['--coverage', '--no-coverage', '--list'];
  const unknown = flags.filter((one) => !known.includes(one));
  if (unknown.length > 0) throw new RangeError(`unknown option: ${unknown.join(', ')}`);
  return {
    names: args.filter((one) => !one.startsWith('--')),
    coverage: flags.includes('--coverage'),
    list: flags.includes('--list'),
  };
}

function printResult(suite, result, seconds) {
  const counts = summaryLine(result);
  console.log(`${suite.name.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s   ${counts}`);
  for (const reason of result.reasons ?? []) console.log(`  skipped: ${reason}`);
  if (result.failed > 0) console.log(`\n${result.detail.trimEnd()}\n`);
}

async function runOne(suite, missing, context) {
  const absent = (suite.needs ?? []).filter((name) => missing.includes(name));
  const start = performance.now();
  const result =
    absent.length > 0
      ? skippedOne(`${absent.join(', ')} is not installed`)
      : await runSuite(suite, context);
  return { result, seconds: (performance.now() - start) / 1000 };
}

function sumOf(files) {
  const covered = files.reduce((sum, one) => sum + one.covered, 0);
  const total = files.reduce((sum, one) => sum + one.total, 0);
  return { covered, total };
}

function coverageLine(name, { covered, total }) {
  const percent = total === 0 ? '-' : `${((100 * covered) / total).toFixed(1)} %`;
  return `  ${name.padEnd(22)} ${percent.padStart(8)}  ${covered} of ${total} lines`;
}

/** A table by folder: `packages/native/engine/ring`, `apps/exec-node`. */
function printCoverage(title, files, depth) {
  const groups = new Map();
  for (const one of files) {
    const parts = one.name.split('/').slice(0, -1);
    const name = parts.slice(depth === 2 ? 0 : 2, depth).join('/');
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  console.log(`line coverage of ${title}`);
  for (const [name, members] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(coverageLine(name, sumOf(members)));
  console.log(coverageLine('all', sumOf(files)));
}

/** What failed once more, after all that was said since. */
function printFailures(chosen, results) {
  for (const [index, { failed, detail }] of results.entries())
    if (failed > 0)
      console.log(`${chosen[index].name}: ${failed} failed\n${lastLines(detail, 60)}\n`);
}

/** Of suites in which something passed: one that did not even build has measured nothing. */
async function reportCoverage(chosen, results) {
  const ran = chosen.filter((_, index) => results[index].passed > 0).map((one) => one.name);
  if (ran.some((name) => countedSuites.includes(name)))
    printCoverage('TypeScript', await typescriptCoverage(), 2);
  if (ran.includes('engine')) printCoverage('the engine', await engineCoverage(), 4);
}

async function runAll(chosen, coverage) {
  const missing = missingPackages().map((one) => one.name);
  startCounts();
  const results = [];
  const begun = runInLanes(chosen, suitesAtOnce, (suite) => {
    const counted = coverage && countedSuites.includes(suite.name);
    const context = { countsFolder: counted ? countsFolder : undefined, coverage };
    return runOne(suite, missing, context);
  });
  for (const suite of chosen) {
    const { result, seconds } = await begun.get(suite);
    printResult(suite, result, seconds);
    results.push(result);
  }
  if (coverage) {
    try {
      await reportCoverage(chosen, results);
    } catch (error) {
      console.log(`coverage: ${error.stack ?? String(error)}`);
      results.push(failedOne('coverage'));
    }
  }
  printFailures(chosen, results);
  return addResults(results);
}

async function main() {
  endAllOnSignals();
  process.chdir(root);
  const options = readOptions(process.argv.slice(2));
  if (options.list) {
    for (const one of presentSuites()) console.log(one.name);
    return;
  }
  const start = performance.now();
  const sum = await runAll(chooseSuites(options.names), options.coverage);
  console.log(`all suites in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (sum.failed > 0 || (process.env.CI === 'true' && sum.skipped > 0)) process.exitCode = 1;
  console.log(summaryLine(sum));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof RangeError ? error.message : error);
  process.exitCode = 1;
}
