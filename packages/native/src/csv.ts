// CSV files, parsed by a thread of the engine into rows of a table, and rows written as CSV.
// storage/src/transfer is the door for everybody else.
//
// Always: a batch that next() fills is left alone until its promise is settled.

import type { TableSchema } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';
import type { RawColumn, SqlKind } from './sql.js';
import type { TableBatch } from './table-batch.js';

export interface CsvDialect {
  /** One byte. */
  readonly delimiter: string;
  /** One byte; undefined: fields have no quotes. */
  readonly quote: string | undefined;
  /** Records that begin with this byte are passed over. */
  readonly comment?: string | undefined;
}

/** The beginning of a file. */
export interface CsvBeginning extends CsvDialect {
  readonly path: string;
  /** Before the header. */
  readonly skipLines: number;
}

/** How time is written; engine/csv/csv_time.h says more. */
export const csvTimeKinds = {
  iso: 0,
  s: 1,
  ms: 2,
  us: 3,
  ns: 4,
  auto: 5,
  pattern: 6,
} as const;
export type CsvTimeKind = keyof typeof csvTimeKinds;

/** Where the values of a column come from: a field of the records, or one text for all rows. */
export interface CsvColumn {
  readonly target: 'time' | 'symbol' | 'column';
  /** Place in the schema, of a column. */
  readonly column?: number;
  /** From 0. */
  readonly field?: number;
  /** The time of day, where it is apart from the date. */
  readonly second?: number;
  readonly constant?: string;
}

export interface CsvPlan extends CsvBeginning {
  readonly schema: TableSchema;
  readonly hasHeader: boolean;
  /** Of each record. */
  readonly fields: number;
  readonly columns: readonly CsvColumn[];
  /** What stands for null beside an empty field. */
  readonly nullWords: readonly string[];
  readonly timeKind: CsvTimeKind;
  readonly timePattern?: string | undefined;
  /** What times without an offset of their own are ahead of UTC. */
  readonly offsetMinutes: number;
  /** A record's first byte, and its line: where an earlier reader stopped. Default: the start. */
  readonly from?: CsvPlace | undefined;
  /** Read at once; for tests. */
  readonly blockBytes?: number;
}

export interface CsvPlace {
  readonly offset: number;
  readonly line: number;
}

export interface CsvReject extends CsvPlace {
  /** Of the record, from 0; undefined: all of it. */
  readonly field?: number;
  readonly reason: string;
  /** The record, or its first 64 KiB. */
  readonly text: Uint8Array;
}

export interface CsvRead {
  readonly rows: number;
  readonly ended: boolean;
  /** Of the next record. */
  readonly offset: number;
  readonly line: number;
  /** Symbols that no earlier batch had; teach() wants their ids. */
  readonly names: readonly string[];
  readonly rejects: readonly CsvReject[];
}

interface NativeCsvReader {
  next(buffer: ArrayBuffer, capacity: number): Promise<CsvRead & { heap: Uint8Array }>;
  teach(ids: Uint32Array): void;
  resolve(buffer: ArrayBuffer, capacity: number, count: number): void;
  fileBytes(): number;
  close(): void;
}

const door = addon as {
  readonly CsvReader: new (plan: object, schema: TableSchema) => NativeCsvReader;
  sampleCsv(beginning: CsvBeginning, records: number): (string | null)[][];
  writeCsv(
    dialect: CsvDialect,
    kinds: readonly SqlKind[],
    columns: readonly RawColumn[],
    rows: number,
  ): Uint8Array;
};

export class CsvReader {
  readonly fileBytes: number;
  readonly #native: NativeCsvReader;

  /** Throws NOT_FOUND, INVALID_ARGUMENT and what opening a file throws. */
  constructor(plan: CsvPlan) {
    const { schema, timeKind, from, ...rest } = plan;
    const asked = {
      ...rest,
      timeKind: csvTimeKinds[timeKind],
      ...(from ?? { offset: 0, line: 1 }),
    };
    this.#native = native(() => new door.CsvReader(asked, schema));
    this.fileBytes = native(() => this.#native.fileBytes());
  }

  /** Fills the batch; one call at a time. Its symbols are not ids before resolve(). */
  async next(batch: TableBatch): Promise<CsvRead> {
    try {
      const read = await this.#native.next(batch.buffer, batch.capacity);
      batch.count = read.rows;
      if (batch.hasHeap) batch.takeHeap(read.heap);
      return read;
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  /** Ids of `names`, in their order. */
  teach(ids: Uint32Array): void {
    native(() => this.#native.teach(ids));
  }

  /** Puts ids where numbers of the reader stand; once for a batch. */
  resolve(batch: TableBatch): void {
    native(() => this.#native.resolve(batch.buffer, batch.capacity, batch.count));
  }

  /** A call of next() that runs ends by itself. */
  close(): void {
    this.#native.close();
  }
}

/** The first records, as texts; null where a field is empty and has no quotes. */
export function sampleCsv(beginning: CsvBeginning, records: number): (string | null)[][] {
  return native(() => door.sampleCsv(beginning, records));
}

/** Rows of a result as CSV, a line each. */
export function writeCsv(
  dialect: CsvDialect,
  kinds: readonly SqlKind[],
  columns: readonly RawColumn[],
  rows: number,
): Uint8Array {
  return native(() => door.writeCsv(dialect, kinds, columns, rows));
}
