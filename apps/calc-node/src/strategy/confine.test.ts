// What is taken from a process: looked at in a real one, whose `process` is more than an object.

import { deepEqual } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

test('a confined process knows no parent, signals nobody and says nothing by itself', async () => {
  const code = `
    import { confineProcess } from '${new URL('./confine.js', import.meta.url).href}';
    const channel = confineProcess(process);
    const refused = [];
    for (const what of ['kill', '_kill', 'send', 'disconnect'])
      try {
        process[what](process.pid, 0);
      } catch (error) {
        refused.push(error.code + ' ' + what);
      }
    channel.send({ ppid: process.ppid, refused });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [[said]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  const refused = ['kill', '_kill', 'send', 'disconnect'].map((what) => `FORBIDDEN ${what}`);
  deepEqual(said, { ppid: 0, refused });
});
