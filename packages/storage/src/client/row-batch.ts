// Rows as a program reads them: arrays by column, texts when they are asked for, single rows for
// who wants them so.

import type { ColumnValues } from '@ndts/native/db';
import { NdtsError, type Time, type ValueTypeName } from '@ndts/protocol';
import type { RawRowColumn, RawRows } from '../service/service.js';

const decoder = new TextDecoder();

/** A value of a row: bool columns give booleans, i64 bigints, symbol columns the id. */
export type RowValue = null | boolean | number | bigint | string | Uint8Array;

/** Rows [0, count) of a table. Arrays hold until the next batch is asked for. */
export class RowBatch {
  readonly count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  /** Ids. */
  readonly symbol: Uint32Array;
  /** Not there for rows of a load without text or bytes. */
  readonly shard: Uint32Array | undefined;
  readonly epoch: Uint32Array | undefined;
  /** As it came. */
  readonly raw: RawRows;

  constructor(raw: RawRows) {
    this.count = raw.count;
    this.day = raw.day;
    this.nsOfDay = raw.nsOfDay;
    this.sequence = raw.sequence;
    this.symbol = raw.symbol;
    this.shard = raw.shard;
    this.epoch = raw.epoch;
    this.raw = raw;
  }

  get columnNames(): string[] {
    return this.raw.columns.map((column) => column.name);
  }

  /** The values of a column that is neither text nor bytes. */
  column(name: string): ColumnValues {
    const { type, values } = this.#column(name);
    if (!hasHeap(type)) return values;
    throw new NdtsError('INVALID_ARGUMENT', `column ${name} has no array: use texts() or bytes()`);
  }

  /** A column of type f64. */
  doubles(name: string): Float64Array {
    const { values } = this.#column(name);
    if (values instanceof Float64Array) return values;
    throw new NdtsError('INVALID_ARGUMENT', `expected column ${name} to be f64`);
  }

  /** A column of type text; '' where it is null. */
  texts(name: string): string[] {
    return Array.from({ length: this.count }, (_, row) => decoder.decode(this.bytes(name, row)));
  }

  /** A value of a column of type text or bytes. */
  bytes(name: string, row: number): Uint8Array {
    const { type, values } = this.#column(name);
    const { heap } = this.raw;
    if (!hasHeap(type) || heap === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `expected column ${name} to be text or bytes`);
    const offset = Number(values[2 * row] ?? 0);
    return heap.subarray(offset, offset + Number(values[2 * row + 1] ?? 0));
  }

  /** 1 where the value is null; undefined where the column is not nullable. */
  nulls(name: string): Uint8Array | undefined {
    return this.#column(name).nulls;
  }

  time(row: number): Time {
    return { day: this.day[row] ?? 0, nsOfDay: this.nsOfDay[row] ?? 0 };
  }

  at(name: string, row: number): RowValue {
    const { type, values, nulls } = this.#column(name);
    if (nulls?.[row] === 1) return null;
    if (type === 'text') return decoder.decode(this.bytes(name, row));
    if (type === 'bytes') return this.bytes(name, row).slice();
    const value = values[row] ?? null;
    return type === 'bool' ? value === 1 : value;
  }

  /** The values of a row, by name. */
  row(row: number): Record<string, RowValue> {
    return Object.fromEntries(this.columnNames.map((name) => [name, this.at(name, row)]));
  }

  #column(name: string): RawRowColumn {
    const found = this.raw.columns.find((column) => column.name === name);
    if (found === undefined && this.raw.columns.length === 0) return noColumn;
    if (found === undefined) throw new NdtsError('INVALID_ARGUMENT', `there is no column ${name}`);
    return found;
  }
}

/** Any column of a batch that only tells of something else, such as rows that were lost. */
const noColumn: RawRowColumn = { name: '', type: 'f64', values: new Float64Array(0) };

function hasHeap(type: ValueTypeName): boolean {
  return type === 'text' || type === 'bytes';
}

type Numbers = ColumnValues;

/** Rows that hold when the next batch is asked for. */
export function copyRows(raw: RawRows, count = raw.count): RawRows {
  return {
    count,
    day: raw.day.slice(0, count),
    nsOfDay: raw.nsOfDay.slice(0, count),
    sequence: raw.sequence.slice(0, count),
    symbol: raw.symbol.slice(0, count),
    ...(raw.shard === undefined ? {} : { shard: raw.shard.slice(0, count) }),
    ...(raw.epoch === undefined ? {} : { epoch: raw.epoch.slice(0, count) }),
    columns: raw.columns.map(({ name, type, values, nulls }) => ({
      name,
      type,
      values: values.slice(0, hasHeap(type) ? 2 * count : count),
      ...(nulls === undefined ? {} : { nulls: nulls.slice(0, count) }),
    })),
    ...(raw.heap === undefined ? {} : { heap: raw.heap.slice() }),
  };
}

function join<T extends Numbers>(parts: readonly T[]): T {
  const [first] = parts;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const Type = (first ?? new Float64Array(0)).constructor as new (length: number) => T;
  const all = new Type(length);
  let at = 0;
  for (const part of parts) {
    all.set(part as never, at);
    at += part.length;
  }
  return all;
}

/** One batch of all; of the same columns. */
export function joinRows(parts: readonly RawRows[], empty: RawRows): RawRows {
  const [first = empty] = parts;
  const some = <T extends Numbers>(pick: (part: RawRows) => T | undefined): T | undefined =>
    pick(first) === undefined ? undefined : join(parts.map((part) => pick(part) as T));
  const shard = some((part) => part.shard);
  const epoch = some((part) => part.epoch);
  const heap = some((part) => part.heap);
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    day: join(parts.map((part) => part.day)),
    nsOfDay: join(parts.map((part) => part.nsOfDay)),
    sequence: join(parts.map((part) => part.sequence)),
    symbol: parts.length === 0 ? new Uint32Array(0) : join(parts.map((part) => part.symbol)),
    ...(shard === undefined ? {} : { shard }),
    ...(epoch === undefined ? {} : { epoch }),
    columns: first.columns.map(({ name, type, values }, at) => {
      const nulls = some((part) => part.columns[at]?.nulls);
      const all = hasHeap(type)
        ? joinPlaces(parts, at)
        : join(parts.map((part) => part.columns[at]?.values ?? values));
      return { name, type, values: all, ...(nulls === undefined ? {} : { nulls }) };
    }),
    ...(heap === undefined ? {} : { heap }),
  };
}

/** Places in the heap that all parts' heaps come to. */
function joinPlaces(parts: readonly RawRows[], column: number): Uint32Array {
  let start = 0;
  const places = parts.map((part) => {
    const moved = Uint32Array.from(part.columns[column]?.values as Uint32Array, (place, at) =>
      at % 2 === 0 ? place + start : place,
    );
    start += part.heap?.length ?? 0;
    return moved;
  });
  return join(places);
}
