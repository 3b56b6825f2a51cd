// The batches of a replay: typed arrays over memory that the engine fills.

import type { TableSchema } from '@ndts/protocol';
import { type ColumnValues, columnBytes, columnWidth, valuesAt } from './table-batch.js';

/** Some rows by column. What is in it holds until the next one is taken. */
export interface ReplayBatch {
  /** Rows that are filled. */
  count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
  /** In the order of the request's columns. */
  readonly values: readonly ColumnValues[];
  /** 1 where the value is null; undefined where a column is not nullable. */
  readonly nulls: readonly (Uint8Array | undefined)[];
  /** Intervals that end in this batch: when, and before which row. */
  steps: number;
  readonly stepDay: Float64Array;
  readonly stepNsOfDay: Float64Array;
  readonly stepEndRow: Uint32Array;
}

/** What of a request says how its batches look. */
interface BatchShape {
  readonly columns: readonly number[];
  readonly capacity: number;
  readonly intervalNs?: number;
}

/** The columns of a batch in its memory, as the binding lays them out. */
export function batchOver(
  buffer: ArrayBuffer,
  schema: TableSchema,
  request: BatchShape,
): ReplayBatch {
  const { capacity } = request;
  let offset = 0;
  const place = (width: number): number => {
    const at = offset;
    offset += columnBytes(capacity, width);
    return at;
  };
  const batch = {
    count: 0,
    day: new Float64Array(buffer, place(8), capacity),
    nsOfDay: new Float64Array(buffer, place(8), capacity),
    sequence: new Float64Array(buffer, place(8), capacity),
    symbol: new Uint32Array(buffer, place(4), capacity),
  };
  const values = new Map<number, ColumnValues>();
  const nulls = new Map<number, Uint8Array>();
  for (const [index, column] of schema.columns.entries()) {
    if (!request.columns.includes(index)) continue;
    values.set(index, valuesAt(column, buffer, place(columnWidth(column)), capacity));
    if (column.nullable === true) nulls.set(index, new Uint8Array(buffer, place(1), capacity));
  }
  const { intervalNs = 0 } = request;
  const steps = intervalNs === 0 ? 0 : capacity;
  return {
    ...batch,
    values: request.columns.map((index) => values.get(index) ?? new Float64Array(0)),
    nulls: request.columns.map((index) => nulls.get(index)),
    steps: 0,
    stepDay: new Float64Array(buffer, steps === 0 ? 0 : place(8), steps),
    stepNsOfDay: new Float64Array(buffer, steps === 0 ? 0 : place(8), steps),
    stepEndRow: new Uint32Array(buffer, steps === 0 ? 0 : place(4), steps),
  };
}
