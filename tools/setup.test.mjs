// The steps of the set-up that decide something, each seen deciding both ways.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { removeGhosts } from './lib/projects.mjs';
import { missingPlatforms, platformOf } from './lock-platforms.mjs';
import { root } from './lib/root.mjs';
import { runProcess } from './lib/run-process.mjs';
import { makeTree } from './lib/test-tree.mjs';
import { isAtLeast } from './setup.mjs';
import { takeLock } from './setup/lock.mjs';
import { installNpmPackages, sameAsLock } from './setup/npm-packages.mjs';
import { missingMessage, missingPackages } from './setup/system-packages.mjs';

test('versions of Node', () => {
  assert.equal(isAtLeast('20.19.0', '20.19'), true);
  assert.equal(isAtLeast('24.1.0', '20.19'), true);
  assert.equal(isAtLeast('20.9.5', '20.19'), false);
  assert.equal(isAtLeast('18.20.0', '20.19'), false);
});

test('system packages: found on PATH or as a file, told with the exact line', (context) => {
  const folder = makeTree(context, { 'bin/there': '', 'a.h': '' });
  const table = [
    { name: 'node-package', command: 'node', for: 'build', why: 'runs' },
    { name: 'not-executable', command: 'there', for: 'build', why: 'runs' },
    { name: 'header', file: join(folder, 'a.h'), for: 'tests', why: 'is read' },
    { name: 'no-header', file: join(folder, 'b.h'), for: 'tests', why: 'is read' },
  ];
  const path = `${join(folder, 'bin')}:${join(process.execPath, '..')}`;
  const missing = missingPackages(table, path);
  assert.deepEqual(
    missing.map((one) => one.name),
    ['not-executable', 'no-header'],
  );
  const line = /apt-get install -y --no-install-recommends not-executable no-header$/;
  assert.match(missingMessage(missing, true), line);
  assert.match(missingMessage(missing, false), /names of Debian/);
});

const lock = {
  packages: {
    '': { name: 'root' },
    'packages/a': { version: '0.1.0', dependencies: { pino: '1.0.0' } },
    'node_modules/@ndts/a': { link: true },
    'node_modules/pino': { version: '1.0.0' },
    'node_modules/other-platform': { version: '1.0.0', optional: true },
  },
};

function installed(change = {}) {
  const { 'node_modules/other-platform': _, '': __, ...packages } = lock.packages;
  return { packages: { ...packages, ...change } };
}

test("npm's own record of the install is compared with the lockfile", () => {
  assert.equal(sameAsLock(lock, installed()), true);
  assert.equal(sameAsLock(lock, installed({ 'node_modules/pino': { version: '1.0.1' } })), false);
  assert.equal(sameAsLock(lock, installed({ 'node_modules/pino': undefined })), false);
  const other = { version: '0.1.0', dependencies: { pino: '2.0.0' } };
  assert.equal(sameAsLock(lock, installed({ 'packages/a': other })), false);
});

test('the lockfile names the builds of every platform, or npm ci refuses it', () => {
  const committed = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  assert.deepEqual(Object.keys(missingPlatforms(committed)), [], 'run tools/lock-platforms.mjs');
});

test('builds of other platforms are added with the platform their name says', () => {
  const optionalDependencies = { '@x/y-linux-arm64-musl': '1.0.0', '@x/y-linux-x64': '1.0.0' };
  const packages = {
    'node_modules/y': { version: '1.0.0', dev: true, optionalDependencies },
    'node_modules/@x/y-linux-x64': { version: '1.0.0' },
  };
  const entry = { version: '1.0.0', cpu: ['arm64'], optional: true, os: ['linux'], libc: ['musl'] };
  assert.deepEqual(missingPlatforms({ packages }), {
    'node_modules/@x/y-linux-arm64-musl': { ...entry, dev: true },
  });
  assert.deepEqual(platformOf('@x/y-win32-ia32-msvc'), { os: ['win32'], cpu: ['ia32'] });
  assert.equal(platformOf('bufferutil'), undefined);
});

test('npm ci runs when the lockfile changed, and a failure is one message', async (context) => {
  const folder = makeTree(context, {
    'package.json': { name: 'x', version: '1.0.0' },
    'package-lock.json': { name: 'x', version: '1.0.0', lockfileVersion: 3, packages: {} },
    'node_modules/.package-lock.json': { packages: {} },
  });
  const said = [];
  const install = () => installNpmPackages(folder, (text) => said.push(text));
  assert.equal(await install(), '');
  assert.deepEqual(said, []);
  // Two files that contradict each other: npm refuses before it asks a registry.
  writeFileSync(join(folder, 'package.json'), '{"name": "x", "dependencies": {"y": "1.0.0"}}');
  writeFileSync(join(folder, 'package-lock.json'), '{"lockfileVersion": 3, "packages": {"": {}}}');
  rmSync(join(folder, 'node_modules/.package-lock.json'));
  assert.match(await install(), /^npm ci failed \(code/);
  assert.deepEqual(said, ['installing npm packages (npm ci) ...']);
});

test('compiled files go with their source', (context) => {
  const folder = makeTree(context, {
    'src/kept.ts': '',
    'dist/kept.js': '',
    'dist/kept.js.map': '',
    'dist/gone.test.js': '',
    'dist/gone.test.js.map': '',
    'dist/gone.test.d.ts': '',
    'dist/asset.css': '',
  });
  const project = { sources: join(folder, 'src'), compiled: join(folder, 'dist') };
  assert.equal(removeGhosts(project), 1);
  assert.equal(existsSync(join(folder, 'dist/gone.test.js')), false);
  assert.equal(existsSync(join(folder, 'dist/gone.test.d.ts')), false);
  assert.equal(existsSync(join(folder, 'dist/kept.js')), true);
  assert.equal(existsSync(join(folder, 'dist/asset.css')), true);
});

test('the lock: one at a time, in turn', async (context) => {
  const path = join(makeTree(context, {}), 'lock');
  const release = await takeLock(path);
  assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid} `));
  const waited = [];
  const order = [];
  const second = takeLock(path, (pid) => waited.push(pid)).then((give) => {
    order.push('second');
    give();
  });
  await new Promise((resolve) => setTimeout(resolve, 250));
  order.push('first');
  release();
  await second;
  assert.deepEqual(order, ['first', 'second']);
  assert.deepEqual(waited, [String(process.pid)]);
  assert.equal(existsSync(path), false);
});

test('the lock: what a dead process left is taken over, by one of many', async (context) => {
  const path = join(makeTree(context, {}), 'lock');
  const dead = await runProcess(process.execPath, ['-e', 'console.log(process.pid)']);
  writeFileSync(path, `${dead.stdout.trim()} 12345`);
  let holders = 0;
  const take = async () => {
    const release = await takeLock(path);
    holders += 1;
    assert.equal(holders, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    holders -= 1;
    release();
  };
  await Promise.all([take(), take(), take(), take()]);
});

test('the lock: a process id given to another process does not hold it', async (context) => {
  const path = join(makeTree(context, {}), 'lock');
  writeFileSync(path, `${process.pid} 1`);
  (await takeLock(path))();
});

test('the lock: an empty file is somebody about to write, unless it is old', async (context) => {
  const path = join(makeTree(context, { lock: '' }), 'lock');
  utimesSync(path, 1, 1);
  (await takeLock(path))();
});
