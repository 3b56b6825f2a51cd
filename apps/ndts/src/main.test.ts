// The command as a process: what it lists, and what it makes of a word it does not know.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = join(dirname(fileURLToPath(import.meta.url)), 'main.js');

function ndts(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

test('the help lists every command, also those loaded only when asked for', () => {
  const { status, stdout } = ndts('--help');
  assert.equal(status, 0);
  for (const name of ['up', 'status', 'retention', 'orders', 'query', 'factor', 'sweep', 'export'])
    assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
});

test('a command alone has its own help; a word that is none gets the nearest', () => {
  const alone = ndts('orders', '--help');
  assert.equal(alone.status, 0);
  assert.match(alone.stdout, /^Usage: ndts orders /m);
  const none = ndts('qury', 'SELECT 1');
  assert.notEqual(none.status, 0);
  assert.match(none.stderr, /unknown command 'qury'[\s\S]*query/);
});

test('a reader that left is no error', async () => {
  const child = spawn(process.execPath, [main, 'inspect', main], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.deepEqual([code, errors], [0, '']);
});

test('rows that a full disk does not take are an error of every command', (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-full-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'a.csv');
  writeFileSync(file, 'time,symbol,price\n2024-01-02,A,1\n');
  const folder = ['--data-dir', join(dir, 'data')];
  assert.equal(ndts('import', file, ...folder).status, 0);
  const full = openSync('/dev/full', 'w');
  context.after(() => closeSync(full));
  for (const words of [['replay'], ['query', 'SELECT 1', '--csv']]) {
    const { status, stderr } = spawnSync(process.execPath, [main, ...words, ...folder], {
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    assert.deepEqual([status, /can't be written: ENOSPC/.test(stderr)], [1, true], words[0]);
  }
});
