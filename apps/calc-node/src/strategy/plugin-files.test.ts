// A plugin of several files: every one of them is compiled, loaded, hashed and watched, whichever
// way its name is written.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { codeHash } from '../backtest/identity.js';
import { compilePlugin } from './compile-plugin.js';
import type { AnyStrategy } from './define.js';
import { loadStrategy } from './load-strategy.js';
import { PluginFile } from './plugin-file.js';
import { pluginTexts } from './plugin-files.js';

const files = {
  'main.ts': `import { defineStrategy } from '@ndts/calc-node/strategy';
    import { asWritten } from './helpers/as-written.ts';
    import { asCompiled } from './helpers/as-compiled.js';
    import { plain } from './plain.js';
    import { short } from './helpers/short';
    import type { Side } from './types.js';
    const side: Side = 'buy';
    export const strategy = defineStrategy({
      name: 'several', version: [asWritten, asCompiled, plain, short, side].join(' '), params: {},
    });`,
  'helpers/as-written.ts': `export { deep as asWritten } from '../deep.ts';`,
  'helpers/as-compiled.ts': `export const asCompiled: string = 'compiled';`,
  'helpers/short.ts': `import '../plain.js'; export const short: string = 'short';`,
  'plain.js': `export const plain = 'plain';`,
  'deep.ts': `import { short } from './helpers/short.js'; // and back again
    export const deep: string = 'deep' + short.length;`,
  'types.ts': `export type Side = 'buy' | 'sell';`,
};

function folderOf(context: TestContext, texts: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-files-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'helpers'));
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(dir, name), text);
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  return dir;
}

test('helpers in TypeScript and JavaScript are loaded with the plugin', async (context) => {
  const dir = folderOf(context, files);
  const main = join(dir, 'main.ts');
  const names = [...pluginTexts(main).keys()].map((path) => path.slice(dir.length + 1));
  assert.deepEqual(names.toSorted(), Object.keys(files).toSorted());
  assert.equal(names[0], 'main.ts');
  const { version } = await loadStrategy(main, await compilePlugin(main));
  assert.equal(version, 'deep5 compiled plain short buy');
});

test('a plugin in JavaScript may have helpers in TypeScript', async (context) => {
  const main = `import { asCompiled } from './helpers/as-compiled.js';
    export const strategy = { name: 'mixed', version: asCompiled, params: {} };`;
  const path = join(folderOf(context, { ...files, 'main.mjs': main }), 'main.mjs');
  assert.equal((await loadStrategy(path, await compilePlugin(path))).version, 'compiled');
});

test('a helper that is not there is named', async (context) => {
  const dir = folderOf(context, { 'main.ts': `import './gone.js'; export const strategy = 1;` });
  const main = join(dir, 'main.ts');
  const loaded = loadStrategy(main, await compilePlugin(main));
  await assert.rejects(loaded, { code: 'PLUGIN_FAILED', message: /gone\.js/ });
});

test('every file is part of the code, and watched', (context) => {
  const dir = folderOf(context, files);
  const main = join(dir, 'main.ts');
  const hash = (): string => codeHash(main, {} as AnyStrategy);
  const watched = new PluginFile(main);
  const looks = (): boolean[] => [watched.hasChanged(), watched.hasChanged()];
  watched.note();
  const hashes = new Set([hash()]);
  assert.deepEqual(looks(), [false, false]);
  for (const name of Object.keys(files)) {
    const path = join(dir, name);
    writeFileSync(path, `${files[name as keyof typeof files]}\n// another`);
    assert.deepEqual(looks(), [false, true], `${name}: not before it has settled`);
    watched.note();
    hashes.add(hash());
  }
  assert.equal(hashes.size, 1 + Object.keys(files).length);
  const deep = join(dir, 'deep.ts');
  renameSync(deep, `${deep}~`);
  assert.deepEqual(looks(), [false, false], 'on its way to another one');
  writeFileSync(deep, `export const deep = 'new one';`);
  assert.deepEqual(looks(), [false, true]);
});
