// Nothing of a test is left, in shared memory neither, when what it started was killed.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('killed-opener.js', import.meta.url));
const sharedMemory = '/dev/shm';

test('the memory of a killed opener goes with its folder, that of others stays', (context) => {
  const other = `${sharedMemory}/ndts-${process.getuid?.() ?? 0}-other-${process.pid}`;
  context.after(() => rmSync(other, { recursive: true, force: true }));
  mkdirSync(other);
  writeFileSync(`${other}/owner`, '/nowhere/ndts-test-x\n');
  writeFileSync(`${other}/wal_1.staging`, ''); // or the opener removes it
  const output = execFileSync(process.execPath, [script], { encoding: 'utf8' });
  const { dataDir, memory } = JSON.parse(output) as { dataDir: string; memory: string[] };
  equal(memory.length, 1, 'it had some');
  ok(!existsSync(dataDir));
  deepEqual(
    readdirSync(sharedMemory).filter((name) => memory.includes(name)),
    [],
  );
  ok(existsSync(other));
});
