// ndts query on a real folder: a table, JSON and CSV of the same rows; a folder that is open or not
// there is said.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConfigValues, createTickBatch, NdtsError } from '@ndts/protocol';
import { loadConfig, SystemClock } from '@ndts/runtime';
import { NDTSClient, openDataFolder, openTicks } from '@ndts/storage';
import { type QueryFlags, query } from './query.js';

function makeValues(context: TestContext): ConfigValues {
  const root = mkdtempSync(join(tmpdir(), 'ndts-query-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return loadConfig({
    args: {
      dataDir: join(root, 'data'),
      'storage.stagingBytes': '1048576',
      'storage.walFileBytes': '1048576',
    },
    environment: {},
  });
}

function open(values: ConfigValues) {
  return openTicks(
    openDataFolder({ dir: values.dataDir, userId: process.getuid?.() ?? 0 }),
    values,
  );
}

function fill(values: ConfigValues): void {
  const ticks = open(values);
  ticks.registerSymbol(1, 3, 'A,"B"');
  const batch = createTickBatch(250);
  for (let row = 0; row < 250; row += 1) {
    batch.day[row] = 20_454;
    batch.nsOfDay[row] = row;
    batch.symbol[row] = 1;
    batch.price[row] = row / 2;
  }
  batch.count = 250;
  ticks.appendTicks(batch);
  ticks.close();
}

async function run(
  values: ConfigValues,
  text: string,
  flags: Partial<QueryFlags> = {},
): Promise<string> {
  const lines: string[] = [];
  await query(
    text,
    { json: false, csv: false, rows: 100, timeoutMs: 10_000, ...flags },
    { values, clock: new SystemClock(), print: (line) => lines.push(line), note: () => undefined },
  );
  return lines.join('\n');
}

const text =
  'SELECT time, symbol, price, NULL AS nothing, 1::HUGEINT AS n FROM tick ORDER BY price';

test('rows are a table, JSON lines or CSV', async (context) => {
  const values = makeValues(context);
  fill(values);
  const table = await run(values, text, { rows: 2 });
  match(table, /^time +symbol +price +nothing +n\n-+ .*\n2026-01-01T00:00:00\.000000000Z +A,"B"/);
  match(table, /and 248 rows more .*\n\n250 rows in /s);
  const json = (await run(values, text, { json: true })).split('\n');
  equal(json.length, 250);
  deepEqual(JSON.parse(json[249] ?? ''), {
    time: '2026-01-01T00:00:00.000000249Z',
    symbol: 'A,"B"',
    price: 124.5,
    nothing: null,
    n: 1,
  });
  const csv = (await run(values, text, { csv: true })).split('\n');
  equal(csv.length, 251);
  deepEqual(csv.slice(0, 2), [
    'time,symbol,price,nothing,n',
    '2026-01-01T00:00:00.000000000Z,"A,""B""",0,,1',
  ]);
  match(await run(values, 'SELECT price FROM tick WHERE price < 0', { csv: true }), /^price$/);
});

test('what another program has open is asked through it, with the same output', async (context) => {
  const values = makeValues(context);
  fill(values);
  const alone = await run(values, text, { csv: true });
  const client = new NDTSClient({ mode: 'standalone', values, role: 'open' });
  context.after(() => client.close());
  await client.tables();
  equal(await run(values, text, { csv: true }), alone);
  await rejects(run(values, 'SELECT nope FROM tick'), { code: 'INVALID_SQL' });
});

test('a folder that is open, or not there, is said', async (context) => {
  const values = makeValues(context);
  const withCode = (code: string) => (error: unknown) =>
    error instanceof NdtsError && error.code === code;
  await rejects(run(values, text), withCode('NOT_FOUND'));
  equal(existsSync(values.dataDir), false);
  const ticks = open(values);
  await rejects(run(values, text), (error) => {
    match(String(error), /answers nobody/);
    return withCode('LOCKED')(error);
  });
  ticks.close();
  await rejects(run(values, 'SELECT nope FROM tick'), withCode('INVALID_SQL'));
  await rejects(run(values, text, { json: true, csv: true }), withCode('INVALID_ARGUMENT'));
  match(await run(values, 'SELECT count(*) FROM tick'), /1 row in/);
});

test('memory is what the command says, or at most what the open folder gives', async (context) => {
  const values = makeValues(context);
  fill(values);
  const small = { ...values, sql: { memoryBytes: 32 << 20 } };
  const large = 'SELECT count(DISTINCT range::VARCHAR) AS n FROM range(1000000)';
  await rejects(run(small, large), {
    code: 'MEMORY_LIMIT',
    message: 'the query needs more memory than the 32 MiB that it may have (memoryBytes)',
  });
  match(await run(small, large, { csv: true, memoryBytes: 1 << 30 }), /^n\n1000000$/);
  await using open = new NDTSClient({ mode: 'standalone', values: small });
  await open.role();
  await rejects(run(values, large, { memoryBytes: 1 << 30 }), {
    code: 'INVALID_ARGUMENT',
    message: /1073741824 asked, a query has at most 33554432 here \(sql\.memoryBytes/,
  });
});
