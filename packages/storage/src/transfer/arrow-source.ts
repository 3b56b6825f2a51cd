// An Arrow file or stream as rows, a record batch in memory at a time.

import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncRecordBatchFileReader,
  type AsyncRecordBatchStreamReader,
  DataType,
  type Field,
  type RecordBatch,
  RecordBatchReader,
  TimeUnit,
  type Vector,
} from 'apache-arrow';
import { NdtsError, nsPerDay, readTime, type Time } from '@ndts/protocol';
import { fileError } from '@ndts/runtime';
import type { SqlValue } from '../sql/batch.js';
import type { BatchFiller, ValueColumn } from './batch-filler.js';
import { type Chunk, ChunkSource } from './chunk-source.js';

type Reader = AsyncRecordBatchFileReader | AsyncRecordBatchStreamReader;

export interface ArrowFile {
  readonly fields: readonly Field[];
  readonly reader: Reader;
  readonly handle: FileHandle;
}

export class ArrowSource extends ChunkSource {
  readonly #file: ArrowFile;
  readonly #fileBytes: number;
  /** Rows that an earlier import took. */
  readonly #passed: number;
  #batches: AsyncIterator<RecordBatch> | undefined;

  constructor(file: ArrowFile, filler: BatchFiller, firstRow: number, fileBytes: number) {
    super(filler, 0);
    this.#file = file;
    this.#passed = firstRow;
    this.#fileBytes = fileBytes;
  }

  protected async read(): Promise<Chunk | undefined> {
    this.#batches ??= this.#file.reader[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await this.#batches.next();
      if (done === true) return undefined;
      const from = Math.min(value.numRows, Math.max(0, this.#passed - this.row));
      this.row += from;
      if (from === value.numRows) continue;
      const columns = this.#file.fields.map((field, at) =>
        arrowColumn(field, value.getChildAt(at)),
      );
      return { columns, from, count: value.numRows - from };
    }
  }

  // The reader does not tell how far it is.
  protected bytesRead(ended: boolean): number {
    return ended ? this.#fileBytes : 0;
  }

  async close(): Promise<void> {
    await this.#file.reader.cancel();
    await this.#file.handle.close().catch(() => undefined);
  }
}

export async function openArrowFile(path: string): Promise<ArrowFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw fileError(path, error);
  });
  try {
    const reader = (await RecordBatchReader.from(handle)) as Reader;
    await reader.open();
    return { fields: reader.schema.fields, reader, handle };
  } catch (error) {
    await handle.close();
    throw new NdtsError('INVALID_ARGUMENT', `${path} is no Arrow file or stream`, { cause: error });
  }
}

/** A column of one record batch. */
function arrowColumn(field: Field, vector: Vector | null): ValueColumn {
  const { name } = field;
  const type: DataType = field.type;
  if (vector === null) return { name, at: () => null };
  if (DataType.isTimestamp(type) || DataType.isDate(type)) {
    const timeOf = timesOf(type, vector);
    return { name, at: (row) => (vector.isValid(row) ? timeOf(row) : null) };
  }
  const at = (row: number): SqlValue => sqlValueOf(vector.get(row) as unknown);
  const data = vector.data.length === 1 ? vector.data[0] : undefined;
  const values: unknown = data?.values;
  const isPlain = vector.nullCount === 0 && (DataType.isFloat(type) || DataType.isInt(type));
  if (isPlain && (values instanceof Float64Array || values instanceof BigInt64Array))
    return { name, at, plain: values };
  if (isPlain && (values instanceof Int32Array || values instanceof Float32Array))
    return { name, at, plain: values };
  return { name, at };
}

function sqlValueOf(value: unknown): SqlValue {
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return value;
    default:
      if (value === null || value === undefined) return null;
      if (value instanceof Uint8Array) return value;
      throw new NdtsError('INVALID_ARGUMENT', 'lists, structs and decimals are not read of Arrow');
  }
}

const unitsPerDay: Partial<Record<TimeUnit, bigint>> = {
  [TimeUnit.SECOND]: 86_400n,
  [TimeUnit.MILLISECOND]: 86_400_000n,
  [TimeUnit.MICROSECOND]: 86_400_000_000n,
};

/** Exact times of the raw values: what get() makes of them are milliseconds. */
function timesOf(type: DataType, vector: Vector): (row: number) => Time {
  const values: unknown = vector.data[0]?.values;
  if (DataType.isDate(type) && values instanceof Int32Array)
    return (row) => ({ day: values[row] ?? 0, nsOfDay: 0 });
  if (!(values instanceof BigInt64Array))
    throw new NdtsError('INVALID_ARGUMENT', 'Arrow has times that are not read');
  const unit = DataType.isTimestamp(type) ? type.unit : TimeUnit.MILLISECOND;
  if (unit === TimeUnit.NANOSECOND) {
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    return (row) => readTime(view, 8 * row);
  }
  const perDay = unitsPerDay[unit] ?? 1n;
  const nsPerUnit = nsPerDay / Number(perDay);
  return (row) => {
    const value = values[row] ?? 0n;
    const rest = ((value % perDay) + perDay) % perDay;
    return { day: Number((value - rest) / perDay), nsOfDay: Number(rest) * nsPerUnit };
  };
}
