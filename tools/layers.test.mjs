// Every rule of the layer checker is seen failing once, and passing where it should. Code that
// breaks a rule is put together from parts, so that this file does not break it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { checkLayers } from './layers.mjs';
import { makeTree } from './lib/test-tree.mjs';

const dependencies = {
  protocol: [],
  runtime: ['@ndts/protocol'],
  native: ['@ndts/protocol'],
  storage: ['@ndts/protocol', '@ndts/runtime', '@ndts/native'],
  'data-node': ['@ndts/protocol', '@ndts/native', '@ndts/storage', '@ndts/calc-node'],
  'calc-node': ['@ndts/protocol', '@ndts/native'],
  'exec-node': ['@ndts/protocol', '@ndts/native', '@ndts/storage'],
  'control-node': ['@ndts/protocol', '@ndts/storage', 'lightweight-charts'],
  ndts: ['@ndts/data-node', '@ndts/exec-node', '@ndts/native'],
};
const nativeDoors = ['db', 'ring', 'clean', 'factor', 'inspect'];
const apps = ['data-node', 'calc-node', 'exec-node', 'control-node', 'ndts'];

function folderOf(name) {
  if (name === 'test') return 'test';
  return `${apps.includes(name) ? 'apps' : 'packages'}/${name}`;
}

/** Workspaces with every declaration in place, and the files of one case. */
function makeWorkspaces(context, files) {
  const tree = {};
  const everything = Object.keys(dependencies).map((name) => `@ndts/${name}`);
  for (const [name, names] of Object.entries({ ...dependencies, test: everything })) {
    const doors = name === 'native' ? nativeDoors.map((one) => `./${one}`) : ['.'];
    const folder = folderOf(name);
    const up = name === 'test' ? '..' : '../..';
    tree[`${folder}/package.json`] = {
      name: `@ndts/${name}`,
      exports: Object.fromEntries(doors.map((door) => [door, './dist/index.js'])),
      dependencies: Object.fromEntries(names.map((one) => [one, '*'])),
    };
    tree[`${folder}/tsconfig.json`] = {
      references: names
        .filter((one) => one.startsWith('@ndts/'))
        .map((one) => ({ path: `${up}/${folderOf(one.slice('@ndts/'.length))}` })),
    };
  }
  return makeTree(context, { ...tree, ...files });
}

/** What the checker says about one file. */
function messagesFor(context, path, text) {
  const { violations } = checkLayers(makeWorkspaces(context, { [path]: text }));
  return violations.map((one) => `${one.line}: ${one.message}`);
}

const broken = [
  ['right of it', 'packages/runtime/src/a.ts', "import { x } from '@ndts/storage';", /to its left/],
  ['sideways', 'packages/runtime/src/a.ts', "import { x } from '@ndts/native/db';", /native/],
  [
    'role to role',
    'apps/data-node/src/a.ts',
    "import { x } from '@ndts/calc-node';",
    /roles never/,
  ],
  ['native db', 'apps/data-node/src/a.ts', "export { x } from '@ndts/native/db';", /this entry/],
  ['native, not at all', 'apps/exec-node/src/a.ts', "import '@ndts/native/factor';", /this entry/],
  ['native from ndts', 'apps/ndts/src/a.ts', "await import('@ndts/native/db');", /this entry/],
  ['test', 'apps/ndts/src/a.ts', "import { x } from '@ndts/test';", /nothing imports test/],
  ['a closed door', 'packages/storage/src/a.ts', "import '@ndts/runtime/dist/x.js';", /not export/],
  ['undeclared', 'packages/storage/src/a.ts', "import pino from 'pino';", /pino is not in the dep/],
  ['no reference', 'apps/calc-node/src/a.ts', "import '@ndts/storage';", /references|dependencies/],
  ['leaving', 'packages/storage/src/a.ts', "import '../../runtime/src/x.js';", /leaves packages/],
  ['I/O in protocol', 'packages/protocol/src/a.ts', "import 'node:fs';", /does no I\/O/],
  ['web', 'apps/control-node/web/a.ts', "import { x } from '@ndts/protocol';", /browser code/],
  ['web from node', 'apps/control-node/src/a.ts', "import '../web/a.js';", /browser code/],
];

for (const [name, path, text, message] of broken)
  test(`refused import: ${name}`, (context) => {
    assert.match(messagesFor(context, path, `// A file.\n${text}\n`).join('\n'), message);
  });

const sound = [
  ['packages/storage/src/a.ts', "import { x } from '@ndts/native/db';"],
  ['packages/storage/src/a.ts', "import '@ndts/native/inspect';\nimport { y } from './b/c.js';"],
  ['apps/data-node/src/a.ts', "import {\n  x,\n} from '@ndts/native/clean';"],
  ['apps/ndts/src/a.ts', "import { x } from '@ndts/exec-node';\nimport fs from 'node:fs';"],
  ['test/crash/a.ts', "import { x } from '@ndts/native/db';\nimport '@ndts/exec-node';"],
  ['apps/control-node/web/a.ts', "import type { X } from '@ndts/protocol';\nimport './b.js';"],
  ['apps/control-node/web/b.ts', "import { x } from 'lightweight-charts';\nDate.now();"],
  [
    'packages/runtime/src/a.ts',
    "const text = `import x from '@ndts/storage'`; // from '@ndts/test'",
  ],
];

for (const [path, text] of sound)
  test(`allowed: ${text.replaceAll('\n', ' ')}`, (context) => {
    assert.deepEqual(messagesFor(context, path, `${text}\n`), []);
  });

const ambient = [
  'const t = Date.now();',
  'const now = Date.now;',
  'const t = new Date();',
  'const x = Math.random();',
  'const t = performance.now();',
  'const home = process.env.HOME;',
  'const { env } = process;',
  'const t = process.hrtime.bigint();',
  'setTimeout(f, 5);',
  'globalThis.setInterval(f, 5);',
  'const later = setImmediate;',
  'const id = randomUUID();',
  'const b = crypto.randomBytes(4);',
  "import { setTimeout as delay } from 'node:timers/promises';",
  "import { Worker } from 'node:worker_threads';",
];

for (const text of ambient)
  test(`ambient: ${text}`, (context) => {
    const path = 'packages/runtime/src/a.ts';
    assert.match(messagesFor(context, path, `${text}\n`).join(), /^1: .* is ambient/);
    const marked = `// ambient: the seam that hands it in\n${text}\n`;
    assert.deepEqual(messagesFor(context, path, marked), []);
    assert.deepEqual(messagesFor(context, 'packages/runtime/src/a.test.ts', `${text}\n`), []);
  });

test('not ambient: handed in, declared, or only said', (context) => {
  const text = [
    'const time = new Date(0);',
    'this.clock.setTimeout(f, 5);',
    'interface Clock { setTimeout?: () => void }',
    "const text = 'Date.now()'; // Math.random()",
    "import { randomBytes } from 'node:crypto';",
  ];
  assert.deepEqual(messagesFor(context, 'packages/runtime/src/a.ts', text.join('\n')), []);
});

test('a mark needs a reason, excuses one line only, and must excuse something', (context) => {
  const path = 'packages/runtime/src/a.ts';
  const say = (text) => messagesFor(context, path, text).join('\n');
  assert.match(say('Date.now(); // ambient:\n'), /1: .*needs its reason/);
  assert.match(say('// ambient: a good reason\nDate.now();\nDate.now();\n'), /^3: /);
  assert.match(say('// ambient: a good reason\nconst x = 1;\n'), /1: .*excuses nothing/);
  assert.equal(say('// ambient: a good reason,\n// told in two lines\nDate.now();\n'), '');
});

const cpp = [
  ['engine/ring/a.cc', '#include <napi.h>', /does not see Node/],
  ['engine/ring/a.cc', '  #  include "node_api.h"', /does not see Node/],
  ['inspect/a.cc', '#include <napi.h>', /only native\/binding/],
  ['engine/ring/a.cc', '#include <rdma/fabric.h>', /only engine\/fabric/],
  ['engine/ring/a.cc', '#include "../binding/a.h"', /built on it/],
  ['engine/ring/a.cc', 'std::thread t;', /std::thread is ambient/],
  ['engine/ring/a.cc', 'auto t = std::chrono::steady_clock::now();', /clock is ambient/],
  ['engine/ring/a.h', 'clock_gettime(CLOCK_MONOTONIC, &t);', /ambient/],
  ['engine/ring/a.cc', 'int x = rand();', /rand is ambient/],
  ['engine/ring/a.cc', 'std::random_device device;', /random_device is ambient/],
  ['binding/a.cc', 'const char* x = std::getenv("A");', /getenv is ambient/],
  ['engine/ring/a.cc', 'usleep(5);', /sleep is ambient/],
  ['engine/ring/a.cc', 'std::this_thread::sleep_for(x);', /sleep is ambient/],
];

for (const [path, text, message] of cpp)
  test(`C++: ${path} ${text}`, (context) => {
    const where = `packages/native/${path}`;
    assert.match(messagesFor(context, where, `// A file.\n${text}\n`).join(), message);
  });

test('C++: what is allowed', (context) => {
  const say = (path, text) => messagesFor(context, `packages/native/${path}`, text);
  assert.deepEqual(say('binding/a.cc', '#include <napi.h>\n'), []);
  assert.deepEqual(say('engine/fabric/a.cc', '#include <rdma/fabric.h>\n'), []);
  assert.deepEqual(say('engine/ring/a_test.cc', 'std::thread t;\nusleep(5);\n'), []);
  assert.deepEqual(
    say('engine/base/a.cc', 'std::thread t;  // ambient: the seam of threads\n'),
    [],
  );
  assert.deepEqual(say('engine/base/a.cc', 'random.rand(); // rand()\nauto s = "getenv";\n'), []);
});

test('C++: what is named is included, also through another header', (context) => {
  const engine = 'packages/native/engine/';
  const say = (text, more = {}) => {
    const files = {
      'ring/ring.h': '// A file.\nclass Ring {\n};\nusing Rows = int;\nenum class Way { kUp };\n',
      'ring/rings.h': '// A file.\n#include "ring/ring.h"\n',
      'wal/a.cc': `// Ring\n${text}\nTEST(Ring, a) {}\nauto s = "Ring";\n`,
      ...more,
    };
    const tree = Object.fromEntries(
      Object.entries(files).map(([name, content]) => [engine + name, content]),
    );
    return checkLayers(makeTree(context, tree)).violations.map(
      ({ line, message }) => `${line} ${message}`,
    );
  };
  assert.deepEqual(say('Ring* ring;\nRing other;'), ['2 Ring: not included: "ring/ring.h"']);
  assert.deepEqual(say('Rows rows; Way way;').length, 2);
  assert.deepEqual(say('#include "ring/ring.h"\nRing* ring;'), []);
  assert.deepEqual(say('#include "ring/rings.h"\nRing* ring;'), []);
  assert.deepEqual(say('class Ring;\nRing* ring;'), []);
  // Whose it is, text does not say.
  const other = 'namespace other {\nclass Ring {\n};\n}\n';
  assert.deepEqual(say('Ring* ring;', { 'kv/b.h': `// A file.\n${other}` }), []);
  assert.deepEqual(say('template <typename Ring> void run(Ring ring);'), []);
});

test('C++: two types of a namespace have two names', (context) => {
  const header = (space) => `// A file.\nnamespace ${space} {\nstruct Ring {\n};\n}\n`;
  const say = (space) => {
    const engine = 'packages/native/engine/';
    const files = { [`${engine}a/a.h`]: header('ndts'), [`${engine}b/b.h`]: header(space) };
    return checkLayers(makeTree(context, files)).violations.map(({ message }) => message);
  };
  assert.deepEqual(say('ndts'), ['ndts::Ring: declared in a/a.h, too']);
  assert.deepEqual(say('ndts::other'), []);
});
