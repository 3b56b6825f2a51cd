// Rows of a result by column, as typed arrays, texts and nulls; values one by one for who wants
// them so. docs/sql.md says which type of SQL is held how.
//
// Always: a batch owns its memory. A null is 1 in `nulls`; its value means nothing.

import type { RawBatch, RawColumn, SqlColumn, SqlKind } from '@ndts/native/sql';
import type { Time } from '@ndts/protocol';

/** null, or by kind: bool: boolean; i32, f32, f64, timeOfDay: number; i64, u64, integer: number, or
 * bigint beyond 2^53; time: Time; text, decimal: string; bytes: Uint8Array. */
export type SqlValue = null | boolean | number | bigint | string | Time | Uint8Array;

export type SqlRow = Readonly<Record<string, SqlValue>>;

export type SqlArray =
  | Uint8Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[]
  | readonly bigint[]
  | readonly Uint8Array[];

const decoder = new TextDecoder();

export class SqlBatchColumn {
  readonly name: string;
  readonly kind: SqlKind;
  /** As SQL calls it. */
  readonly type: string;
  /** As the engine laid it out. */
  readonly raw: RawColumn;
  #values: SqlArray | undefined;
  /** Of times: nanoseconds of the day. */
  readonly nsOfDay: Float64Array | undefined;
  /** One for each row; undefined: there are none. */
  readonly nulls: Uint8Array | undefined;

  constructor(column: SqlColumn, raw: RawColumn) {
    this.name = column.name;
    this.kind = column.kind;
    this.type = column.type;
    this.raw = raw;
    this.nsOfDay =
      column.kind === 'time' ? new Float64Array(raw.more ?? new ArrayBuffer(0)) : undefined;
    this.nulls = raw.nulls;
  }

  /** Of times: days since 1970. Texts are made when they are first asked for. */
  get values(): SqlArray {
    this.#values ??= valuesOf(this.kind, this.raw);
    return this.#values;
  }

  isNull(row: number): boolean {
    return this.nulls?.[row] === 1;
  }

  at(row: number): SqlValue {
    const value = this.values[row];
    if (value === undefined || this.isNull(row)) return null;
    if (this.nsOfDay !== undefined) return { day: Number(value), nsOfDay: this.nsOfDay[row]! };
    if (this.kind === 'bool') return value === 1;
    if (typeof value !== 'bigint') return value;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}

export class SqlBatch {
  readonly rows: number;
  readonly columns: readonly SqlBatchColumn[];
  #keys: readonly string[] | undefined;

  constructor(columns: readonly SqlColumn[], raw: RawBatch) {
    this.rows = raw.rows;
    this.columns = columns.map((column, at) => new SqlBatchColumn(column, raw.columns[at]!));
  }

  /** The first of this name; throws a RangeError where there is none. */
  column(name: string): SqlBatchColumn {
    const found = this.columns.find((column) => column.name === name);
    if (found === undefined) throw new RangeError(`the result has no column ${name}`);
    return found;
  }

  /** Further columns of one name are called name_1, name_2. */
  row(at: number): SqlRow {
    this.#keys ??= keysOf(this.columns);
    const keys = this.#keys;
    return Object.fromEntries(
      this.columns.map((column, place) => [keys[place] ?? column.name, column.at(at)]),
    );
  }
}

function keysOf(columns: readonly SqlBatchColumn[]): string[] {
  const names = new Set(columns.map((column) => column.name));
  const taken = new Set<string>();
  return columns.map(({ name }) => {
    let key = name;
    for (let more = 1; taken.has(key); more += 1)
      if (!names.has(`${name}_${more}`)) key = `${name}_${more}`;
    taken.add(key);
    return key;
  });
}

/** `values` holds where each text ends in `more`. */
function textsOf(raw: RawColumn): string[] {
  const ends = new Uint32Array(raw.values);
  const bytes = new Uint8Array(raw.more ?? new ArrayBuffer(0));
  const all = decoder.decode(bytes);
  const texts = new Array<string>(ends.length);
  // Of as many characters as bytes every character is one.
  const plain = all.length === bytes.length;
  let start = 0;
  for (let row = 0; row < ends.length; row += 1) {
    const end = ends[row]!;
    texts[row] = plain ? all.slice(start, end) : decoder.decode(bytes.subarray(start, end));
    start = end;
  }
  return texts;
}

function bytesOf(raw: RawColumn): Uint8Array[] {
  const ends = new Uint32Array(raw.values);
  const bytes = new Uint8Array(raw.more ?? new ArrayBuffer(0));
  return Array.from(ends, (end, row) => bytes.slice(row === 0 ? 0 : ends[row - 1], end));
}

function valuesOf(kind: SqlKind, raw: RawColumn): SqlArray {
  switch (kind) {
    case 'bool':
      return new Uint8Array(raw.values);
    case 'i32':
      return new Int32Array(raw.values);
    case 'i64':
      return new BigInt64Array(raw.values);
    case 'u64':
      return new BigUint64Array(raw.values);
    case 'f32':
      return new Float32Array(raw.values);
    case 'f64':
    case 'time':
    case 'timeOfDay':
      return new Float64Array(raw.values);
    case 'integer':
      return textsOf(raw).map((text) => BigInt(text));
    case 'text':
    case 'decimal':
      return textsOf(raw);
    case 'bytes':
      return bytesOf(raw);
  }
}
