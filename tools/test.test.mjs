// How reports become counts, and that nothing is left behind.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { runProcess } from './lib/run-process.mjs';
import { makeTree } from './lib/test-tree.mjs';
import { readRecords } from './test/engine-coverage.mjs';
import { groupTests, runNodeTests } from './test/node-tests.mjs';
import {
  addResults,
  failedOne,
  passedOne,
  readBenchLines,
  readGoogleTest,
  readTap,
  resultOfCommand,
  skippedOne,
  summaryLine,
} from './test/results.mjs';
import { decodeSegment, mappedLines } from './test/source-map.mjs';
import { chooseSuites, runSuite } from './test/suites.mjs';
import { root } from './lib/root.mjs';

test('the last line', () => {
  assert.equal(summaryLine(addResults([passedOne(), passedOne()])), '2 passed, 0 failed');
  const all = addResults([passedOne(), failedOne('why'), skippedOne('no browser')]);
  assert.equal(summaryLine(all), '1 passed, 1 failed, 1 skipped');
  assert.equal(all.detail, 'why');
  assert.deepEqual(all.reasons, ['no browser']);
});

const counts = (result) => [result.passed, result.failed, result.skipped];

test('node --test is run and counted', async (context) => {
  const start = "import test from 'node:test'; import assert from 'node:assert';\n";
  const folder = makeTree(context, {
    'a.test.mjs': `${start}test('a', () => {}); test('b', () => assert.equal(1, 2));`,
    'b.test.mjs': `${start}test('c', { skip: 'not here' }, () => {});`,
    'c.test.mjs': `${start}test('d', () => process.kill(process.pid, 'SIGKILL'));`,
  });
  const file = (name) => ({ source: name, compiled: join(folder, name) });
  const run = (...names) => runNodeTests(names.map(file), { limitSeconds: 60 });
  const mixed = await run('a.test.mjs', 'b.test.mjs');
  assert.deepEqual(counts(mixed), [1, 1, 1]);
  assert.match(mixed.detail, /expected: 2/);
  assert.deepEqual(mixed.reasons, ['c: not here']);
  assert.deepEqual(counts(await run('c.test.mjs')), [0, 1, 0]);
  assert.match((await run('nothing.test.mjs')).detail, /not compiled/);
  assert.deepEqual(counts(await run()), [0, 1, 0]);
});

test('test files share a process unless they touch it', async (context) => {
  const texts = {
    'apps/x/a': 'test();',
    'apps/x/b': "process.env['A'] = 'b';",
    'apps/x/c': "if (process.env['CI'] === 'true') process.kill(1);",
    'apps/y/d': 'test();',
    'apps/x/e': 'after(() => rmSync(dir));',
    'apps/x/f': '  after(() => close());',
    'apps/x/g': 'test();',
  };
  const tests = Object.keys(texts).map((name) => ({ source: join(root, name), compiled: name }));
  const groups = groupTests(tests, 3, (name) => texts[name]);
  const names = groups.map((group) => group.map((one) => one.source.slice(-1)).join(''));
  assert.deepEqual(names, ['acf', 'b', 'd', 'e', 'g']);

  const start = "import test from 'node:test'; import assert from 'node:assert';\n";
  const folder = makeTree(context, {
    'a.test.mjs': `${start}test('a', () => {}); test('b', () => assert.equal(1, 2));`,
    'b.test.mjs': `${start}test('c', () => {});`,
  });
  const file = (name) => ({ source: name, compiled: join(folder, name) });
  const both = ['a.test.mjs', 'b.test.mjs'].map(file);
  const result = await runNodeTests(both, { limitSeconds: 60, filesPerProcess: 2 });
  assert.deepEqual(counts(result), [2, 1, 0]);
  assert.match(result.detail, /a\.test\.mjs/);
});

test('a report of node --test that has no end is no result', () => {
  assert.equal(readTap('TAP version 13\nok 1 - a\n# pass 1\n'), undefined);
});

test("GoogleTest's report", () => {
  const one = (name, more) => ({ name, status: 'RUN', result: 'COMPLETED', ...more });
  const report = {
    testsuites: [
      {
        name: 'Ring',
        testsuite: [
          one('a'),
          one('b', { failures: [{ failure: 'x is not y' }] }),
          one('c', { result: 'SKIPPED' }),
          { name: 'd', status: 'NOTRUN' },
        ],
      },
    ],
  };
  const result = readGoogleTest(JSON.stringify(report));
  assert.deepEqual(counts(result), [1, 1, 1]);
  assert.match(result.detail, /Ring\.b\nx is not y/);
});

test('bench lines', () => {
  const line = (bench, value) => JSON.stringify({ bench, metric: 'm', value, unit: '1/s' });
  assert.deepEqual(
    counts(readBenchLines(`${line('a', 1)}\ntext\n${line('a', 2)}\n${line('b', 3)}`)),
    [2, 0, 0],
  );
  assert.deepEqual(counts(readBenchLines('')), [0, 1, 0]);
  assert.deepEqual(counts(readBenchLines(line('a', null))), [0, 1, 0]);
  assert.deepEqual(counts(readBenchLines('{"bench":')), [0, 1, 0]);
  const ended = readBenchLines(
    `${line('a', 1)}\n{"bench":"b","failed":"no disk"}\n${line('c', 1)}`,
  );
  assert.deepEqual(counts(ended), [2, 1, 0]);
  assert.equal(ended.detail, 'b: no disk');
});

test('a command that hangs is stopped with everything it started', async (context) => {
  const folder = makeTree(context, {});
  const pidFile = join(folder, 'pid');
  const script = `sleep 300 & echo $! > ${pidFile}; wait`;
  const run = await runProcess('sh', ['-c', script], { limitSeconds: 1 });
  assert.equal(run.timedOut, true);
  assert.match(resultOfCommand('sh', run).detail, /stopped at its time limit/);
  const { stdout } = await runProcess('sh', ['-c', `ps -o stat= -p $(cat ${pidFile}) || true`]);
  assert.match(stdout, /^(Z.*)?\s*$/);
});

test('what a command leaves running is ended and does not hold the answer up', async (context) => {
  const pidFile = join(makeTree(context, {}), 'pid');
  const run = await runProcess('sh', ['-c', `sleep 300 & echo $! > ${pidFile}; echo done`]);
  assert.equal(run.code, 0);
  assert.equal(run.stdout, 'done\n');
  const { stdout } = await runProcess('sh', ['-c', `ps -o stat= -p $(cat ${pidFile}) || true`]);
  assert.match(stdout, /^(Z.*)?\s*$/);
});

test('a command that does not exist is a failure with its name', async () => {
  const run = await runProcess('no-such-command-at-all', []);
  assert.equal(run.code, 127);
  assert.match(run.output, /no-such-command-at-all/);
});

test('source maps: numbers, and the lines that hold code', () => {
  assert.deepEqual(decodeSegment('AAAA'), [0, 0, 0, 0]);
  assert.deepEqual(decodeSegment('2HwcqxB'), [123, 456, 789]);
  assert.deepEqual(decodeSegment('D'), [-1]);
  assert.deepEqual([...mappedLines('AAEA,IAAI;AACA;;AAGA')], [3, 4, 7]);
});

test('coverage of the engine: only its own files count', () => {
  const record = (path, ...lines) => [`SF:${path}`, ...lines, 'end_of_record'].join('\n');
  const files = readRecords(
    [
      record(join(root, 'packages/native/engine/ring/ring.h'), 'DA:5,0', 'DA:6,3', 'LF:2'),
      record(join(root, 'packages/native/engine/ring/ring_test.cc'), 'DA:5,1'),
      record('/usr/include/c++/12/vector', 'DA:5,1'),
      record(join(root, 'packages/native/engine/wal/wal.h'), 'DA:1,10'),
    ].join('\n'),
  );
  assert.deepEqual(files, [
    { name: 'packages/native/engine/ring/ring.h', covered: 1, total: 2 },
    { name: 'packages/native/engine/wal/wal.h', covered: 1, total: 1 },
  ]);
});

test('an unknown suite is refused with the names there are', () => {
  assert.throws(() => chooseSuites(['nothing']), /no such suite: nothing; there are: .*unit/);
  assert.deepEqual(
    chooseSuites(['layers', 'unit']).map((one) => one.name),
    ['layers', 'unit'],
  );
});

test('a suite that throws is one failure', async () => {
  const suite = { name: 'x', limitSeconds: 1, run: () => Promise.reject(new Error('broken')) };
  assert.deepEqual(counts(await runSuite(suite, {})), [0, 1, 0]);
});

test('the CI command ends with the line, whatever happens before it', async (context) => {
  const folder = makeTree(context, { '.ci/run': '', 'package.json': { name: 'x' } });
  await runProcess('cp', [join(root, '.ci/run'), join(folder, '.ci/run')]);
  const run = async (script) => {
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'x', scripts: { test: script } }),
    );
    const { code, stdout } = await runProcess('bash', ['.ci/run'], { cwd: folder });
    return [code, stdout.trim().split('\n').at(-1)];
  };
  assert.deepEqual(await run('echo 7 passed, 0 failed'), [0, '7 passed, 0 failed']);
  assert.deepEqual(await run('echo 7 passed, 2 failed; exit 1'), [1, '7 passed, 2 failed']);
  assert.deepEqual(await run('echo no; exit 3'), [1, '0 passed, 1 failed']);
});
