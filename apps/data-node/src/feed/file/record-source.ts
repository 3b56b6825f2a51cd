// A file as records: each in its order, with time and symbol, and what rows come of it. What a
// format does is to say this of its files.

import type { TableSchema } from '@ndts/protocol';
import {
  type EnsureSymbols,
  mapColumns,
  openImportFormat,
  type RejectedRow,
  type RowSource,
  TableBatch,
} from '@ndts/storage';
import type { FeedRows } from '../feed-rows.js';
import type { FileKind } from './file-beginning.js';

export interface RecordChunk {
  readonly count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly symbol: Uint32Array;
  /** Makes the rows of a record; at most `rowsMax` of each kind. */
  emit(record: number, rows: FeedRows): void;
  readonly rejects: readonly RejectedRow[];
  /** The file has no more. */
  readonly ended: boolean;
}

export interface RecordSource {
  readonly rowsMax: number;
  /** The chunk before is void; one call at a time. */
  next(): Promise<RecordChunk>;
  close(): Promise<void>;
}

/** How a format's columns are found in the file. */
export interface RecordColumns {
  readonly schema: TableSchema;
  /** Column of the schema, or time, or symbol, to one of the file: its name, or its number. */
  readonly map: Readonly<Record<string, string>>;
  readonly set?: Readonly<Record<string, string>>;
  readonly header: boolean;
  /** Of CSV; of Parquet its columns tell. */
  readonly timeFormat?: string;
  readonly utcOffset?: string;
}

export interface OpenRecords {
  readonly path: string;
  readonly kind: FileKind;
  readonly ensure: EnsureSymbols;
  readonly chunkRows: number;
}

/** Each time a batch was read: what its rows say. */
export type ChunkOf = (
  batch: TableBatch,
) => Pick<RecordChunk, 'emit'> & Partial<Pick<RecordChunk, 'day' | 'nsOfDay'>>;

export interface TableRecords {
  readonly batch: TableBatch;
  readonly source: RowSource;
}

/** Opens the rows of one file. */
export async function openTable(at: OpenRecords, columns: RecordColumns): Promise<TableRecords> {
  const unit = at.kind === 'csv' ? columns.timeFormat : await countedUnit(at, columns);
  const options = {
    header: columns.header,
    ...(unit === undefined ? {} : { timeFormat: unit }),
    ...(columns.utcOffset === undefined ? {} : { utcOffset: columns.utcOffset }),
  };
  const format = await openImportFormat(at.path, at.kind, options);
  try {
    const { schema, map, set } = columns;
    const columnMap = mapColumns(format.names, schema, { map, ...(set && { set }) });
    const source = format.source(schema, columnMap, at.ensure, undefined);
    return { batch: new TableBatch(schema, at.chunkRows), source };
  } catch (error) {
    await format.close();
    throw error;
  }
}

/** The unit of times that are numbers, by the size of the first; undefined: they are none. */
async function countedUnit(at: OpenRecords, columns: RecordColumns): Promise<string | undefined> {
  const said = columns.map['time'];
  if (said === undefined) return undefined;
  const format = await openImportFormat(at.path, at.kind, {});
  const type = format.columns(new Set()).find((one) => one.name === said)?.type;
  if (type !== 'i64') {
    await format.close();
    return undefined;
  }
  const schema = { name: 'first', columns: [{ name: 'first', type: 'i64' as const }] };
  const first = mapColumns(format.names, schema, {
    map: { first: said },
    set: { time: '1970-01-01', symbol: 'first' },
  });
  const source = format.source(schema, first, async () => Uint32Array.of(1), undefined);
  const batch = new TableBatch(schema, 1);
  await source.next(batch);
  await source.close();
  return unitOf(batch.count === 0 ? 0 : Number(batch.column('first')[0] ?? 0));
}

/** As the CSV reader tells it: seconds below 1e11, milliseconds below 1e14, and so on. */
export function unitOf(count: number): 's' | 'ms' | 'us' | 'ns' {
  const size = Math.abs(count);
  if (size < 1e11) return 's';
  if (size < 1e14) return 'ms';
  return size < 1e17 ? 'us' : 'ns';
}

export class TableRecordSource implements RecordSource {
  readonly rowsMax: number;
  readonly #table: TableRecords;
  readonly #chunkOf: ChunkOf;

  constructor(table: TableRecords, rowsMax: number, chunkOf: ChunkOf) {
    this.rowsMax = rowsMax;
    this.#table = table;
    this.#chunkOf = chunkOf;
  }

  async next(): Promise<RecordChunk> {
    const { batch, source } = this.#table;
    const { rows: count, ended, rejects } = await source.next(batch);
    const { day, nsOfDay, symbol } = batch;
    return { count, day, nsOfDay, symbol, rejects, ended, ...this.#chunkOf(batch) };
  }

  close(): Promise<void> {
    return this.#table.source.close();
  }
}

/** A column of reals. */
export function realsOf(batch: TableBatch, name: string): Float64Array {
  return batch.column(name) as Float64Array;
}
