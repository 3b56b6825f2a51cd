// The set-up step of `npm start`, `npm test` and `npm run bench`: from a fresh clone to something
// that runs. Plain Node without dependencies, because it is what installs them. Every step looks
// first and does nothing when nothing changed. What fails says so in one message; exit code 1.
//
//   node tools/setup.mjs            everything needed to run
//   node tools/setup.mjs --tests    and the system packages of the tests
//   node tools/setup.mjs --quiet    say only what takes time or fails

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inModules, root } from './lib/root.mjs';
import { listProjects, removeGhosts } from './lib/projects.mjs';
import { endAllOnSignals, runProcess } from './lib/run-process.mjs';
import { takeLock } from './setup/lock.mjs';
import { installNpmPackages } from './setup/npm-packages.mjs';
import { installPackages, missingPackages } from './setup/system-packages.mjs';

class SetupError extends Error {}

/** @returns {boolean} is `version` (like 20.19.1) at least `lowest` (like 20.19)? */
export function isAtLeast(version, lowest) {
  const have = version.split('.').map(Number);
  const want = lowest.split('.').map(Number);
  for (const [index, number] of want.entries()) {
    const own = have[index] ?? 0;
    if (own !== number) return own > number;
  }
  return true;
}

function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lowest = engines.node.replace('>=', '').trim();
  if (isAtLeast(process.versions.node, lowest)) return;
  throw new SetupError(`Node ${lowest} or newer is needed, this is ${process.versions.node}`);
}

/**
 * Packages for building must be there. Those of the tests must be there where nothing may be
 * skipped (CI=true); elsewhere the suites that need them are skipped and say why.
 */
async function checkSystemPackages(withTests, print) {
  const missing = missingPackages().filter((one) => one.for === 'build' || withTests);
  if (missing.length === 0) return;
  const { installed, message } = await installPackages(missing, print);
  if (installed && missingPackages(missing).length === 0) return;
  const needed = missing.filter((one) => one.for === 'build' || process.env.CI === 'true');
  if (missingPackages(needed).length > 0) throw new SetupError(message);
  print(`${message}\n  the test suites that need them are skipped`);
}

async function buildTypeScript() {
  const tsc = inModules('typescript/bin/tsc');
  if (!existsSync(tsc)) throw new SetupError('typescript is not installed; run: npm ci');
  for (const project of listProjects(root)) removeGhosts(project);
  const result = await runProcess(process.execPath, [tsc, '-b', '--pretty', 'false'], {
    cwd: root,
  });
  if (result.code !== 0)
    throw new SetupError(`TypeScript does not compile:\n${result.output.trim()}`);
}

/** In a process of its own, so that it can be interrupted and says that it is at work. */
async function buildNative() {
  const args = [join(root, 'tools/build-addon.mjs'), '--quiet'];
  const result = await runProcess(process.execPath, args, { cwd: root });
  if (result.code === 0) return;
  // Without the progress of cmake and ninja.
  const lines = result.output.split('\n').filter((line) => !/^(\[\d|ninja: E|-- )/.test(line));
  throw new SetupError(`the addon does not build:\n${lines.slice(0, 40).join('\n').trim()}`);
}

async function step(name, print, action) {
  const start = performance.now();
  // A step that takes a while says so while it runs, not only afterwards.
  const timer = setTimeout(() => print(`${name} ...`), 1500);
  try {
    await action();
  } finally {
    clearTimeout(timer);
  }
  const seconds = (performance.now() - start) / 1000;
  if (seconds > 1.5) print(`${name}: ${seconds.toFixed(1)} s`);
}

async function setUp(withTests, print) {
  const failure = await installNpmPackages(root, print);
  if (failure !== '') throw new SetupError(failure);
  await checkSystemPackages(withTests, print);
  await step('compiling TypeScript', print, buildTypeScript);
  await step('building the addon', print, buildNative);
}

async function main() {
  const quiet = process.argv.includes('--quiet');
  const print = (text) => console.log(`set-up: ${text}`);
  endAllOnSignals();
  let release = () => {};
  try {
    checkNode();
    release = await takeLock(join(root, '.setup/lock'), (pid) =>
      print(`waiting for the set-up of process ${pid} ...`),
    );
    process.once('exit', release);
    const start = performance.now();
    await setUp(process.argv.includes('--tests'), print);
    if (!quiet) print(`ready in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  } catch (error) {
    const known = error instanceof SetupError;
    console.error(`set-up: ${known ? error.message : (error.stack ?? String(error))}`);
    process.exitCode = 1;
  } finally {
    release();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
