// ndts import and export on a real folder: what people and programs are told, a folder that is
// open, and what is misspelt.

import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import { loadConfig, SeededRandom, SystemClock } from '@ndts/runtime';
import { type ExportFlags, runExportCommand } from './export.js';
import {
  type ImportFlags,
  openForTransfer,
  runImportCommand,
  type TransferContext,
} from './import.js';
import { collectPairs, parseInstant } from './transfer-options.js';

interface Bench {
  readonly root: string;
  readonly context: TransferContext;
  readonly told: string[];
}

function makeBench(test: TestContext): Bench {
  const root = mkdtempSync(join(tmpdir(), 'ndts-import-'));
  test.after(() => rmSync(root, { recursive: true, force: true }));
  const told: string[] = [];
  const values = loadConfig({
    args: { dataDir: join(root, 'data'), 'storage.stagingBytes': '4194304' },
    environment: {},
  });
  const context: TransferContext = {
    values,
    clock: new SystemClock(),
    random: new SeededRandom(1),
    userId: 7,
    note: () => undefined,
    signal: new AbortController().signal,
    screen: { isTerminal: false, columns: 80, write: (text) => told.push(text) },
  };
  return { root, context, told };
}

const importFlags: ImportFlags = { dataDir: '', header: true, json: false };
const exportFlags: ExportFlags = { dataDir: '', header: true, json: false };

test('a file in, shown as a plan and an end, and out again', async (context) => {
  const bench = makeBench(context);
  const path = join(bench.root, 'a.csv');
  writeFileSync(path, 'ts,px,extra\n2024-01-02 09:30,1.5,x\nbad,2,y\n');
  const flags = { ...importFlags, symbol: 'A', map: collectPairs('price=px') };
  await runImportCommand(path, { ...flags, dryRun: true }, bench.context);
  match(bench.told.join(''), /the first rows\n.*\n.*\n2024-01-02T09:30:00\.000000000Z +A +1\.5/);
  match(bench.told.join(''), /rejected: line 3, ts: not a time: bad,2,y/);
  bench.told.length = 0;
  await runImportCommand(path, flags, bench.context);
  const told = bench.told.join('');
  match(told, /^table tick\n.*price +f64 +px\n.*not taken from the file: extra\n/s);
  match(told, /\n1 row imported, 1 rejected \(see .*a\.csv\.rejects\.csv\), \d+ B in /);
  bench.told.length = 0;
  await runImportCommand(path, { ...flags, json: true }, bench.context);
  deepEqual(
    bench.told.map((line) => (JSON.parse(line) as { event: string }).event),
    ['already'],
  );
  const out = join(bench.root, 'out.csv');
  await runExportCommand(out, { ...exportFlags, to: '2024-01-03' }, bench.context);
  equal(
    readFileSync(out, 'utf8'),
    'time,symbol,price,volume,bid1,ask1,bid_vol1,ask_vol1,flags\n' +
      '2024-01-02T09:30:00.000000000Z,A,1.5,NaN,NaN,NaN,NaN,NaN,0\n',
  );
});

test('an export that is stopped says so and leaves no file', async (context) => {
  const bench = makeBench(context);
  const local = await openForTransfer(bench.context);
  await local.close();
  for (const name of ['a.csv', 'a.parquet', 'a.arrow']) {
    const path = join(bench.root, name);
    const stopped = { ...bench.context, signal: AbortSignal.abort() };
    const end = await runExportCommand(path, { ...exportFlags, query: 'SELECT 1' }, stopped);
    equal(end.event, 'stopped');
    equal(bench.told.pop(), 'stopped: no file was written\n');
    equal(existsSync(path) || existsSync(`${path}.part`), false);
  }
});

test('an open folder, and options that cannot be, are said', async (context) => {
  const bench = makeBench(context);
  const withCode = (code: string) => (error: unknown) =>
    error instanceof NdtsError && error.code === code;
  const path = join(bench.root, 'a.csv');
  await rejects(runImportCommand(path, importFlags, bench.context), withCode('NOT_FOUND'));
  const local = await openForTransfer(bench.context);
  await rejects(runImportCommand(path, importFlags, bench.context), (error) => {
    match(String(error), /a node runs on/);
    return withCode('LOCKED')(error);
  });
  await local.close();
  const wrong: Partial<ImportFlags>[] = [
    { identity: 'name' },
    { format: 'xml' },
    { maxRejects: 'some' },
    { timeFormat: 'days' },
    { utcOffset: '8' },
    { delimiter: '::' },
    { columns: 'a:number', table: 'T' },
  ];
  writeFileSync(path, 'time,symbol\n2024-01-02,A\n');
  for (const flags of wrong)
    await rejects(
      runImportCommand(path, { ...importFlags, ...flags }, bench.context),
      withCode('INVALID_ARGUMENT'),
      JSON.stringify(flags),
    );
  const both = { ...exportFlags, query: 'SELECT 1', table: 'tick' };
  await rejects(runExportCommand(path, both, bench.context), withCode('INVALID_ARGUMENT'));
});

test('instants are exact', () => {
  deepEqual(parseInstant('2024-01-02T09:30:00.123456789Z'), {
    day: 19_724,
    nsOfDay: 34_200_123_456_789,
  });
  deepEqual(parseInstant('2024-01-02'), { day: 19_724, nsOfDay: 0 });
  for (const text of ['yesterday', '2024-13-01', '2024-01-02T09'])
    throws(() => parseInstant(text), NdtsError, text);
});
