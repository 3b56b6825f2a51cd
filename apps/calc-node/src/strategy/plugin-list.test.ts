// Every way in which an entry of strategy.list can be wrong is named; packages are found, and a
// plugin far from the platform finds it.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadStrategy } from './load-strategy.js';
import { packageMain } from './package-main.js';
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

test('a package or a file in any folder is loaded and finds the platform', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-plugins-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const made = (name: string): string =>
    `defineStrategy({ name: '${name}', version: '1', params: {} })`;
  const modern = (name: string): string =>
    `import { defineStrategy } from '@ndts/calc-node/strategy';
     export const strategy = ${made(name)};`;
  const common = (name: string): string =>
    `const { defineStrategy } = require('@ndts/calc-node/strategy');
     exports.strategy = ${made(name)};`;
  const packages: readonly (readonly [object, string, (name: string) => string])[] = [
    [{ main: 'index.js' }, 'index.js', common],
    [{ type: 'module', exports: './main.js' }, 'main.js', modern],
    [{ type: 'module', exports: { '.': { import: './lib.js' } } }, 'lib.js', modern],
    [
      { exports: { types: './no.d.ts', node: { require: './no.cjs', default: './yes.mjs' } } },
      'yes.mjs',
      modern,
    ],
  ];
  for (const [index, [manifest, file, code]] of packages.entries()) {
    const name = `made-${index}`;
    const home = join(dir, 'node_modules', '@us', name);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name, ...manifest }));
    writeFileSync(join(home, file), code(name));
    const plugin = packageMain(`@us/${name}`, dir);
    assert.equal(plugin, join(home, file));
    assert.equal((await loadStrategy(plugin)).name, name);
  }
  const lost = join(dir, 'node_modules', 'lost');
  mkdirSync(lost);
  writeFileSync(join(lost, 'package.json'), '{ "exports": { "import": "./gone.js" } }');
  assert.throws(() => packageMain('lost', dir), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
});

test('a hook that is no function is refused before anything is called', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-plugins-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const hooks = ['onTick', 'onFactor', 'onBar', 'onBook', 'onTimer', 'onOrder'];
  for (const hook of [...hooks, 'snapshot', 'restore', 'state']) {
    const path = join(dir, `${hook}.mjs`);
    const code = `{ name: 'made', version: '1', params: {}, ${hook}: 7 }`;
    writeFileSync(path, `export const strategy = ${code};`);
    const message = new RegExp(`expected ${hook} to be a function, found number`);
    await assert.rejects(loadStrategy(path), { code: 'PLUGIN_FAILED', message });
  }
  const path = join(dir, 'misspelt.mjs');
  writeFileSync(
    path,
    "export const strategy = { name: 'a', version: '1', params: {}, onTik() {} };",
  );
  await assert.rejects(loadStrategy(path), {
    message: /hooks of onTick, .*onOrder; found 'onTik'/,
  });
});

test('a helper in TypeScript that is asked for by require is refused, or runs', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-plugins-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'size.ts'), 'export const size: bigint = 1n;');
  const { typescript = false } = process.features as { readonly typescript?: unknown };
  // What it exports is no strategy.
  const message =
    typescript === false ? /size\.ts: a helper in TypeScript is imported/ : /expected a name/;
  for (const [index, name] of ['./size.ts', './size', './size.js'].entries()) {
    const path = join(dir, `asks-${index}.cjs`);
    writeFileSync(path, `exports.strategy = require('${name}');`);
    await assert.rejects(loadStrategy(path), { code: 'PLUGIN_FAILED', message });
  }
});
