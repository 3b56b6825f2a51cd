// What killed processes left is removed by the next one, but only where it knows who is alive.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { makeMirrorFolder, mirrorPrefix } from './mirror-folder.js';

/** Above the greatest that Linux gives. */
const deadPid = 2 ** 22 + process.pid;

test('folders of the dead are removed, those of another PID namespace never', (context) => {
  const first = makeMirrorFolder();
  ok(basename(first).startsWith(mirrorPrefix(process.pid)));
  const named = (name: string): string => join(dirname(first), name);
  const left = named(`${mirrorPrefix(deadPid)}left`);
  const others = [
    named(`ndts-pull-1-${deadPid}-other`),
    named(`ndts-pull-${deadPid}-without`),
    named(`${mirrorPrefix(process.ppid)}alive`),
  ];
  const all = [first, left, ...others];
  context.after(() => {
    for (const dir of all) rmSync(dir, { recursive: true, force: true });
  });
  for (const dir of [left, ...others]) mkdirSync(dir);
  all.push(makeMirrorFolder());
  equal(existsSync(left), false);
  deepEqual(others.map(existsSync), [true, true, true]);
  ok(existsSync(first), 'of this process');
});
