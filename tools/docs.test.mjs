// Every rule of the docs checker is seen failing once.

import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDocs } from './docs.mjs';
import { environmentName } from './docs/checks.mjs';
import { anchorOf } from './docs/markdown.mjs';
import { makeTree } from './lib/test-tree.mjs';
import { systemPackages } from './setup/system-packages.mjs';

const debian = systemPackages.map((one) => `\`${one.name}\``).join(', ');

/** A tree whose documents are in order. */
const sound = {
  'package.json': { name: 'root', scripts: { bench: 'x' }, devDependencies: { c8: '1' } },
  'packages/a/package.json': { name: '@ndts/a', dependencies: { pino: '1', '@ndts/b': '*' } },
  'packages/protocol/schema/config.mjs':
    "export const configKeys = [{ key: 'dataDir' }, { key: 'feed.ticksPerSecond' }];\n",
  'apps/ndts/src/main.ts': "option('--full'); environment.NDTS_SEED;\n",
  'apps/data-node/src/clean/a.ts': '',
  'README.md': '# Name\n\nSee [the path](docs/tick-path.md#life-of-a-tick).\n',
  'docs/architecture.md': '# Parts\n',
  'docs/tick-path.md': '# Path\n\n## Life of a tick\n\n### `apps/data-node/src/clean`\n',
  'docs/glossary.md': '# Words\n\n`feed.ticksPerSecond`, NDTS_FEED_TICKS_PER_SECOND\n',
  'docs/dependencies.md': `| \`c8\` | x |\n| \`pino\` | x |\n\n${debian}\n`,
};

async function messagesFor(context, files) {
  const { violations } = await checkDocs(makeTree(context, { ...sound, ...files }));
  return violations.map((one) => `${one.path}:${one.line}: ${one.message}`).join('\n');
}

test('documents in order', async (context) => {
  assert.equal(await messagesFor(context, {}), '');
});

const tickPath = 'docs/tick-path.md';
const glossary = 'docs/glossary.md';
const broken = [
  ['a link to nothing', glossary, '[x](nothing.md)', /nothing.md: no such file/],
  ['a link to no heading', glossary, '[x](tick-path.md#nothing)', /no such heading/],
  ['a heading that is no folder', tickPath, '## `apps/nothing`', /apps\/nothing.: no such folder/],
  ['no folders at all', tickPath, '## Something', /no heading names a folder/],
  ['an environment name', glossary, '`NDTS_FEED_NOTHING=1`', /NDTS_FEED_NOTHING: no such/],
  ['a key', glossary, '`feed.nothing`', /feed.nothing: no such configuration key/],
  ['a key as flag', glossary, '```\n--feed.nothing=1\n```', /feed.nothing: no such conf/],
  ['a script', glossary, '`npm run nothing`', /npm run nothing: no such script/],
  ['an option', glossary, '`npm run bench -- --nothing`', /--nothing: no command has/],
  [
    'an unexplained dependency',
    'docs/dependencies.md',
    `| \`c8\` | x |\n${debian}`,
    /pino .*no row/,
  ],
  ['a row too many', 'docs/dependencies.md', '| `left-pad` | x |', /left-pad: nothing depends/],
  ['a Debian package', 'docs/dependencies.md', '| `c8` | x |', /cmake \(Debian\): not named/],
];

for (const [name, path, text, message] of broken)
  test(`refused: ${name}`, async (context) => {
    assert.match(await messagesFor(context, { [path]: `${text}\n` }), message);
  });

test('a missing document', async (context) => {
  const { violations } = await checkDocs(makeTree(context, { 'package.json': { name: 'root' } }));
  assert.ok(violations.some((one) => one.path === 'docs/architecture.md'));
});

test('what exists may be named', async (context) => {
  const text =
    '`npm run bench -- --full`, `ndts up --dataDir=x`, `NDTS_SEED`, [x](https://a.b/c)\n';
  assert.equal(await messagesFor(context, { [glossary]: text }), '');
  assert.equal(environmentName('feed.ticksPerSecond'), 'NDTS_FEED_TICKS_PER_SECOND');
  assert.equal(environmentName('dataDir'), 'NDTS_DATA_DIR');
  assert.equal(anchorOf('Life of a `tick`, again'), 'life-of-a-tick-again');
});
