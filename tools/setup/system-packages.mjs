// The Debian packages that building and testing need, and how they get there. A later part adds a
// line to the table. A probe looks for a command on PATH or for a file: it runs nothing and costs
// nothing.

import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProcess } from '../lib/run-process.mjs';

/** @typedef {{ name: string, command?: string, file?: string, for: 'build' | 'tests',
 *   why: string }} SystemPackage */

/** @type {readonly SystemPackage[]} */
export const systemPackages = [
  { name: 'g++', command: 'g++', for: 'build', why: 'compiles the engine and the addon' },
  { name: 'cmake', command: 'cmake', for: 'build', why: 'configures the native build' },
  { name: 'ninja-build', command: 'ninja', for: 'build', why: 'runs the native build' },
  {
    name: 'libgtest-dev',
    file: '/usr/include/gtest/gtest.h',
    for: 'tests',
    why: 'the engine tests link GoogleTest',
  },
  {
    name: 'libfabric-dev',
    file: '/usr/include/rdma/fabric.h',
    for: 'tests',
    why: 'pulls through libfabric are built and tested with it',
  },
  {
    name: 'libquickfix-dev',
    file: '/usr/include/quickfix/Session.h',
    for: 'tests',
    why: 'QuickFIX is a counterparty of the FIX gateway',
  },
  { name: 'clang', command: 'clang++', for: 'tests', why: 'checks the engine' },
  {
    name: 'libclang-rt-dev',
    file: '/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux',
    for: 'tests',
    why: 'engine tests link AddressSanitizer, fuzz targets libFuzzer',
  },
  { name: 'llvm', command: 'llvm-cov', for: 'tests', why: 'counts the lines that tests ran' },
  {
    name: 'postgresql-client',
    command: 'psql',
    for: 'tests',
    why: 'psql is a client of the PostgreSQL protocol',
  },
  { name: 'chromium', command: 'chromium', for: 'tests', why: 'the dashboard is looked at in it' },
];

function onPath(command, path) {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}

/** @param {readonly SystemPackage[]} table @returns {SystemPackage[]} what is not there */
export function missingPackages(table = systemPackages, path = process.env.PATH ?? '') {
  return table.filter((one) => {
    if (one.command !== undefined) return !onPath(one.command, path);
    return !existsSync(one.file);
  });
}

/** The line a person types. */
export function installLine(packages) {
  const names = packages.map((one) => one.name).join(' ');
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names}`;
}

/** What is said when they cannot be installed from here. */
export function missingMessage(packages, hasApt) {
  const list = packages.map((one) => `${one.name} (${one.why})`).join(', ');
  if (hasApt) return `missing system packages: ${list}\n  run: ${installLine(packages)}`;
  return (
    `missing system packages: ${list}\n` +
    '  these are the names of Debian; install what your system calls them'
  );
}

/** How apt-get is started without a question being asked, or undefined where it cannot be. */
async function aptCommand() {
  if (process.getuid?.() === 0) return ['apt-get'];
  if (!onPath('sudo', process.env.PATH ?? '')) return undefined;
  const sudo = await runProcess('sudo', ['-n', 'true'], { limitSeconds: 20 });
  return sudo.code === 0 ? ['sudo', '-n', 'apt-get'] : undefined;
}

/**
 * Installs with apt-get where that works without a question.
 * @returns {Promise<{ installed: boolean, message: string }>} message says why not
 */
export async function installPackages(packages, print) {
  const hasApt = onPath('apt-get', process.env.PATH ?? '');
  const message = missingMessage(packages, hasApt);
  const apt = hasApt ? await aptCommand() : undefined;
  if (apt === undefined) return { installed: false, message };
  print(`installing ${packages.map((one) => one.name).join(', ')} with apt-get ...`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const names = packages.map((one) => one.name);
  const updated = await runProcess(apt[0], [...apt.slice(1), 'update', '-q'], { env });
  const install = ['install', '-y', '-q', '--no-install-recommends', ...names];
  const added = await runProcess(apt[0], [...apt.slice(1), ...install], { env });
  if (added.code === 0) return { installed: true, message: '' };
  const tail = (updated.code === 0 ? added : updated).output.trim().split('\n').slice(-8);
  return { installed: false, message: `apt-get failed:\n  ${tail.join('\n  ')}\n${message}` };
}
