// Rows as objects, for who has few of them, made into columns of a table.

import { TableBatch } from '@ndts/native/db';
import {
  type ColumnSchema,
  NdtsError,
  type TableSchema,
  type Time,
  timeFromMs,
} from '@ndts/protocol';
import type { RowValue } from './row-batch.js';

/** A row to insert: when, of which symbol, and values by the names of the columns. A column that is
 * left out, or undefined, is null. Columns of type symbol take names. */
export interface InsertRow {
  readonly time: Time | Date;
  readonly symbol: string;
  readonly [column: string]: RowValue | undefined | Time | Date;
}

/** Every name of a symbol that the rows have. */
export function namesIn(schema: TableSchema, rows: readonly InsertRow[]): Set<string> {
  const names = new Set<string>();
  const columns = schema.columns.filter((column) => column.type === 'symbol');
  for (const [at, row] of rows.entries()) {
    names.add(nameOf(row.symbol, at, 'symbol'));
    for (const { name } of columns)
      if (row[name] !== undefined && row[name] !== null) names.add(nameOf(row[name], at, name));
  }
  return names;
}

export function tableBatch(
  schema: TableSchema,
  rows: readonly InsertRow[],
  ids: ReadonlyMap<string, number>,
): TableBatch {
  const known = new Set(['time', 'symbol', ...schema.columns.map((column) => column.name)]);
  const batch = new TableBatch(schema, Math.max(1, rows.length));
  for (const [at, row] of rows.entries()) {
    for (const name of Object.keys(row))
      if (!known.has(name))
        throw new NdtsError(
          'INVALID_ARGUMENT',
          `row ${at}: table ${schema.name} has no column ${name}`,
        );
    const time = timeOf(row.time, at);
    batch.day[at] = time.day;
    batch.nsOfDay[at] = time.nsOfDay;
    batch.symbol[at] = ids.get(row.symbol) ?? 0;
    for (const column of schema.columns) put(batch, at, column, row[column.name], ids);
  }
  batch.count = rows.length;
  return batch;
}

function nameOf(value: unknown, row: number, column: string): string {
  if (typeof value === 'string') return value;
  throw new NdtsError('INVALID_ARGUMENT', `row ${row}, ${column}: expected the name of a symbol`);
}

function timeOf(time: unknown, row: number): Time {
  if (time instanceof Date) return timeFromMs(time.getTime());
  if (typeof time === 'object' && time !== null && 'day' in time && 'nsOfDay' in time)
    return time as Time;
  throw new NdtsError('INVALID_ARGUMENT', `row ${row}, time: expected a Date or { day, nsOfDay }`);
}

function put(
  batch: TableBatch,
  row: number,
  { name, type }: ColumnSchema,
  value: unknown,
  ids: ReadonlyMap<string, number>,
): void {
  if (value === null || value === undefined) {
    batch.setNull(name, row);
    return;
  }
  const wrong = (): NdtsError =>
    new NdtsError(
      'INVALID_ARGUMENT',
      `row ${row}, column ${name}: expected ${type}, found ${shown(value)}`,
    );
  if (type === 'text') {
    if (typeof value !== 'string') throw wrong();
    batch.setText(name, row, value);
  } else if (type === 'bytes') {
    if (!(value instanceof Uint8Array)) throw wrong();
    batch.setBytes(name, row, value);
  } else if (type === 'symbol') batch.column(name)[row] = ids.get(nameOf(value, row, name)) ?? 0;
  else batch.column(name)[row] = numberFor(type, value, wrong);
}

/** Numbers as they are: that a fraction or a number beyond the range is one says what is wrong. */
function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? `${value}` : `a ${typeof value}`;
}

function numberFor(type: string, value: unknown, wrong: () => NdtsError): number | bigint {
  if (type === 'i64') {
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    throw wrong();
  }
  if (type === 'bool') {
    if (typeof value === 'boolean') return value ? 1 : 0;
    throw wrong();
  }
  if (typeof value !== 'number' || (type === 'i32' && (value | 0) !== value)) throw wrong();
  return value;
}
