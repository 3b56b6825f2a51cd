// The door to CSV: rows and symbols of a file, what is refused, and a reader that is closed.

import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NdtsError, type TableSchema } from '@ndts/protocol';
import { type CsvPlan, CsvReader, sampleCsv, writeCsv } from './csv.js';
import { TableBatch } from './table-batch.js';

const schema: TableSchema = {
  name: 'T',
  columns: [
    { name: 'price', type: 'f64' },
    { name: 'peer', type: 'symbol', nullable: true },
    { name: 'note', type: 'text', nullable: true },
  ],
};

const withCode = (code: string) => (error: unknown) =>
  error instanceof NdtsError && error.code === code;

function makePlan(context: TestContext, text: string): CsvPlan {
  const root = mkdtempSync(join(tmpdir(), 'ndts-csv-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const path = join(root, 'a.csv');
  writeFileSync(path, text);
  return {
    path,
    delimiter: ',',
    quote: '"',
    skipLines: 0,
    schema,
    hasHeader: true,
    fields: 5,
    columns: [
      { target: 'time', field: 0 },
      { target: 'symbol', field: 1 },
      { target: 'column', column: 0, field: 2 },
      { target: 'column', column: 1, field: 3 },
      { target: 'column', column: 2, field: 4 },
    ],
    nullWords: [],
    timeKind: 'iso',
    offsetMinutes: 0,
  };
}

test('rows, names that are new, rejects, and where the next record is', async (context) => {
  const text = 'time,symbol,price,peer,note\n2024-01-02,B,1.5,A,ä\nx,C,1,,\n2024-01-02,A,2,,\n';
  const reader = new CsvReader(makePlan(context, text));
  equal(reader.fileBytes, Buffer.byteLength(text));
  const batch = new TableBatch(schema, 8);
  const read = await reader.next(batch);
  deepEqual(read.names, ['B', 'A']);
  deepEqual(
    read.rejects.map(({ line, field, reason }) => [line, field, reason]),
    [[3, 0, 'not a time']],
  );
  equal(read.ended && read.offset, reader.fileBytes);
  equal(read.line, 5);
  throws(() => reader.resolve(batch), withCode('INVALID_ARGUMENT'));
  reader.teach(Uint32Array.of(7, 9));
  reader.resolve(batch);
  deepEqual([...batch.symbol.subarray(0, 2)], [7, 9]);
  equal(batch.column('peer')[0], 9);
  equal(batch.isNull('peer', 1), true);
  equal(batch.text('note', 0), 'ä');
  reader.close();
  reader.close();
  await rejects(reader.next(batch), withCode('CLOSED'));
});

test('plans and calls that cannot be are refused', async (context) => {
  const plan = makePlan(context, 'a,b,c,d,e\n');
  const wrong: Partial<CsvPlan>[] = [
    { delimiter: ',,' },
    { delimiter: '\n' },
    { quote: ',' },
    { fields: 3 },
    { columns: [{ target: 'column', column: 9, field: 0 }] },
    { columns: [{ target: 'column', column: 0, constant: 'x' }] },
    { timeKind: 'pattern', timePattern: '%Q' },
  ];
  for (const change of wrong)
    throws(
      () => new CsvReader({ ...plan, ...change }),
      withCode('INVALID_ARGUMENT'),
      JSON.stringify(change),
    );
  throws(() => new CsvReader({ ...plan, path: `${plan.path}x` }), withCode('NOT_FOUND'));
  throws(() => sampleCsv({ ...plan, path: `${plan.path}x` }, 1), withCode('NOT_FOUND'));
  const reader = new CsvReader(plan);
  const batch = new TableBatch(schema, 8);
  const small = new TableBatch({ name: 'S', columns: [] }, 1);
  await rejects(reader.next(Object.assign(small, { capacity: 8 })), withCode('INVALID_ARGUMENT'));
  const first = reader.next(batch);
  await rejects(reader.next(batch), (error) => {
    match(String(error), /reads already/);
    return true;
  });
  equal((await first).rows, 0);
  reader.close();
});

test('a reader that is closed while it reads ends well', async (context) => {
  const reader = new CsvReader(makePlan(context, 'a,b,c,d,e\n2024-01-02,A,1,,\n'));
  const batch = new TableBatch(schema, 8);
  const reading = reader.next(batch);
  reader.close();
  equal((await reading).rows, 1);
});

test('columns that are shorter than they say are not written', () => {
  const dialect = { delimiter: ',', quote: '"' };
  const values = new Float64Array([1.5]).buffer;
  equal(Buffer.from(writeCsv(dialect, ['f64'], [{ values }], 1)).toString(), '1.5\n');
  throws(() => writeCsv(dialect, ['f64'], [{ values }], 2), withCode('INVALID_ARGUMENT'));
  throws(() => writeCsv(dialect, ['time'], [{ values }], 1), withCode('INVALID_ARGUMENT'));
  const ends = new Uint32Array([3]).buffer;
  throws(() => writeCsv(dialect, ['text'], [{ values: ends }], 1), withCode('INVALID_ARGUMENT'));
});
