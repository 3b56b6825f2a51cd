// Rows by column in memory that grows, and some of the rows of a batch: what those that keep rows
// share.

import type { ColumnValues } from '@ndts/native/db';
import type { RawRowColumn, RawRows } from '../service/service.js';

/** What every row has, whatever its table. */
export interface RowPlaces {
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
  readonly shard: Uint32Array;
  readonly epoch: Uint32Array;
}

/** Room for `capacity` rows, with those of `before` in it. */
export function rowPlaces(capacity: number, before?: RowPlaces): RowPlaces {
  const places: RowPlaces = {
    day: new Float64Array(capacity),
    nsOfDay: new Float64Array(capacity),
    sequence: new Float64Array(capacity),
    symbol: new Uint32Array(capacity),
    shard: new Uint32Array(capacity),
    epoch: new Uint32Array(capacity),
  };
  if (before !== undefined)
    for (const name of Object.keys(places) as (keyof RowPlaces)[]) places[name].set(before[name]);
  return places;
}

/** An array of the same type with room for more. */
export function grownValues<T extends ColumnValues>(
  like: T,
  capacity: number,
  before: ColumnValues | undefined,
): T {
  const made = new (like.constructor as new (length: number) => T)(capacity);
  if (before !== undefined) made.set(before as never);
  return made;
}

/** Whether its values are places in the heap: two numbers for each row. */
export function isText({ type }: Pick<RawRowColumn, 'type'>): boolean {
  return type === 'text' || type === 'bytes';
}

/** Copies of some rows of a batch; texts stay in the heap they are in. */
export function pickRows(rows: RawRows, picked: readonly number[]): RawRows {
  const pick = <T extends ColumnValues>(from: T): T => {
    const into = new (from.constructor as new (length: number) => T)(picked.length);
    for (let at = 0; at < picked.length; at += 1) into[at] = from[picked[at]!]!;
    return into;
  };
  const places = (from: ColumnValues): ColumnValues => {
    const into = new Uint32Array(2 * picked.length);
    for (let at = 0; at < picked.length; at += 1)
      into.set((from as Uint32Array).subarray(2 * picked[at]!, 2 * picked[at]! + 2), 2 * at);
    return into;
  };
  return {
    count: picked.length,
    day: pick(rows.day),
    nsOfDay: pick(rows.nsOfDay),
    sequence: pick(rows.sequence),
    symbol: pick(rows.symbol),
    ...(rows.shard === undefined ? {} : { shard: pick(rows.shard) }),
    ...(rows.epoch === undefined ? {} : { epoch: pick(rows.epoch) }),
    ...(rows.heap === undefined ? {} : { heap: rows.heap }),
    columns: rows.columns.map(({ name, type, values, nulls }) => ({
      name,
      type,
      values: isText({ type }) ? places(values) : pick(values),
      ...(nulls === undefined ? {} : { nulls: pick(nulls) }),
    })),
  };
}

/** Bytes one behind the other, and where each is: the heap of rows that are gathered. */
export class TextHeap {
  #bytes = new Uint8Array(0);
  #end = 0;

  /** What was put since the last clear(): a view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Puts row `row` of a text column; its place becomes that of row `at` of `into`. */
  put(from: ColumnValues, row: number, heap: Uint8Array, into: ColumnValues, at: number): void {
    const offset = from[2 * row] as number;
    const length = from[2 * row + 1] as number;
    if (this.#end + length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(heap.subarray(offset, offset + length), this.#end);
    into[2 * at] = this.#end;
    into[2 * at + 1] = length;
    this.#end += length;
  }

  clear(): void {
    this.#end = 0;
  }

  #grow(more: number): void {
    const grown = new Uint8Array(Math.max(1024, 2 * this.#bytes.length, this.#end + more));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}
