// Rows between a batch of a table and the form in which they go to another process. Copies arrays,
// never looks at a value.

import { type ColumnValues, TableBatch } from '@ndts/native/db';
import { NdtsError, type TableSchema } from '@ndts/protocol';
import { array, record, text, whole } from './arguments.js';
import type { RawRowColumn, RawRows } from './service.js';

export const batchRowsMax = 1 << 20;

function isHeap(type: string): boolean {
  return type === 'text' || type === 'bytes';
}

/** Values in a column for each row: a place is two. */
function widthOf(type: string): number {
  return isHeap(type) ? 2 : 1;
}

/** The schema's columns of these names, in their order; without names all. INVALID_ARGUMENT. */
export function chooseColumns(
  schema: TableSchema,
  names: readonly string[] | undefined,
): TableSchema['columns'] {
  return (names ?? schema.columns.map((column) => column.name)).map((name) => {
    const column = schema.columns.find((one) => one.name === name);
    if (column === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `table ${schema.name} has no column ${name}`);
    return column;
  });
}

type Places = Pick<TableBatch, 'day' | 'nsOfDay' | 'sequence' | 'symbol'>;

/** Views of where rows [0, count) of a batch stand: their times, sequences and symbols. */
export function placesOf(batch: Places, count: number): Places {
  return {
    day: batch.day.subarray(0, count),
    nsOfDay: batch.nsOfDay.subarray(0, count),
    sequence: batch.sequence.subarray(0, count),
    symbol: batch.symbol.subarray(0, count),
  };
}

/** Views of rows [0, count) of a batch, of these columns. */
export function rowsOf(
  batch: TableBatch,
  columns: TableSchema['columns'] = batch.schema.columns,
  count = batch.count,
): RawRows {
  const heap = batch.heap();
  return {
    count,
    ...placesOf(batch, count),
    shard: batch.shard.subarray(0, count),
    epoch: batch.epoch.subarray(0, count),
    columns: columns.map(({ name, type }): RawRowColumn => {
      const nulls = batch.nulls(name)?.subarray(0, count);
      return {
        name,
        type,
        values: batch.stored(name).subarray(0, count * widthOf(type)),
        ...(nulls === undefined ? {} : { nulls }),
      };
    }),
    ...(heap === undefined ? {} : { heap }),
  };
}

/** A batch of these rows, which came from outside: sizes and types are looked at. Columns that are
 * not given are null; INVALID_ARGUMENT for one that cannot be. */
export function batchOf(schema: TableSchema, given: unknown): TableBatch {
  const rows = record(given, 'rows');
  const count = whole(rows['count'], 'count', 0, batchRowsMax);
  const batch = new TableBatch(schema, Math.max(1, count));
  batch.count = count;
  batch.day.set(array(rows['day'], Float64Array, count, 'day'));
  batch.nsOfDay.set(array(rows['nsOfDay'], Float64Array, count, 'nsOfDay'));
  batch.symbol.set(array(rows['symbol'], Uint32Array, count, 'symbol'));
  const columns = rows['columns'];
  if (!Array.isArray(columns)) throw new NdtsError('INVALID_ARGUMENT', 'columns: expected a list');
  const found = new Map<string, Readonly<Record<string, unknown>>>();
  for (const one of columns) {
    const column = record(one, 'a column');
    found.set(text(column['name'], 'the name of a column'), column);
  }
  chooseColumns(schema, [...found.keys()]);
  const { heap } = rows;
  for (const { name } of schema.columns) setColumn(batch, name, found.get(name), heap);
  return batch;
}

type Values = new (length: number) => ColumnValues;

function setColumn(
  batch: TableBatch,
  name: string,
  given: Readonly<Record<string, unknown>> | undefined,
  heap: unknown,
): void {
  const { count } = batch;
  const nulls = batch.nulls(name);
  if (given === undefined) {
    if (nulls === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `column ${name} is missing and not nullable`);
    nulls.fill(1, 0, count);
    return;
  }
  const stored = batch.stored(name);
  const type = batch.schema.columns.find((one) => one.name === name)?.type ?? '';
  const length = count * widthOf(type);
  const values = array(given['values'], stored.constructor as Values, length, name);
  if (given['nulls'] !== undefined) {
    if (nulls === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `column ${name} is not nullable`);
    nulls.set(array(given['nulls'], Uint8Array, count, `nulls of ${name}`));
  }
  if (isHeap(type)) setTexts(batch, name, values as Uint32Array, heap);
  else stored.set(values as never);
}

function setTexts(batch: TableBatch, name: string, places: Uint32Array, given: unknown): void {
  if (!(given instanceof Uint8Array))
    throw new NdtsError('INVALID_ARGUMENT', `the texts of ${name}: expected a Uint8Array`);
  for (let row = 0; row < batch.count; row += 1) {
    if (batch.isNull(name, row)) continue;
    const offset = places[2 * row] ?? 0;
    const end = offset + (places[2 * row + 1] ?? 0);
    if (end > given.length)
      throw new NdtsError('INVALID_ARGUMENT', `column ${name}: a text beyond its heap`);
    batch.setBytes(name, row, given.subarray(offset, end));
  }
}
