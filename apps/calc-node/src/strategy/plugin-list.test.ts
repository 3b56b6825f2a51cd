// Every way in which an entry of strategy.list can be wrong is named.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pluginsIn, resolvePlugins } from './plugin-list.js';

test('built-in names and files are found, the rest is refused by name', (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-plugins-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const good = join(dir, 'mean-reversion.mjs');
  writeFileSync(good, '');
  writeFileSync(join(dir, 'Shouts.mjs'), '');
  mkdirSync(join(dir, 'folder.mjs'));
  mkdirSync(join(dir, 'other'));
  writeFileSync(join(dir, 'other', 'mean-reversion.js'), '');
  assert.deepEqual(resolvePlugins(['bollinger', good]), [
    { name: 'bollinger', plugin: 'bollinger' },
    { name: 'mean-reversion', plugin: good },
  ]);
  const refused: readonly (readonly [string[], RegExp])[] = [
    [['bolinger'], /expected a readable file.*\(bollinger, .*\), found 'bolinger'$/],
    [['/nope.js'], /found '\/nope\.js' \(no such file\)/],
    [[join(dir, 'folder.mjs')], /folder\.mjs' \(not a file\)/],
    [[join(good, 'inside.mjs')], /inside\.mjs' \(.*ENOTDIR/],
    [[join(dir, 'Shouts.mjs')], /expected a file named with a-z.*Shouts/],
    [['npm:nobody-wrote-this'], /found 'npm:nobody-wrote-this' \(.*Cannot find/],
    [['bollinger', 'bollinger'], /'bollinger' twice/],
    [[good, join(dir, 'other', 'mean-reversion.js')], /'mean-reversion' twice/],
  ];
  for (const [list, message] of refused)
    assert.throws(() => resolvePlugins(list), { code: 'CONFIG_INVALID_VALUE', message });
});

test('what lies in a folder is found by name; tests, types and other files are not', (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-plugins-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of ['b.ts', 'a.mjs', 'a.test.ts', 'a.d.ts', 'Not.js', 'notes.md'])
    writeFileSync(join(dir, name), '');
  const found = pluginsIn(dir);
  assert.deepEqual(found, [
    { name: 'a', plugin: join(dir, 'a.mjs') },
    { name: 'b', plugin: join(dir, 'b.ts') },
  ]);
  assert.deepEqual(pluginsIn(join(dir, 'nowhere')), []);
});
