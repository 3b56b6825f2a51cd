// Tables of any schema and snapshots, from JavaScript: values of every type come back as they went
// in, through a seal and a reopening; misuse is named.

import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { barSchema, createTickBatch, signalSchema, type TableSchema } from '@ndts/protocol';
import { openSmall } from './database-test-kit.js';
import { restoreSnapshot, TableBatch } from './db.js';

function folder(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'ndts-tables-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

const everything: TableSchema = {
  name: 'everything',
  columns: [
    { name: 'whole', type: 'i64' },
    { name: 'real', type: 'f64', nullable: true },
    { name: 'small', type: 'i32' },
    { name: 'single', type: 'f32' },
    { name: 'on', type: 'bool' },
    { name: 'other', type: 'symbol' },
    { name: 'note', type: 'text', nullable: true },
    { name: 'raw', type: 'bytes' },
  ],
};

function fill(batch: TableBatch, rows: number): void {
  batch.clear();
  for (let row = 0; row < rows; row += 1) {
    batch.day[row] = 20_000 + row;
    batch.nsOfDay[row] = 5;
    batch.symbol[row] = 7;
    batch.column('whole')[row] = -(2n ** 62n) + BigInt(row);
    batch.doubles('real')[row] = 0.1 * row;
    batch.column('small')[row] = 5 - row;
    batch.column('single')[row] = 1.5;
    batch.column('on')[row] = row % 2;
    batch.column('other')[row] = 7;
    if (row % 3 === 0) {
      batch.setNull('note', row);
      batch.setNull('real', row);
    } else {
      batch.nulls('note')![row] = 0;
      batch.nulls('real')![row] = 0;
      batch.setText('note', row, `größer ${row}`);
    }
    batch.setBytes('raw', row, Uint8Array.of(0, row));
  }
  batch.count = rows;
}

function expectRows(batch: TableBatch, rows: number): void {
  equal(batch.count, rows);
  for (let row = 0; row < rows; row += 1) {
    equal(batch.day[row], 20_000 + row);
    equal(batch.sequence[row], row);
    equal(batch.shard[row], 1);
    equal(batch.column('whole')[row], -(2n ** 62n) + BigInt(row));
    equal(batch.isNull('note', row), row % 3 === 0);
    equal(batch.isNull('real', row), row % 3 === 0);
    if (row % 3 !== 0) {
      equal(batch.doubles('real')[row], 0.1 * row);
      equal(batch.text('note', row), `größer ${row}`);
    }
    equal(batch.column('small')[row], 5 - row);
    equal(batch.column('on')[row], row % 2);
    deepEqual([...batch.bytes('raw', row)], [0, row]);
  }
}

test('values of every type come back', (context) => {
  const root = folder(context);
  let database = openSmall(root);
  database.registerSymbol(7, 1, 'SEVEN');
  const table = database.createTable(everything);
  equal(database.createTable(everything), table);
  const batch = new TableBatch(everything, 20);
  fill(batch, 20);
  database.appendRows(table, batch);
  const found = new TableBatch(everything, 30);
  const all = [
    { day: 0, nsOfDay: 0 },
    { day: 90_000, nsOfDay: 0 },
  ] as const;
  const check = (): void => {
    database.loadRows(table, 7, all[0], all[1], found);
    expectRows(found, 20);
    database.lastRows(table, 7, found);
    expectRows(found, 20);
    database.readRows(table, 1, 0, found);
    expectRows(found, 20);
  };
  check();
  database.seal();
  check();
  const marks = new Float64Array(8);
  database.watermarks(marks, table);
  deepEqual([...marks], [0, 0, 0, 0, 20, 20, 20, 20]);
  database.close();
  database = openSmall(root);
  check();
  equal(database.nextSequence(1, table), 20);
  deepEqual(
    database.tables().map((one) => one.name),
    ['tick', 'everything'],
  );
  database.close();
});

test('the built-in schemas are tables like others', (context) => {
  const database = openSmall(folder(context));
  database.registerSymbol(1, 0, 'ONE');
  const bars = database.createTable(barSchema);
  const signals = database.createTable(signalSchema);
  const batch = new TableBatch(signalSchema, 1);
  batch.day[0] = 1;
  batch.symbol[0] = 1;
  batch.setText('strategy', 0, 'bollinger-1');
  batch.setNull('price', 0);
  batch.count = 1;
  database.appendRows(signals, batch);
  const found = new TableBatch(signalSchema, 5);
  equal(database.lastRows(signals, 1, found), 1);
  equal(found.text('strategy', 0), 'bollinger-1');
  ok(found.isNull('price', 0));
  equal(database.lastRows(bars, 1, new TableBatch(barSchema, 5)), 0);
  database.close();
});

test('misuse is named', (context) => {
  const database = openSmall(folder(context));
  database.registerSymbol(7, 1, 'SEVEN');
  const table = database.createTable(everything);
  const refused = (code: string) => (error: unknown) => (error as { code: string }).code === code;
  const batch = new TableBatch(everything, 4);
  fill(batch, 4);
  throws(() => database.appendRows(99, batch), refused('NOT_FOUND'));
  const other = { ...everything, columns: everything.columns.slice(1) };
  throws(() => database.createTable(other), refused('ALREADY_EXISTS'));
  const wrong = { name: 'x', columns: [{ name: 'a', type: 'decimal' }] };
  throws(() => database.createTable(wrong as never), refused('INVALID_ARGUMENT'));
  throws(() => database.createTable({ name: 'x', columns: [] }), refused('INVALID_ARGUMENT'));
  throws(() => batch.column('note'), refused('INVALID_ARGUMENT'));
  throws(() => batch.text('whole', 0), refused('INVALID_ARGUMENT'));
  throws(() => batch.setNull('whole', 0), refused('INVALID_ARGUMENT'));
  for (const row of [-1, batch.capacity, 0.5, Number.NaN]) {
    throws(() => batch.setNull('real', row), refused('INVALID_ARGUMENT'));
    throws(() => batch.setText('note', row, 'x'), refused('INVALID_ARGUMENT'));
  }
  throws(() => new TableBatch(everything, 0), refused('INVALID_ARGUMENT'));
  batch.column('on')[1] = 2;
  throws(() => database.appendRows(table, batch), refused('INVALID_ARGUMENT'));
  const bars = new TableBatch(barSchema, 1);
  throws(() => database.appendRows(table, bars), refused('INVALID_ARGUMENT'));
  throws(() => database.lastRows(table, 7, bars), refused('INVALID_ARGUMENT'));
  structuredClone(batch.buffer, { transfer: [batch.buffer] });
  throws(() => database.appendRows(table, batch), refused('INVALID_ARGUMENT'));
  equal(database.nextSequence(1, table), 0);
  database.close();
  throws(() => database.appendRows(table, batch), refused('CLOSED'));
  throws(() => database.snapshots(), refused('CLOSED'));
});

test('a snapshot comes back in another folder', async (context) => {
  const root = folder(context);
  const database = openSmall(root);
  database.registerSymbol(7, 1, 'SEVEN');
  const ticks = createTickBatch(100);
  ticks.symbol.fill(7);
  ticks.day.fill(20_000);
  ticks.price.fill(1.25);
  ticks.count = 100;
  database.appendTicks(ticks);
  database.write([{ key: 'k', value: Uint8Array.of(1) }]);
  await database.snapshot('one');
  await rejects(database.snapshot('one'), { code: 'ALREADY_EXISTS' });
  await rejects(database.snapshot('../one'), { code: 'INVALID_ARGUMENT' });
  database.appendTicks(ticks);
  database.write([{ key: 'k', value: undefined }]);
  deepEqual(
    database.snapshots().map((one) => one.name),
    ['one'],
  );
  equal(database.stats().snapshots, 1);
  restoreSnapshot(join(root, 'data/snapshots/one'), join(root, 'again'));
  const again = openSmall(root, 'again');
  equal(again.nextSequence(1), 100);
  deepEqual([...(again.get('k') ?? [])], [1]);
  ok(again.epoch(1) > database.epoch(1));
  again.close();
  database.removeSnapshot('one');
  ok(!existsSync(join(root, 'data/snapshots/one')));
  database.close();
});
