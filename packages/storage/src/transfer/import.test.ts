// CSV into tables: columns by name, by what is said, of a sample; rejects; an import that is there
// already, that was stopped, that has other options.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { NdtsError } from '@ndts/protocol';
import type { TransferEvent } from './transfer-event.js';
import { importInto, makeRoot, openTestFolder, rowsOf } from './transfer-test-kit.js';

const withCode = (code: string, message: RegExp) => (error: unknown) => {
  match(String(error), message);
  return error instanceof NdtsError && error.code === code;
};

test('ticks by the names of their columns; the rest is nothing', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  writeFileSync(
    path,
    'Symbol,TIME,price,note\nB,2024-01-02T09:30:00.123456789Z,1.5,"x,y"\nA,2024-01-02 09:30,,\n',
  );
  const events: TransferEvent[] = [];
  const end = await importInto(local, { path, onEvent: (event) => events.push(event) });
  equal(end.event, 'done');
  const plan = events[0];
  deepEqual(plan?.event === 'plan' ? plan.ignored : undefined, ['note']);
  deepEqual(
    await rowsOf(
      local,
      'SELECT CAST(time AS VARCHAR), symbol, price, volume, flags FROM tick ORDER BY time',
    ),
    [
      '["2024-01-02 09:30:00","A","NaN","NaN",0]',
      '["2024-01-02 09:30:00.123456789","B",1.5,"NaN",0]',
    ],
  );
});

test('a name that two columns have is not guessed at', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  writeFileSync(path, 'time,symbol,price,price\n2024-01-02T09:30:00Z,A,1,2\n');
  const twice = { code: 'INVALID_ARGUMENT', message: /2 columns price.*--map price=N/ };
  await rejects(importInto(local, { path }), twice);
  const cut = join(root, 'cut.parquet');
  writeFileSync(cut, 'PAR1 and no more');
  const none = { code: 'INVALID_ARGUMENT', message: /no Parquet file/ };
  await rejects(importInto(local, { path: cut }), none);
  equal((await importInto(local, { path, map: { price: '4' } })).event, 'done');
  deepEqual(await rowsOf(local, 'SELECT price FROM tick'), ['[2]']);
});

test('a symbol that nobody can read is a reject', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  const names = ['A', 'a\tb', '"a\nb"', 'a\u007f', 'a\u0085', 'Â', 'ä €😀'];
  writeFileSync(path, `time,symbol\n${names.map((name) => `2024-01-02,${name}\n`).join('')}`);
  const end = await importInto(local, { path });
  equal(end.event === 'done' && `${end.rows} ${end.rejects}`, '3 4');
  match(readFileSync(`${path}.rejects.csv`, 'utf8'), /symbol,the name of a symbol has control/);
  const table = tableFromArrays({ time: [1, 2], symbol: ['a\tb', 'ä €😀'] });
  writeFileSync(join(root, 'a.arrow'), tableToIPC(table, 'file'));
  const next = await importInto(local, { path: join(root, 'a.arrow'), timeFormat: 's' });
  equal(next.event === 'done' && `${next.rows} ${next.rejects}`, '1 1');
  equal(local.ticks.symbols().length, 3);
});

test('what is no CSV, or has another delimiter, is told as that', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const header = 'time,symbol,price\n';
  const files: readonly (readonly [string | Uint8Array, RegExp])[] = [
    [gzipSync(header), /gzip: unpack it/],
    [Buffer.from(`\ufeff${header}`, 'utf16le'), /no text of UTF-8/],
    ['time,symbol,price\r2024-01-02,A,1\r', /carriage return alone/],
    ['PAR1 and more', /--format parquet/],
    ['time;symbol;price\n2024-01-02;A;1\n', /--delimiter ';'/],
    [`${header}1704187800,A,1\n`, /not a time .*--time-format/],
  ];
  for (const [at, [content, words]] of files.entries()) {
    const path = join(root, `${at}.csv`);
    writeFileSync(path, content);
    await rejects(importInto(local, { path }), withCode('INVALID_ARGUMENT', words));
  }
});

test('a table is made of a sample, and of what is said', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  writeFileSync(
    path,
    'when;clock;id;px;ok;name;empty\n20240102;93000123;1;1.5;true;x;\n20240102;093001000;;2;;;\n',
  );
  const options = { path, table: 'T', map: { time: 'when+clock' }, symbol: 'S', delimiter: ';' };
  await rejects(importInto(local, options), withCode('NOT_FOUND', /--create/));
  await importInto(local, { ...options, create: true });
  const schema = local.ticks.tables().find((table) => table.name === 'T');
  deepEqual(
    schema?.columns.map(({ name, type }) => `${name} ${type}`),
    ['id i64', 'px f64', 'ok bool', 'name text', 'empty text'],
  );
  deepEqual(
    await rowsOf(local, 'SELECT epoch_ns(time), symbol, id, px, ok, name FROM "T"'),
    ['[1704187800123000000,"S",1,1.5,true,"x"]', '[1704187801000000000,"S",null,2,null,null]'].map(
      (row) => row.replace(/^\[(\d+)/, '["$1"'),
    ),
  );
  await importInto(local, {
    ...options,
    table: 'U',
    columns: 'px:f32?,who:symbol,n:i32',
    map: { time: 'when+clock', who: 'name', n: '4' },
    set: { who: 'me' },
  }).then(
    () => equal(1, 2),
    (error: unknown) => match(String(error), /mapped and set/),
  );
});

test('rejects are told and limited; nothing but rejects changes nothing', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  const lines = Array.from({ length: 100 }, (_, row) =>
    row % 10 === 3 ? `2024-01-02,A,"x ${row}"` : `2024-01-02,A,${row}`,
  );
  writeFileSync(path, `time,symbol,price\n${lines.join('\n')}\n`);
  const few = importInto(local, { path, maxRejects: 4, batchRows: 16 });
  await rejects(few, withCode('INVALID_ARGUMENT', /rejected, more than 4/));
  const end = await importInto(local, { path, batchRows: 16 });
  equal(end.event === 'done' && end.rejects, 10);
  deepEqual(await rowsOf(local, 'SELECT count(*)::INT, sum(price) FROM tick'), ['[90,4470]']);
  const told = readFileSync(`${path}.rejects.csv`, 'utf8').split('\n');
  equal(told.length, 12);
  equal(told[0], 'line,offset,column,reason,text');
  equal(told[1], '5,63,price,not a number,"2024-01-02,A,""x 3"""');
  const other = join(root, 'b.csv');
  writeFileSync(other, 'time,symbol,price\n1704187800,A,1\n');
  await rejects(
    importInto(local, { path: other }),
    withCode('INVALID_ARGUMENT', /none of the first 1 rows .*line 2, column time: not a time/),
  );
  equal(existsSync(`${other}.rejects.csv`), false);
  const again = await importInto(local, { path: other, timeFormat: 's' });
  equal(again.event, 'done');
});

test('the same file is imported once; with other options it is refused', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  writeFileSync(path, 'time,symbol,price\n2024-01-02,A,1\n');
  await importInto(local, { path });
  writeFileSync(join(root, 'copy.csv'), readFileSync(path));
  const copy = await importInto(local, { path: join(root, 'copy.csv') });
  equal(copy.event, 'already');
  await rejects(importInto(local, { path, symbol: 'B' }), withCode('ALREADY_EXISTS', /--again/));
  deepEqual(await rowsOf(local, 'SELECT count(*)::INT FROM tick'), ['[1]']);
  equal((await importInto(local, { path, again: true })).event, 'done');
  deepEqual(await rowsOf(local, 'SELECT count(*)::INT FROM tick'), ['[2]']);
});

test('what was stopped goes on behind its last batch', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  const lines = Array.from({ length: 1000 }, (_, row) =>
    row % 100 === 7 ? 'bad' : `2024-01-02,S${row % 7},${row}`,
  );
  writeFileSync(path, `time,symbol,price\n${lines.join('\n')}`);
  let runs = 0;
  for (let end: string = ''; end !== 'done'; runs += 1) {
    const controller = new AbortController();
    const ensure = local.symbols.ensure.bind(local.symbols);
    const run = importInto(local, { path, batchRows: 64, signal: controller.signal });
    if (runs < 5) setTimeout(() => controller.abort(), 0);
    end = (await run).event;
    void ensure;
  }
  deepEqual(
    await rowsOf(local, 'SELECT count(*)::INT, sum(price), count(DISTINCT price)::INT FROM tick'),
    ['[990,494930,990]'],
  );
  equal(readFileSync(`${path}.rejects.csv`, 'utf8').split('\n').length, 12);
});

test('what goes on tells the rate of what it reads itself', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  const lines = Array.from({ length: 1000 }, (_, row) => `2024-01-02,A,${row}`);
  writeFileSync(path, `time,symbol,price\n${lines.join('\n')}`);
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => controller.abort();
  await importInto(local, { path, batchRows: 900, signal, onEvent: stop });
  const events: TransferEvent[] = [];
  await importInto(local, { path, onEvent: (event) => events.push(event) });
  const passed = events.flatMap((one) => (one.event === 'plan' ? [one.resumed!.bytes] : []));
  const progress = events.flatMap((one) => (one.event === 'progress' ? [one] : []));
  const { bytes, totalBytes, bytesPerSecond, seconds, etaSeconds } = progress.at(-1)!;
  equal(passed[0]! > totalBytes / 2, true);
  equal(Math.round(bytesPerSecond * seconds), bytes - passed[0]!);
  equal(etaSeconds, 0);
});

test('a dry run shows the first rows and changes nothing', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  writeFileSync(path, 'time,symbol,x,y\n2024-01-02,A,1,\nno,A,2,\n2024-01-02,B,3,z\n');
  const end = await importInto(local, { path, table: 'T', create: true, dryRun: true });
  deepEqual(end.event === 'preview' ? [end.columns, end.rows, end.rejects.length] : end, [
    ['time', 'symbol', 'x', 'y'],
    [
      ['2024-01-02T00:00:00.000000000Z', 'A', '1', 'null'],
      ['2024-01-02T00:00:00.000000000Z', 'B', '3', 'z'],
    ],
    1,
  ]);
  equal(local.ticks.tables().length, 1);
  deepEqual(local.symbols.all(), []);
});

test('a table is made with its first row, and has the columns that are said', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.csv');
  writeFileSync(path, 'time,symbol,x\n01/02/2024,A,1\n');
  const options = { path, table: 'T', create: true };
  await rejects(importInto(local, options), withCode('INVALID_ARGUMENT', /not a time/));
  equal(
    local.ticks.tables().find(({ name }) => name === 'T'),
    undefined,
  );
  const columns = 'x:f64?';
  await importInto(local, { ...options, columns, timeFormat: '%d/%m/%Y' });
  const again = { ...options, again: true, timeFormat: '%d/%m/%Y' };
  await importInto(local, { ...again, columns });
  const others = importInto(local, { ...again, columns: 'x:i64' });
  await rejects(others, withCode('ALREADY_EXISTS', /its columns are x:f64\?/));
  deepEqual(await rowsOf(local, 'SELECT x FROM "T"'), ['[1]', '[1]']);
});
