// A test of a killed opener as a program: prints its data folder and the memory that belonged to
// it, and ends.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpenerProcess } from './opener-process.js';
import { makeFolder } from './temporary-folder.js';

const sharedMemory = '/dev/shm';
const { dir, remove } = await makeFolder();
const dataDir = join(dir, 'data');
const opener = await OpenerProcess.start({ after: () => undefined }, dataDir);
const memory = readdirSync(sharedMemory).filter((name) => {
  try {
    return readFileSync(join(sharedMemory, name, 'owner'), 'utf8').startsWith(`${dataDir}\n`);
  } catch {
    return false;
  }
});
await opener.kill();
await remove();
console.log(JSON.stringify({ dataDir, memory }));
