// Nothing of a test is left, in shared memory neither, when what it started was killed.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('killed-opener.js', import.meta.url));
const sharedMemory = '/dev/shm';

test('the memory of a killed opener goes with its folder, that of others stays', (context) => {
  // Of another test that runs: its data folder is its folder, or is in it.
  const folder = mkdtempSync(join(tmpdir(), 'ndts-test-'));
  const others = ['/nowhere/ndts-test-x', folder, `${folder}/data`].map((root, at) => {
    const other = `${sharedMemory}/ndts-${process.getuid?.() ?? 0}-other-${process.pid}-${at}`;
    mkdirSync(other);
    writeFileSync(`${other}/owner`, `${root}\nmnt:[1] 1:2\n`);
    writeFileSync(`${other}/wal_1.staging`, ''); // or the opener removes it
    return other;
  });
  context.after(() => {
    for (const dir of [...others, folder]) rmSync(dir, { recursive: true, force: true });
  });
  const output = execFileSync(process.execPath, [script], { encoding: 'utf8' });
  const { dataDir, memory } = JSON.parse(output) as { dataDir: string; memory: string[] };
  equal(memory.length, 1, 'it had some');
  ok(!existsSync(dataDir));
  deepEqual(
    readdirSync(sharedMemory).filter((name) => memory.includes(name)),
    [],
  );
  deepEqual(others.map(existsSync), [true, true, true]);
});

test('a folder that is still written to is gone with the process', () => {
  const written = fileURLToPath(new URL('written-folder.js', import.meta.url));
  const dir = execFileSync(process.execPath, [written], { encoding: 'utf8' }).trim();
  match(dir, /ndts-test-/);
  equal(existsSync(dir), false);
});
