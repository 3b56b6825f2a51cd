// Rows by column in memory that grows, and some of the rows of a batch: what those that keep rows
// share.

import type { ColumnValues } from '@ndts/native/db';
import type { RawRows } from '../service/service.js';

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

/** Copies of some rows of a batch. */
export function pickRows(rows: RawRows, picked: readonly number[]): RawRows {
  const pick = <T extends ColumnValues>(from: T): T => {
    const into = new (from.constructor as new (length: number) => T)(picked.length);
    for (let at = 0; at < picked.length; at += 1) into[at] = from[picked[at]!]!;
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
    columns: rows.columns.map(({ name, type, values, nulls }) => ({
      name,
      type,
      values: pick(values),
      ...(nulls === undefined ? {} : { nulls: pick(nulls) }),
    })),
  };
}
