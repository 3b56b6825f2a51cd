// Numbers of a process as the system tells them now, not when its files were opened.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { ProcessFiles } from './process-files.js';

test('memory and processor time are those of now, and of one process', async () => {
  const own = new ProcessFiles(process.pid);
  const before = own.cpuMs() ?? Number.NaN;
  const resident = own.residentBytes() ?? Number.NaN;
  const block = Buffer.alloc(64 << 20, 1);
  while ((own.cpuMs() ?? Number.NaN) === before);
  assert.ok((own.cpuMs() ?? 0) > before);
  assert.ok((own.residentBytes() ?? 0) >= resident + block.length / 2);
  own.close();
  assert.equal(own.residentBytes(), undefined);
  const child = spawn('true');
  const files = new ProcessFiles(child.pid);
  files.residentBytes();
  await once(child, 'exit');
  assert.equal(files.residentBytes(), undefined);
  assert.equal(files.cpuMs(), undefined);
  files.close();
  files.close();
  assert.equal(new ProcessFiles(undefined).cpuMs(), undefined);
});
