// Rows of a table of any schema, by column, in one memory that the engine reads and fills. Texts
// and bytes stand in a heap beside it.
//
//   day, nsOfDay, sequence (8 bytes a row), symbol, shard, epoch (4), then per column its values
//   and, if it is nullable, its nulls (1); each from a multiple of 64. A text is its place in the
//   heap.

import { type ColumnSchema, NdtsError, type TableSchema } from '@ndts/protocol';

export type ColumnValues =
  | BigInt64Array
  | Float64Array
  | Int32Array
  | Float32Array
  | Uint8Array
  | Uint32Array;

const line = 64;
const firstHeapBytes = 4096;

const widths = { i64: 8, f64: 8, i32: 4, f32: 4, bool: 1, symbol: 4, text: 8, bytes: 8 } as const;

/** Bytes of a column up to the next. */
export function columnBytes(capacity: number, width: number): number {
  return Math.ceil((capacity * width) / line) * line;
}

export function columnWidth(column: ColumnSchema): number {
  return widths[column.type];
}

function hasHeap(column: ColumnSchema): boolean {
  return column.type === 'text' || column.type === 'bytes';
}

function bufferBytes(schema: TableSchema, capacity: number): number {
  let bytes = 3 * columnBytes(capacity, 8) + 3 * columnBytes(capacity, 4);
  for (const column of schema.columns) {
    bytes += columnBytes(capacity, widths[column.type]);
    if (column.nullable === true) bytes += columnBytes(capacity, 1);
  }
  return bytes;
}

export function valuesAt(
  column: ColumnSchema,
  buffer: ArrayBuffer,
  offset: number,
  capacity: number,
): ColumnValues {
  switch (column.type) {
    case 'i64':
      return new BigInt64Array(buffer, offset, capacity);
    case 'f64':
      return new Float64Array(buffer, offset, capacity);
    case 'i32':
      return new Int32Array(buffer, offset, capacity);
    case 'f32':
      return new Float32Array(buffer, offset, capacity);
    case 'bool':
      return new Uint8Array(buffer, offset, capacity);
    case 'symbol':
      return new Uint32Array(buffer, offset, capacity);
    default:
      return new Uint32Array(buffer, offset, 2 * capacity);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class TableBatch {
  readonly schema: TableSchema;
  readonly capacity: number;
  /** Rows that are filled. */
  count = 0;
  readonly buffer: ArrayBuffer;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
  readonly shard: Uint32Array;
  readonly epoch: Uint32Array;
  readonly hasHeap: boolean;
  readonly #values = new Map<string, ColumnValues>();
  readonly #nulls = new Map<string, Uint8Array>();
  readonly #types = new Map<string, ColumnSchema>();
  #heap: Uint8Array;
  #heapBytes = 0;

  /** `memory`: that of the engine, laid out like this; default: its own. */
  constructor(schema: TableSchema, capacity: number, memory?: ArrayBuffer) {
    if (!Number.isSafeInteger(capacity) || capacity < 1)
      throw new NdtsError('INVALID_ARGUMENT', `expected a capacity above 0, found ${capacity}`);
    this.schema = schema;
    this.capacity = capacity;
    this.buffer = memory ?? new ArrayBuffer(bufferBytes(schema, capacity));
    let offset = 0;
    const place = (width: number): number => {
      const at = offset;
      offset += columnBytes(capacity, width);
      return at;
    };
    this.day = new Float64Array(this.buffer, place(8), capacity);
    this.nsOfDay = new Float64Array(this.buffer, place(8), capacity);
    this.sequence = new Float64Array(this.buffer, place(8), capacity);
    this.symbol = new Uint32Array(this.buffer, place(4), capacity);
    this.shard = new Uint32Array(this.buffer, place(4), capacity);
    this.epoch = new Uint32Array(this.buffer, place(4), capacity);
    for (const column of schema.columns) {
      const at = place(widths[column.type]);
      this.#values.set(column.name, valuesAt(column, this.buffer, at, capacity));
      this.#types.set(column.name, column);
      if (column.nullable === true)
        this.#nulls.set(column.name, new Uint8Array(this.buffer, place(1), capacity));
    }
    this.hasHeap = schema.columns.some(hasHeap);
    this.#heap = new Uint8Array(this.hasHeap ? firstHeapBytes : 0);
  }

  /** No rows, no texts. */
  clear(): void {
    this.count = 0;
    this.#heapBytes = 0;
  }

  /** The values of a column that is neither text nor bytes. */
  column(name: string): ColumnValues {
    const values = this.#values.get(name);
    if (values === undefined || hasHeap(this.#column(name)))
      throw new NdtsError('INVALID_ARGUMENT', `column ${name} has no array: use text() or bytes()`);
    return values;
  }

  /** The values of a column as the engine has them: of text and bytes their places in heap(),
   * offset and length of each row. */
  stored(name: string): ColumnValues {
    return this.#values.get(this.#column(name).name) ?? new Uint8Array(0);
  }

  /** A column of type f64. */
  doubles(name: string): Float64Array {
    const values = this.#values.get(name);
    if (values instanceof Float64Array) return values;
    throw new NdtsError('INVALID_ARGUMENT', `expected column ${name} to be f64`);
  }

  /** 1 where the value is null; undefined where the column is not nullable. */
  nulls(name: string): Uint8Array | undefined {
    this.#column(name);
    return this.#nulls.get(name);
  }

  isNull(name: string, row: number): boolean {
    return this.nulls(name)?.[row] === 1;
  }

  setNull(name: string, row: number): void {
    const nulls = this.nulls(name);
    if (nulls === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `column ${name} is not nullable`);
    this.#checkRow(row);
    nulls[row] = 1;
  }

  text(name: string, row: number): string {
    return decoder.decode(this.bytes(name, row));
  }

  setText(name: string, row: number, text: string): void {
    this.setBytes(name, row, encoder.encode(text));
  }

  /** A view that holds until the batch is cleared or filled again. */
  bytes(name: string, row: number): Uint8Array {
    const places = this.#places(name);
    const offset = places[2 * row] ?? 0;
    return this.#heap.subarray(offset, offset + (places[2 * row + 1] ?? 0));
  }

  setBytes(name: string, row: number, bytes: Uint8Array): void {
    const places = this.#places(name);
    this.#checkRow(row);
    if (this.#heapBytes + bytes.length > this.#heap.length) this.#grow(bytes.length);
    this.#heap.set(bytes, this.#heapBytes);
    places[2 * row] = this.#heapBytes;
    places[2 * row + 1] = bytes.length;
    this.#heapBytes += bytes.length;
  }

  /** What the engine is handed; undefined where no column needs it. */
  heap(): Uint8Array | undefined {
    return this.hasHeap ? this.#heap.subarray(0, this.#heapBytes) : undefined;
  }

  /** After the engine filled the rows. */
  takeHeap(heap: Uint8Array): void {
    this.#heap = heap;
    this.#heapBytes = heap.length;
  }

  #column(name: string): ColumnSchema {
    const column = this.#types.get(name);
    if (column === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `table ${this.schema.name} has no column ${name}`);
    return column;
  }

  #places(name: string): Uint32Array {
    const values = this.#values.get(name);
    if (hasHeap(this.#column(name)) && values instanceof Uint32Array) return values;
    throw new NdtsError('INVALID_ARGUMENT', `expected column ${name} to be text or bytes`);
  }

  #checkRow(row: number): void {
    if (Number.isInteger(row) && row >= 0 && row < this.capacity) return;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `row: expected an integer from 0 and below ${this.capacity}, found ${row}`,
    );
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#heap.length, this.#heapBytes + bytes));
    larger.set(this.#heap.subarray(0, this.#heapBytes));
    this.#heap = larger;
  }
}
