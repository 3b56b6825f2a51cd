// What can be wrong at a start: one clear line on standard error, exit code 1, and nothing lost.
// Read-only and full disks are real file systems, mounted in a namespace of the test's own.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RunningPlatform } from '../kit/running-platform.js';

const command = join(dirname(fileURLToPath(import.meta.url)), '../../../apps/ndts/dist/main.js');
const environment = { PATH: process.env['PATH'] ?? '' };
/** Only ends what hangs. */
const endLimitMs = 300_000;

interface Ended {
  readonly code: number | null;
  readonly errors: string;
}

function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    let errors = '';
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), endLimitMs);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(limit);
      resolve({ code, errors });
    });
  });
}

function up(dataDir: string, ...flags: string[]): Promise<Ended> {
  const port = flags.some((flag) => flag.startsWith('--control.port')) ? [] : ['--control.port=0'];
  return run(process.execPath, [command, 'up', '--data-dir', dataDir, ...port, ...flags]);
}

function assertOneLine(ended: Ended, pattern: RegExp): void {
  assert.match(ended.errors, pattern);
  assert.equal(ended.errors.trimEnd().split('\n').length, 1, `one line: ${ended.errors}`);
  assert.equal(ended.code, 1);
}

async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-start-'));
  try {
    await action(dir);
  } finally {
    // Shared memory of nodes that were killed goes with the next start of any node.
    rmSync(dir, { recursive: true, force: true });
  }
}

test('a wrong value names key, what is expected and what was found', () =>
  withDir(async (dir) => {
    const data = join(dir, 'data');
    const ended = await up(data, '--feed.ticksPerSecond=many');
    assertOneLine(ended, /^CONFIG_INVALID_VALUE: .*feed\.ticksPerSecond.*many/);
    assertOneLine(
      await up(data, '--cluster.shards=12'),
      /^CONFIG_INVALID_VALUE: .*cluster\.shards/,
    );
  }));

test('a strategy that is not there is named', () =>
  withDir(async (dir) => {
    const missing = join(dir, 'missing.mjs');
    const ended = await up(join(dir, 'data'), `--strategy.list=${missing}`);
    assertOneLine(ended, /^CONFIG_INVALID_VALUE: strategy\.list: .*bollinger.*missing\.mjs/);
  }));

test('a key given twice is refused', () =>
  withDir(async (dir) => {
    const ended = await up(join(dir, 'data'), '--feed.symbols=5', '--feed.symbols=7');
    assertOneLine(ended, /^CONFIG_INVALID_VALUE: --feed\.symbols is given twice/);
  }));

test('an unknown key is refused with the nearest known one', () =>
  withDir(async (dir) => {
    const ended = await up(join(dir, 'data'), '--feed.tickPerSecond=1');
    assertOneLine(ended, /^CONFIG_UNKNOWN_KEY: .*feed\.tickPerSecond.*feed\.ticksPerSecond/);
  }));

test('a port in use is named', () =>
  withDir(async (dir) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      const ended = await up(join(dir, 'data'), `--control.port=${address.port}`);
      assertOneLine(ended, new RegExp(`^PORT_IN_USE: .*${address.port}`));
    } finally {
      server.close();
    }
  }));

test('a folder in use is LOCKED and the node that has it goes on', () =>
  withDir(async (dir) => {
    const data = join(dir, 'data');
    const keys = { 'feed.ticksPerSecond': 1000, 'strategy.list': '' };
    const platform = await RunningPlatform.start({ dataDir: data, keys });
    try {
      assertOneLine(await up(data), /^LOCKED: /);
      await platform.get('/api/status');
      assert.ok(!platform.ended);
    } finally {
      assert.equal(await platform.stop(), 0, platform.output);
    }
  }));

test('a folder of a newer version, and a file in its place', () =>
  withDir(async (dir) => {
    const data = join(dir, 'newer');
    mkdirSync(data);
    writeFileSync(join(data, 'VERSION'), '99\n');
    assertOneLine(await up(data), /^VERSION_TOO_NEW: .*99/);
    writeFileSync(join(dir, 'file'), '');
    assertOneLine(await up(join(dir, 'file')), /^INVALID_ARGUMENT: .*expected a folder/);
  }));

/** Runs a shell script as root of a namespace of its own, where it may mount. UP starts a node;
 * one in the background is ended with the script. */
function inNamespace(dir: string, script: string): Promise<Ended> {
  const node = `"${process.execPath}" "${command}" up --data-dir "${dir}/disk/data"`;
  const small = '--storage.stagingBytes=4194304 --storage.walFileBytes=4194304';
  const quiet = `--control.port=0 --feed.ticksPerSecond=1000 --strategy.list= ${small}`;
  const up = `${node} ${quiet}`;
  const trap = `trap 'test -z "$pid" || kill -9 $pid 2>/dev/null || true' EXIT`;
  const body = `set -e; pid=; ${trap}; mkdir -p "${dir}/disk"; ${script.replace(/\bUP\b/g, up)}`;
  return run('unshare', ['-rm', 'sh', '-c', body]);
}

const mayMount = spawnSync('unshare', ['-rm', 'true']).status === 0;
const needsMount = mayMount ? {} : { skip: 'user namespaces are not permitted here' };

test('a read-only folder', needsMount, () =>
  withDir(async (dir) => {
    const script = `mount -t tmpfs -o size=64m none "${dir}/disk"; mkdir "${dir}/disk/data"
      mount -o remount,ro "${dir}/disk"; UP`;
    assertOneLine(await inNamespace(dir, script), /^READ_ONLY: /);
  }),
);

test('a full disk', needsMount, () =>
  withDir(async (dir) => {
    const script = `mount -t tmpfs -o size=1m none "${dir}/disk"; UP`;
    assertOneLine(await inNamespace(dir, script), /^DISK_FULL: /);
  }),
);

test(
  'a disk that filled up between two starts: named, and all is there once space is back',
  needsMount,
  () =>
    withDir(async (dir) => {
      const ask = `"${process.execPath}" "${command}" status --json`;
      const accepted = `${ask} --data-dir "${dir}/disk/data"`;
      const taken = `${accepted} | sed 's/.*"accepted":\\([0-9]*\\),"durable".*/\\1/'`;
      // To ask costs a process: only when the node says where to ask.
      const run = `"${dir}/disk/data/run.json"`;
      const up = `while ! test -s ${run} || ! ${accepted} >/dev/null 2>&1; do sleep 0.1; done`;
      const script = `mount -t tmpfs -o size=100m none "${dir}/disk"
      UP >/dev/null & pid=$!
      ${up}
      before=0
      while test "$before" -eq 0; do before=$(${taken}); done
      kill -9 $pid; wait $pid || true
      rm -f ${run}
      # A start would take the room of a log file that was made ahead.
      rm -f "${dir}"/disk/data/*/wal/wal_next.tmp
      dd if=/dev/zero of="${dir}/disk/filler" bs=1M 2>/dev/null || true
      UP >/dev/null 2>"${dir}/first" && exit 3 || true
      grep -q '^DISK_FULL: ' "${dir}/first" || { cat "${dir}/first"; exit 4; }
      rm "${dir}/disk/filler"
      UP >/dev/null & pid=$!
      ${up}
      after=$(${taken})
      kill -INT $pid; wait $pid
      test "$after" -ge "$before"`;
      const ended = await inNamespace(dir, script);
      assert.equal(ended.code, 0, ended.errors);
    }),
);
