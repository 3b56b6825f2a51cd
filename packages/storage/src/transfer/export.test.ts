// Tables and queries into files and back: what is imported from an export is what was exported, for
// every type, in every format.

import { deepEqual, equal, rejects } from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TableBatch } from '@ndts/native/db';
import { NdtsError, type TableSchema } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { ensureSymbols, type LocalDatabase } from '../folder/local-database.js';
import { importFormatOf, openImportFormat } from './import-format.js';
import { exportFile } from './export-file.js';
import { importInto, makeRoot, openTestFolder, rowsOf, testClock } from './transfer-test-kit.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 20); // ambient: a person asks for a seed

const schema: TableSchema = {
  name: 'every "type"',
  columns: [
    { name: 'd', type: 'f64' },
    { name: 'f', type: 'f32', nullable: true },
    { name: 'l', type: 'i64', nullable: true },
    { name: 'i', type: 'i32' },
    { name: 'b', type: 'bool', nullable: true },
    { name: 's', type: 'symbol', nullable: true },
    { name: 't', type: 'text', nullable: true },
    { name: 'x', type: 'bytes' },
  ],
};

const texts = ['', 'a', 'a,b', '"', 'line\nbreak', 'ä€😀', '\r', ' x '];
const doubles = [Number.NaN, -0, 0, Infinity, -Infinity, 0.1, 5e-324, 1.7976931348623157e308, 1e22];

async function fill(local: LocalDatabase, rows: number): Promise<number> {
  const table = local.ticks.createTable(schema);
  const random = new SeededRandom(seed);
  const ids = (await ensureSymbols(local.symbols, local.ticks, ['A', 'B,b', '"C"'])).map(
    (entry) => entry.id,
  );
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  const batch = new TableBatch(schema, rows);
  const scratch = new DataView(new ArrayBuffer(8));
  const anyDouble = (): number => {
    scratch.setUint32(0, random.integer(2 ** 32));
    scratch.setUint32(4, random.integer(2 ** 32));
    const found = scratch.getFloat64(0);
    return Number.isNaN(found) ? 1 : found;
  };
  for (let row = 0; row < rows; row += 1) {
    batch.day[row] = 19_724 + random.integer(3);
    batch.nsOfDay[row] = random.integer(86_400) * 1e9 + random.integer(1e9);
    batch.symbol[row] = pick(ids);
    batch.column('d')[row] = random.integer(2) === 0 ? pick(doubles) : anyDouble();
    batch.column('f')[row] = pick(doubles.slice(0, 6));
    (batch.column('l') as BigInt64Array)[row] = pick([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]);
    batch.column('i')[row] = pick([0, 2 ** 31 - 1, -(2 ** 31)]);
    batch.column('b')[row] = random.integer(2);
    batch.column('s')[row] = pick(ids);
    batch.setText('t', row, pick(texts));
    batch.setBytes(
      'x',
      row,
      Uint8Array.from({ length: random.integer(4) }, () => 250),
    );
    for (const name of ['f', 'l', 'b', 's', 't'])
      batch.nulls(name)![row] = random.integer(4) === 0 ? 1 : 0;
  }
  batch.count = rows;
  local.ticks.appendRows(table, batch);
  return table;
}

const all = (table: string): string =>
  `SELECT epoch_ns(time)::VARCHAR, symbol, d::VARCHAR, f::VARCHAR, l::VARCHAR, i, b, s, t, ` +
  `x::VARCHAR FROM "${table.replaceAll('"', '""')}" ORDER BY ALL`;

for (const format of ['csv', 'parquet', 'arrow', 'arrow-stream'] as const)
  test(`${format}: what is exported and imported again is the same`, async (context) => {
    const root = makeRoot(context);
    const local = await openTestFolder(context, root);
    context.diagnostic(`NDTS_TEST_SEED=${seed}`);
    await fill(local, 700);
    const name = {
      csv: 'a.csv',
      parquet: 'a.parquet',
      arrow: 'a.arrow',
      'arrow-stream': 'a.arrows',
    };
    const path = join(root, name[format]);
    const selection = { table: schema.name };
    const end = await exportFile(local.ticks, testClock, { path, selection, stepRows: 100 });
    equal(end.event === 'done' && end.rows, 700);
    const columns = schema.columns
      .map((column) => `${column.name}:${column.type}${column.nullable === true ? '?' : ''}`)
      .join(',');
    const back = await importInto(local, { path, table: 'back', columns, batchRows: 64 });
    equal(back.event === 'done' && back.rows, 700);
    deepEqual(await rowsOf(local, all('back')), await rowsOf(local, all(schema.name)));
  });

test('a part of a table in order, and a query', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  await fill(local, 500);
  const path = join(root, 'a.csv');
  const from = { day: 19_725, nsOfDay: 3600e9 };
  const to = { day: 19_726, nsOfDay: 7200e9 };
  const selection = { table: schema.name, symbols: ['A', '"C"'], from, to };
  await exportFile(local.ticks, testClock, { path, selection, stepRows: 10, header: false });
  const found = readFileSync(path, 'utf8').match(/^2024-[^,]*Z/gm) ?? [];
  const wanted = await rowsOf(
    local,
    `SELECT count(*)::INT FROM "every ""type""" WHERE time >= '2024-01-03 01:00:00' AND ` +
      `time < '2024-01-04 02:00:00' AND symbol <> 'B,b'`,
  );
  equal(`[${found.length}]`, wanted[0]);
  deepEqual(found, [...found].sort());
  await rejects(
    exportFile(local.ticks, testClock, { path, selection }),
    (error) => error instanceof NdtsError && error.code === 'ALREADY_EXISTS',
  );
  const wrong = { ...selection, symbols: ['A', 'nobody'] };
  await rejects(exportFile(local.ticks, testClock, { path, selection: wrong, force: true }), {
    code: 'NOT_FOUND',
    message: /no symbol nobody/,
  });
  const others = [
    { path: join(root, 'b.csv'), compression: 'zstd' },
    { path: join(root, 'b.arrow'), rowGroupRows: 5 },
    { path: join(root, 'b.parquet'), delimiter: ';' },
    { path: join(root, 'b.parquet'), header: false },
    { path: join(root, 'b.parquet'), rowGroupRows: 0 },
  ];
  for (const one of others)
    await rejects(exportFile(local.ticks, testClock, { ...one, selection }), {
      code: 'INVALID_ARGUMENT',
      message: /is of format|row group of a row/,
    });
  const query =
    `SELECT 1 AS "a,b", NULL AS n, '' AS e, 1.5::DECIMAL(9,2) AS d, ` + `TIME '09:30:00' AS t;`;
  await exportFile(local.ticks, testClock, { path, query, force: true });
  equal(readFileSync(path, 'utf8'), '"a,b",n,e,d,t\n1,,"",1.50,09:30:00.000000000\n');
});

test('a query that fails leaves no file, and reaches no other', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  for (const name of ['a.csv', 'a.parquet', 'a.arrow']) {
    const path = join(root, name);
    await rejects(exportFile(local.ticks, testClock, { path, query: 'SELECT nope FROM tick' }));
    await rejects(
      exportFile(local.ticks, testClock, { path, query: `SELECT * FROM read_csv('/etc/passwd')` }),
    );
    await rejects(
      exportFile(local.ticks, testClock, { path, query: `SELECT 1) TO '${root}/other' --` }),
    );
    equal(existsSync(path), false);
    equal(existsSync(`${path}.part`), false);
    const lost = join(root, 'none', name);
    const missing = { code: 'NOT_FOUND' };
    await rejects(exportFile(local.ticks, testClock, { path: lost, query: 'SELECT 1' }), missing);
    await rejects(openImportFormat(lost, importFormatOf(lost), {}), missing);
  }
  equal(existsSync(join(root, 'other')), false);
});

test('a full disk is told as that, whatever the format; nothing is left', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  for (const name of ['a.csv', 'a.parquet', 'a.arrow', 'a.arrows']) {
    const path = join(root, name);
    const query = 'SELECT range AS a, hash(range) AS b FROM range(200000)';
    symlinkSync('/dev/full', `${path}.part`);
    await rejects(exportFile(local.ticks, testClock, { path, query, batchRows: 2048 }), {
      code: 'DISK_FULL',
    });
    equal(existsSync(path), false);
    mkdirSync(`${path}.part`);
    await rejects(exportFile(local.ticks, testClock, { path, query: 'SELECT 1' }), {
      code: 'IO_ERROR',
    });
  }
});

test('nobody else reads what was exported, whatever the format', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  for (const name of ['a.csv', 'a.parquet', 'a.arrow']) {
    const path = join(root, name);
    await exportFile(local.ticks, testClock, { path, query: 'SELECT 1 AS one' });
    equal(statSync(path).mode & 0o777, 0o600, name);
  }
});
