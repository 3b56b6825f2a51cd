// Parquet and Arrow as others write them: times of every unit, dictionaries, numbers as times,
// values that a column cannot hold; and an import of them that was stopped.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  Int32,
  List,
  Table,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  tableFromArrays,
  tableToIPC,
  TimeSecond,
  Uint32,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { beginFileQuery } from '@ndts/native/sql';
import type { TransferEvent } from './transfer-event.js';
import type { LocalDatabase } from '../folder/local-database.js';
import { importInto, makeRoot, openTestFolder, rowsOf } from './transfer-test-kit.js';

/** A file that the SQL engine writes of a query. */
async function writeParquet(path: string, sql: string, options = ''): Promise<void> {
  const session = beginFileQuery({ memoryBytes: 256 << 20, threads: 1, file: path });
  const text = `COPY (${sql}) TO '${path}' (FORMAT parquet, USE_TMP_FILE false${options})`;
  await session.serialize('SELECT 1');
  await session.prepare(text, text, [], []);
  await session.execute();
  await session.close();
}

const times = {
  TIMESTAMP_S: '1704187800000000000',
  TIMESTAMP_MS: '1704187800123000000',
  TIMESTAMP: '1704187800123456000',
  TIMESTAMP_NS: '1704187800123456789',
  TIMESTAMPTZ: '1704187800123456000',
  DATE: '1704153600000000000',
} as const;

test('Parquet: times of every unit are exact', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  for (const [type, ns] of Object.entries(times)) {
    const path = join(root, `${type}.parquet`);
    const time = `CAST('2024-01-02 09:30:00.123456789' AS ${type})`;
    await writeParquet(
      path,
      `SELECT ${time} AS time, '${type}' AS symbol, 1.5::DECIMAL(9,2) AS price`,
    );
    await importInto(local, { path });
    const text = `SELECT epoch_ns(time)::VARCHAR, price FROM tick WHERE symbol = '${type}'`;
    deepEqual(await rowsOf(local, text), [`["${ns}",1.5]`], type);
  }
  const path = join(root, 'number.parquet');
  await writeParquet(path, `SELECT 1704187800123 AS time, 'number' AS symbol, 1 AS price`);
  await importInto(local, { path, timeFormat: 'ms' });
  deepEqual(
    await rowsOf(local, `SELECT epoch_ns(time)::VARCHAR FROM tick WHERE symbol = 'number'`),
    ['["1704187800123000000"]'],
  );
});

test('Parquet: in the order of the file, stopped and gone on with', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.parquet');
  await writeParquet(
    path,
    `SELECT make_timestamp_ns(1704187800000000000) AS time, 'A' AS symbol, range AS n,
     range % 1000 = 7 AS odd, CASE WHEN range % 3 = 0 THEN 'x' || range END AS note
     FROM range(20000)`,
    ', ROW_GROUP_SIZE 2048',
  );
  const options = { path, table: 'T', create: true, batchRows: 1000 };
  let runs = 0;
  for (let end = ''; end !== 'done'; runs += 1) {
    const controller = new AbortController();
    const run = importInto(local, {
      ...options,
      signal: controller.signal,
      onEvent: ({ event }) => {
        if (event === 'progress' && runs < 3) controller.abort();
      },
    });
    end = (await run).event;
  }
  equal(runs > 1, true);
  const wanted = `SELECT count(*)::INT, count(DISTINCT n)::INT, count(note)::INT,
    count(*) FILTER (odd)::INT, sum(CASE WHEN n = row - 1 THEN 1 ELSE 0 END)::INT
    FROM (SELECT *, row_number() OVER (ORDER BY sequence) AS row FROM "T")`;
  deepEqual(await rowsOf(local, wanted), ['[20000,20000,6667,20,20000]']);
});

test('Arrow: times of every unit, dictionaries, rejects', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const units = [
    [new TimestampSecond(), 1_704_187_800n, '1704187800000000000'],
    [new TimestampMillisecond(), 1_704_187_800_123n, '1704187800123000000'],
    [new TimestampMicrosecond(), -1n, '-1000'],
    [new TimestampNanosecond('UTC'), 1_704_187_800_123_456_789n, '1704187800123456789'],
  ] as const;
  for (const [type, value, ns] of units) {
    const name = `unit ${type.unit}`;
    const path = join(root, `${name}.arrow`);
    const symbols = new Dictionary(new Utf8(), new Int32());
    const raw = vectorFromArray([0, 0], type);
    new BigInt64Array(raw.data[0]!.values.buffer)[0] = value;
    const table = new Table({
      time: raw.slice(0, 1),
      symbol: vectorFromArray([name], symbols),
      price: vectorFromArray([1.5]),
    });
    writeFileSync(path, tableToIPC(table, type.unit === 0 ? 'stream' : 'file'));
    await importInto(local, { path });
    const text = `SELECT epoch_ns(time)::VARCHAR FROM tick WHERE symbol = '${name}'`;
    deepEqual(await rowsOf(local, text), [`["${ns}"]`], name);
  }
  const path = join(root, 'rejects.arrow');
  const table = tableFromArrays({
    when: [1, 2, 3],
    n: [1, 1.5, 2 ** 31],
  });
  writeFileSync(path, tableToIPC(table, 'file'));
  const end = await importInto(local, {
    path,
    table: 'R',
    columns: 'n:i32',
    map: { time: 'when' },
    symbol: 'A',
    timeFormat: 's',
  });
  equal(end.event === 'done' && `${end.rows} ${end.rejects}`, '1 2');
  const told = readFileSync(`${path}.rejects.csv`, 'utf8').split('\n');
  match(told[1] ?? '', /^2,1,n,not a whole number of 32 bits,"2,1.5"$/);
});

/** What a plan says of an import into a table that is made for the file. */
async function importMade(
  local: LocalDatabase,
  path: string,
): Promise<{ readonly types: string; readonly ignored: string }> {
  const plans: TransferEvent[] = [];
  await importInto(local, { path, table: 'made', create: true, onEvent: (one) => plans.push(one) });
  const [plan] = plans;
  if (plan?.event !== 'plan') throw new Error('no plan');
  const types = plan.columns.slice(2).map(({ name, type }) => `${name}:${type}`);
  return { types: types.join(' '), ignored: plan.ignored.join(' ') };
}

test('Parquet: columns that cannot be taken are passed over, or named', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.parquet');
  await writeParquet(
    path,
    `SELECT TIMESTAMP '2024-01-02 09:30:00' AS time, 'A' AS symbol, [1, 2] AS list, 1.5 AS price,
     {'a': 1} AS struct, 4294967295::UINTEGER AS unsigned`,
  );
  const { types, ignored } = await importMade(local, path);
  equal(`${types} / ${ignored}`, 'price:text? unsigned:i64? / list struct');
  deepEqual(await rowsOf(local, 'SELECT price, unsigned FROM made'), ['["1.5",4294967295]']);
  await rejects(importInto(local, { path, map: { price: 'list' } }), {
    code: 'INVALID_ARGUMENT',
    message: /column list of the file, for price, is of type INTEGER\[\]/,
  });
});

test('Arrow: decimals, times of day and fixed bytes; lists are passed over', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.arrow');
  const words = (low: number): Uint32Array => Uint32Array.of(low, ...[0, 0, 0].fill(low >> 31));
  const table = new Table({
    time: vectorFromArray([1_704_187_800_000], new TimestampMillisecond()),
    symbol: vectorFromArray(['A']),
    d: vectorFromArray([words(-5)], new Decimal(2, 20)),
    clock: vectorFromArray([60], new TimeSecond()),
    x: vectorFromArray([Uint8Array.of(1, 255)], new FixedSizeBinary(2)),
    u: vectorFromArray([2 ** 32 - 1], new Uint32()),
    list: vectorFromArray([[1]], new List(new Field('item', new Int32()))),
  });
  writeFileSync(path, tableToIPC(table, 'file'));
  const { types, ignored } = await importMade(local, path);
  equal(`${types} / ${ignored}`, 'd:text? clock:f64? x:bytes? u:i64? / list');
  deepEqual(await rowsOf(local, 'SELECT d, clock, x::VARCHAR, u FROM made'), [
    String.raw`["-0.05",60000000000,"\\x01\\xFF",4294967295]`,
  ]);
  await rejects(importInto(local, { path, map: { price: 'list' } }), {
    code: 'INVALID_ARGUMENT',
    message: /column list of the file, for price, is of type List<Int32>/,
  });
  await rejects(importInto(local, { path, map: { time: 'u' } }), {
    code: 'INVALID_ARGUMENT',
    message: /a number is a time with --time-format/,
  });
});

test('times beside that of the row: nanoseconds in i64, ISO in text', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.parquet');
  const ns = '1704187800123456789';
  await writeParquet(
    path,
    `SELECT n AS time, 'A' AS symbol, n AS received, NULL::TIMESTAMP AS sent, DATE '1960-02-29' AS
     expiry FROM (SELECT make_timestamp_ns(${ns}) AS n)`,
  );
  const { types } = await importMade(local, path);
  equal(types, 'received:i64? sent:i64? expiry:text?');
  const read = 'SELECT received::VARCHAR, sent, expiry FROM made';
  deepEqual(await rowsOf(local, read), [`["${ns}",null,"1960-02-29"]`]);
  const columns = 'received:text?,expiry:i64';
  await importInto(local, { path, table: 'other', columns });
  deepEqual(await rowsOf(local, 'SELECT received, expiry::VARCHAR FROM other'), [
    '["2024-01-02T09:30:00.123456789Z","-310521600000000000"]',
  ]);
  const arrow = join(root, 'a.arrow');
  const table = new Table({
    time: vectorFromArray([1_704_187_800_000], new TimestampMillisecond()),
    symbol: vectorFromArray(['A']),
    received: vectorFromArray([-1], new TimestampMillisecond()),
    sent: vectorFromArray([null], new TimestampSecond()),
    expiry: vectorFromArray([new Date('1960-02-29')], new DateDay()),
  });
  writeFileSync(arrow, tableToIPC(table, 'file'));
  await importInto(local, { path: arrow, table: 'made', create: true });
  deepEqual(
    (await rowsOf(local, `${read} ORDER BY sequence`))[1],
    '["-1000000",null,"1960-02-29"]',
  );
});

test('Arrow: a stream that was cut off is said to be, behind what it has', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const path = join(root, 'a.arrows');
  const times = vectorFromArray([0, 1], new TimestampMillisecond());
  const table = new Table({ time: times, symbol: vectorFromArray(['A', 'B']) });
  writeFileSync(path, tableToIPC(table, 'stream').subarray(0, -40));
  await rejects(importInto(local, { path }), {
    code: 'INVALID_ARGUMENT',
    message: /cannot be read behind row 0, it is damaged or not whole/,
  });
});
