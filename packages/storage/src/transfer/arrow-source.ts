// An Arrow file or stream as rows, a record batch in memory at a time.

import { type FileHandle, open } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import {
  type AsyncRecordBatchFileReader,
  type AsyncRecordBatchStreamReader,
  CompressionType,
  compressionRegistry,
  DataType,
  type Field,
  Precision,
  type RecordBatch,
  RecordBatchReader,
  TimeUnit,
  Type,
  type Vector,
} from 'apache-arrow';
import { NdtsError, nsPerDay, readTime, type Time, type ValueTypeName } from '@ndts/protocol';
import { fileError } from '@ndts/runtime';
import type { SqlValue } from '../sql/batch.js';
import type { BatchFiller, ValueColumn } from './batch-filler.js';
import { type Chunk, ChunkSource } from './chunk-source.js';
import { unpackLz4Frame } from './lz4-frame.js';

type Reader = AsyncRecordBatchFileReader | AsyncRecordBatchStreamReader;

export interface ArrowFile {
  readonly fields: readonly Field[];
  readonly reader: Reader;
  readonly handle: FileHandle;
}

compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: unpackLz4Frame });
compressionRegistry.set(CompressionType.ZSTD, { decode: unpackZstd });

/** Newer versions of Node have it. */
function unpackZstd(bytes: Uint8Array): Uint8Array {
  const unpack: unknown = Reflect.get(zlib, 'zstdDecompressSync');
  if (typeof unpack === 'function') return unpack(bytes) as Uint8Array;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    'the file is packed with zstd, which this version of Node cannot unpack: write it with lz4, ' +
      'or not packed',
  );
}

export class ArrowSource extends ChunkSource {
  readonly #file: ArrowFile;
  readonly #fileBytes: number;
  /** Rows that an earlier import took. */
  readonly #passed: number;
  #batches: AsyncIterator<RecordBatch> | undefined;
  #batchCount = 0;

  constructor(file: ArrowFile, filler: BatchFiller, firstRow: number, fileBytes: number) {
    super(filler, 0, 0);
    this.#file = file;
    this.#passed = firstRow;
    this.#fileBytes = fileBytes;
  }

  protected async read(): Promise<Chunk | undefined> {
    this.#batches ??= this.#file.reader[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await this.#batches.next().catch((error: unknown) => {
        throw unreadableError(error, this.row);
      });
      if (done === true) return undefined;
      this.#batchCount += 1;
      const from = Math.min(value.numRows, Math.max(0, this.#passed - this.row));
      this.row += from;
      if (from === value.numRows) continue;
      const columns = this.#file.fields.map((field, at) =>
        arrowColumn(field, value.getChildAt(at)),
      );
      return { columns, from, count: value.numRows - from };
    }
  }

  // A stream does not tell how much there is.
  protected bytesRead(ended: boolean): number {
    const { reader } = this.#file;
    if (ended) return this.#fileBytes;
    const count = reader.isFile() ? reader.numRecordBatches : 0;
    return count === 0 ? 0 : Math.round((this.#batchCount / count) * this.#fileBytes);
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
    if (error instanceof NdtsError) throw error;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${path} is no Arrow file or stream, or has what is not read: ${wordsOf(error)}`,
      { cause: error },
    );
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unreadableError(error: unknown, row: number): NdtsError {
  if (error instanceof NdtsError) return error;
  return new NdtsError(
    'INVALID_ARGUMENT',
    `the file cannot be read behind row ${row}, it is damaged or not whole: ${wordsOf(error)}`,
    { cause: error },
  );
}

const kinds: Readonly<Record<number, ValueTypeName | undefined>> = {
  [Type.Bool]: 'bool',
  [Type.Time]: 'f64',
  [Type.Timestamp]: 'i64',
  [Type.Date]: 'text',
  [Type.Utf8]: 'text',
  [Type.LargeUtf8]: 'text',
  [Type.Utf8View]: 'text',
  [Type.Null]: 'text',
  [Type.Decimal]: 'text',
  [Type.Duration]: 'text',
  [Type.Binary]: 'bytes',
  [Type.LargeBinary]: 'bytes',
  [Type.FixedSizeBinary]: 'bytes',
  [Type.BinaryView]: 'bytes',
};

/** The type of a column that is made for it; undefined: nothing is taken of it. */
export function arrowKind(type: DataType): ValueTypeName | undefined {
  if (DataType.isDictionary(type)) return arrowKind(type.dictionary as DataType);
  if (DataType.isInt(type)) {
    const isSmall = type.bitWidth < 32 || (type.bitWidth === 32 && type.isSigned);
    return isSmall ? 'i32' : 'i64';
  }
  if (DataType.isFloat(type)) return type.precision === Precision.SINGLE ? 'f32' : 'f64';
  return kinds[type.typeId];
}

/** A column of one record batch. */
function arrowColumn(field: Field, vector: Vector | null): ValueColumn {
  const { name } = field;
  const type: DataType = field.type;
  if (vector === null) return { name, at: () => null };
  if (DataType.isTimestamp(type) || DataType.isDate(type)) {
    const timeOf = timesOf(type, vector);
    const areDays = DataType.isDate(type);
    return { name, areDays, at: (row) => (vector.isValid(row) ? timeOf(row) : null) };
  }
  if (arrowKind(type) === undefined) return { name, at: () => null };
  const at = (row: number): SqlValue => sqlValueOf(vector.get(row) as unknown, type);
  const data = vector.data.length === 1 ? vector.data[0] : undefined;
  const values: unknown = data?.values;
  const isPlain = vector.nullCount === 0 && (DataType.isFloat(type) || DataType.isInt(type));
  if (isPlain && (values instanceof Float64Array || values instanceof BigInt64Array))
    return { name, at, plain: values };
  if (isPlain && (values instanceof Int32Array || values instanceof Float32Array))
    return { name, at, plain: values };
  return { name, at };
}

function sqlValueOf(value: unknown, type: DataType): SqlValue {
  if (value === null || value === undefined) return null;
  if (DataType.isDictionary(type)) return sqlValueOf(value, type.dictionary as DataType);
  if (DataType.isDecimal(type)) return decimalText(value as Uint32Array, type.scale);
  if (DataType.isTime(type)) return Number(value) * nsPerUnit[type.unit];
  return value as SqlValue;
}

/** Words of 32 bits, the lowest first, of a whole number in two's complement. */
function decimalText(words: Uint32Array, scale: number): string {
  let bits = 0n;
  for (let at = words.length - 1; at >= 0; at -= 1) bits = (bits << 32n) | BigInt(words[at] ?? 0);
  const whole = BigInt.asIntN(32 * words.length, bits);
  const digits = String(whole < 0n ? -whole : whole).padStart(Math.max(0, scale) + 1, '0');
  const sign = whole < 0n ? '-' : '';
  if (scale <= 0) return `${sign}${digits}${'0'.repeat(-scale)}`;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const nsPerUnit: Readonly<Record<TimeUnit, number>> = {
  [TimeUnit.SECOND]: 1e9,
  [TimeUnit.MILLISECOND]: 1e6,
  [TimeUnit.MICROSECOND]: 1e3,
  [TimeUnit.NANOSECOND]: 1,
};

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
  const unitNs = nsPerDay / Number(perDay);
  return (row) => {
    const value = values[row] ?? 0n;
    const rest = ((value % perDay) + perDay) % perDay;
    return { day: Number((value - rest) / perDay), nsOfDay: Number(rest) * unitNs };
  };
}
