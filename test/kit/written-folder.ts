// A temporary folder that another process goes on writing to while it is removed. Prints the
// folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { makeFolder } from './temporary-folder.js';

const { dir, remove } = await makeFolder();
const program = `
  const { mkdirSync, writeFileSync } = require('node:fs');
  for (let row = 0; ; row += 1) {
    try {
      mkdirSync('${dir}/a/b', { recursive: true });
      writeFileSync('${dir}/a/b/c', '');
    } catch {} // removed under it: the next round makes it again
    if (row === 0) console.log('begun');
  }`;
const writer = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
process.once('exit', () => writer.kill('SIGKILL'));
await once(writer.stdout, 'data');
for (let round = 0; round < 20; round += 1) await remove();
const gone = once(writer, 'exit');
writer.kill('SIGKILL');
await gone;
console.log(dir);
