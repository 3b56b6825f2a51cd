// The columns of ticks that a replay can be asked for, by the names of a TickBatch, and the batches
// it hands out.

import { NdtsError } from '@ndts/protocol';
import type { ReplayBatch } from '@ndts/native/replay';

interface ColumnTypes {
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly bidVolume: Float64Array;
  readonly askVolume: Float64Array;
  /** Bits of TickFlags. */
  readonly flags: Int32Array;
}

export type TickColumn = keyof ColumnTypes;

/** In the order of the table. */
export const tickColumns: readonly TickColumn[] = [
  'price',
  'volume',
  'bid',
  'ask',
  'bidVolume',
  'askVolume',
  'flags',
];

/** The columns that were asked for, as arrays. */
export type TickValues<C extends TickColumn> = Pick<ColumnTypes, C>;

/** Ticks by column: rows [0, count) of each array. */
export type TickReplayBatch<C extends TickColumn> = {
  count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
} & TickValues<C>;

/** Places in the table. */
export function columnIndices(columns: readonly TickColumn[]): number[] {
  return columns.map((name) => {
    const index = tickColumns.indexOf(name);
    if (index < 0)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected a column of ticks (${tickColumns.join(', ')}), found ${name}`,
      );
    return index;
  });
}

/** The arrays of a batch of the engine under the names of the columns, from row `first` on. */
export function tickBatch<C extends TickColumn>(
  columns: readonly C[],
  batch: ReplayBatch,
  first = 0,
  end = batch.day.length,
): TickReplayBatch<C> {
  const values = columns.map((name, at) => [name, batch.values[at]?.subarray(first, end)]);
  return {
    count: end - first,
    day: batch.day.subarray(first, end),
    nsOfDay: batch.nsOfDay.subarray(first, end),
    sequence: batch.sequence.subarray(first, end),
    symbol: batch.symbol.subarray(first, end),
    ...(Object.fromEntries(values) as TickValues<C>),
  };
}

/** State by symbol, all NaN or zero. */
export function emptyValues<C extends TickColumn>(
  columns: readonly C[],
  symbols: number,
): TickValues<C> {
  const values = columns.map((name) => [
    name,
    name === 'flags' ? new Int32Array(symbols) : new Float64Array(symbols).fill(Number.NaN),
  ]);
  return Object.fromEntries(values) as TickValues<C>;
}
