// The formats that are imported, behind one face: the names of a file's columns, what a table
// made for it would have, and its rows.

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ColumnSchema, NdtsError, type TableSchema, type ValueTypeName } from '@ndts/protocol';
import type { SqlKind } from '@ndts/native/sql';
import { BatchFiller, type TimeUnitName } from './batch-filler.js';
import type { ColumnMap } from './column-map.js';
import { type CsvOptions, csvPlan, openCsvFile } from './csv-options.js';
import { CsvSource } from './csv-source.js';
import { inferColumns } from './infer-schema.js';
import { openParquetFile, ParquetSource } from './parquet-source.js';
import type { EnsureSymbols, RowSource, SourcePlace } from './row-source.js';

export type ImportFormatName = 'csv' | 'parquet' | 'arrow';

export interface ImportFormat {
  /** Of the file's columns. */
  readonly names: readonly string[];
  /** Columns that nothing can be taken from, with what they are. */
  readonly unreadable: ReadonlyMap<number, string>;
  /** Columns of a table that is made for the file, but those in `taken`. */
  columns(taken: ReadonlySet<number>): ColumnSchema[];
  /** Once. */
  source(
    schema: TableSchema,
    map: ColumnMap,
    ensure: EnsureSymbols,
    from: SourcePlace | undefined,
  ): RowSource;
  /** Where no source was made. */
  close(): Promise<void>;
}

/** By the end of its name: csv unless it says another. */
export function importFormatOf(path: string): ImportFormatName {
  if (/\.(parquet|pq)$/i.test(path)) return 'parquet';
  return /\.(arrow|arrows|feather|ipc)$/i.test(path) ? 'arrow' : 'csv';
}

export async function openImportFormat(
  path: string,
  name: ImportFormatName,
  options: CsvOptions,
): Promise<ImportFormat> {
  if (!existsSync(path)) throw new NdtsError('NOT_FOUND', `there is no file ${path}`);
  if (name === 'parquet') return openParquet(path, options);
  if (name === 'csv') return openCsv(path, options);
  // Arrow takes a quarter of a second to load, which nobody else should wait for.
  const { openArrow } = await import('./import-arrow.js');
  return openArrow(path, options);
}

function openCsv(path: string, options: CsvOptions): ImportFormat {
  const file = openCsvFile(path, options);
  return {
    names: file.names,
    unreadable: new Map(),
    columns: (taken) => inferColumns(file.names, file.sample, taken),
    source: (schema, map, ensure, from) =>
      new CsvSource(csvPlan(file, schema, map, options, from), file.names, ensure),
    close: () => Promise.resolve(),
  };
}

async function openParquet(path: string, options: CsvOptions): Promise<ImportFormat> {
  const { size } = await stat(path);
  const file = await openParquetFile(resolve(path));
  return {
    names: file.columns.map((column) => column.name),
    unreadable: file.unreadable,
    columns: (taken) =>
      columnsOf(
        file.columns.map(({ name, type, kind }, at) => [
          name,
          file.unreadable.has(at) ? undefined : (typesOfName[type] ?? typesOfKind[kind]),
        ]),
        taken,
      ),
    source: (schema, map, ensure, from) =>
      new ParquetSource(
        file,
        new BatchFiller(schema, map, ensure, timeUnit(options)),
        from?.offset ?? 0,
        size,
      ),
    close: () => Promise.resolve(),
  };
}

/** What times that are numbers count; only when it was said. */
export function timeUnit(options: CsvOptions): TimeUnitName | undefined {
  const { timeFormat } = options;
  if (timeFormat === 's' || timeFormat === 'ms' || timeFormat === 'us' || timeFormat === 'ns')
    return timeFormat;
  if (timeFormat === undefined || timeFormat === 'iso') return undefined;
  throw new NdtsError('INVALID_ARGUMENT', `--time-format ${timeFormat} is for CSV only`);
}

/** Without those that are taken already, and those without a type. */
export function columnsOf(
  columns: readonly (readonly [string, ValueTypeName | undefined])[],
  taken: ReadonlySet<number>,
): ColumnSchema[] {
  return columns.flatMap(([name, type], at) =>
    taken.has(at) || type === undefined ? [] : [{ name, type, nullable: true }],
  );
}

const typesOfName: Readonly<Record<string, ValueTypeName | undefined>> = {
  // A number of 32 bits without a sign: what a query gives of it is a double.
  UINTEGER: 'i64',
  DATE: 'text',
};

const typesOfKind: Readonly<Record<SqlKind, ValueTypeName>> = {
  bool: 'bool',
  i32: 'i32',
  i64: 'i64',
  u64: 'i64',
  f32: 'f32',
  f64: 'f64',
  time: 'i64',
  timeOfDay: 'f64',
  text: 'text',
  integer: 'text',
  decimal: 'text',
  bytes: 'bytes',
};
