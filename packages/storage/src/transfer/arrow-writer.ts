// Rows of a result as an Arrow file or stream, a record batch for each of ours. Times are
// timestamps of nanoseconds in UTC; what is exact beyond 64 bits goes as text.

import {
  Binary,
  Bool,
  type Data,
  type DataType,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  type RecordBatchWriter,
  Schema,
  Struct,
  TimeNanosecond,
  TimestampNanosecond,
  Uint64,
  Utf8,
} from 'apache-arrow';
import type { SqlColumn, SqlKind } from '@ndts/native/sql';
import { writeTime } from '@ndts/protocol';
import type { SqlBatch, SqlBatchColumn } from '../sql/batch.js';
import type { ExportWriter } from './export-writer.js';
import type { OutputFile } from './output-file.js';

export class ArrowWriter implements ExportWriter {
  readonly #file: OutputFile;
  readonly #writer: RecordBatchWriter;
  #schema = new Schema();
  #written: Promise<void> = Promise.resolve();

  constructor(file: OutputFile, isStream: boolean) {
    this.#file = file;
    this.#writer = isStream ? new RecordBatchStreamWriter() : new RecordBatchFileWriter();
  }

  begin(columns: readonly SqlColumn[]): void {
    this.#schema = new Schema(columns.map(({ name, kind }) => new Field(name, typeOf(kind), true)));
    this.#writer.reset(undefined, this.#schema);
    this.#written = this.#drain();
    this.#written.catch(() => undefined); // end() tells
  }

  async add(batch: SqlBatch): Promise<void> {
    const children = batch.columns.map((column) => dataOf(column, batch.rows));
    const type = new Struct(this.#schema.fields);
    const data = makeData({ type, length: batch.rows, nullCount: 0, children });
    await this.#orReason(() => this.#writer.write(new RecordBatch(this.#schema, data)));
  }

  async end(): Promise<void> {
    await this.#orReason(() => this.#writer.finish());
    await this.#written;
  }

  /** A file that takes no more closes the writer, which then knows only that it is closed. */
  async #orReason(action: () => void): Promise<void> {
    try {
      action();
    } catch (error) {
      await this.#written;
      throw error;
    }
  }

  async #drain(): Promise<void> {
    for await (const bytes of this.#writer) this.#file.write(bytes);
  }
}

function typeOf(kind: SqlKind): DataType {
  switch (kind) {
    case 'bool':
      return new Bool();
    case 'i32':
      return new Int32();
    case 'i64':
      return new Int64();
    case 'u64':
      return new Uint64();
    case 'f32':
      return new Float32();
    case 'f64':
      return new Float64();
    case 'time':
      return new TimestampNanosecond('UTC');
    case 'timeOfDay':
      return new TimeNanosecond();
    case 'bytes':
      return new Binary();
    default:
      return new Utf8();
  }
}

/** A bit for each row, set where `bytes` is not zero, or is zero. */
function bitsOf(bytes: Uint8Array, rows: number, inverted: boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rows / 8));
  for (let row = 0; row < rows; row += 1)
    if ((bytes[row] !== 0) !== inverted) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  return bits;
}

function dataOf(column: SqlBatchColumn, rows: number): Data {
  const { raw, kind, nulls } = column;
  const nullCount = nulls === undefined ? 0 : nulls.reduce((sum, mark) => sum + mark, 0);
  const nullBitmap = nulls === undefined ? null : bitsOf(nulls, rows, true);
  const shared = { length: rows, nullCount, nullBitmap };
  switch (kind) {
    case 'bool': {
      const data = bitsOf(new Uint8Array(raw.values), rows, false);
      return makeData({ type: new Bool(), ...shared, data });
    }
    case 'i32':
      return makeData({ type: new Int32(), ...shared, data: new Int32Array(raw.values) });
    case 'i64':
      return makeData({ type: new Int64(), ...shared, data: new BigInt64Array(raw.values) });
    case 'u64':
      return makeData({ type: new Uint64(), ...shared, data: new BigUint64Array(raw.values) });
    case 'f32':
      return makeData({ type: new Float32(), ...shared, data: new Float32Array(raw.values) });
    case 'f64':
      return makeData({ type: new Float64(), ...shared, data: new Float64Array(raw.values) });
    case 'time':
      return makeData({ type: new TimestampNanosecond('UTC'), ...shared, data: timesOf(column) });
    case 'timeOfDay': {
      const data = BigInt64Array.from(new Float64Array(raw.values), (ns) => BigInt(ns));
      return makeData({ type: new TimeNanosecond(), ...shared, data });
    }
    default: {
      const valueOffsets = new Int32Array(rows + 1);
      valueOffsets.set(new Int32Array(raw.values), 1);
      const data = new Uint8Array(raw.more ?? new ArrayBuffer(0));
      if (kind === 'bytes') return makeData({ type: new Binary(), ...shared, valueOffsets, data });
      return makeData({ type: new Utf8(), ...shared, valueOffsets, data });
    }
  }
}

function timesOf(column: SqlBatchColumn): BigInt64Array {
  const days = new Float64Array(column.raw.values);
  const times = new BigInt64Array(days.length);
  const view = new DataView(times.buffer);
  for (let row = 0; row < days.length; row += 1)
    if (!column.isNull(row)) writeTime(view, 8 * row, days[row] ?? 0, column.nsOfDay?.[row] ?? 0);
  return times;
}
