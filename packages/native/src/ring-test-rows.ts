// Rows of every kind of ring whose every field follows from shard and sequence, so that who reads
// one can tell whether it is whole. Not part of any door.

import {
  type BookBatch,
  createBookBatch,
  createTickBatch,
  createTradeBatch,
  type TickBatch,
  type TradeBatch,
} from '@ndts/protocol';
import {
  createBookRings,
  createTickRings,
  createTradeRings,
  type OpenRowRingsOptions,
  openBookRings,
  openTickRings,
  openTradeRings,
  type RowRingReader,
  type RowRingsOptions,
  type RowRingWriter,
} from './ring.js';

export const testEpoch = 5;

export type RowBatch = TickBatch | TradeBatch | BookBatch;

/** What the tests of rings need to know of a kind; the tests are the same for all. */
export interface RingKind {
  readonly name: 'ticks' | 'trades' | 'books';
  readonly batch: (capacity: number) => RowBatch;
  readonly create: (options: RowRingsOptions) => RowRingWriter<RowBatch>;
  readonly open: (options: OpenRowRingsOptions) => RowRingReader<RowBatch>;
}

export const ringKinds: readonly RingKind[] = [
  { name: 'ticks', batch: createTickBatch, create: createTickRings, open: openTickRings },
  { name: 'trades', batch: createTradeBatch, create: createTradeRings, open: openTradeRings },
  { name: 'books', batch: createBookBatch, create: createBookRings, open: openBookRings },
];

const shared = new Set(['day', 'nsOfDay', 'sequence', 'symbol', 'flags', 'shard', 'epoch']);

type Columns = readonly (Float64Array | Uint32Array)[];

const columnsOf = new WeakMap<RowBatch, Columns>();

/** The columns that only this kind has. */
function ownColumns(batch: RowBatch): Columns {
  const known = columnsOf.get(batch);
  if (known !== undefined) return known;
  const columns = Object.entries(batch)
    .filter(([name]) => !shared.has(name))
    .map(([, value]): unknown => value)
    .filter((value) => value instanceof Float64Array || value instanceof Uint32Array);
  columnsOf.set(batch, columns);
  return columns;
}

/** Exact in both kinds of column. */
function ownValue(column: Float64Array | Uint32Array, at: number, x: number): number {
  return column instanceof Uint32Array ? x % 1_000_003 : x * (at + 1) + 0.25;
}

export function fillRow(batch: RowBatch, row: number, shard: number, sequence: number): void {
  batch.day[row] = (sequence % 3) * 10_000 - 10_000;
  batch.nsOfDay[row] = (sequence * 7919) % 86_400e9;
  batch.sequence[row] = sequence;
  for (const [at, column] of ownColumns(batch).entries())
    column[row] = ownValue(column, at, sequence * 64 + shard);
  batch.symbol[row] = sequence + shard;
  batch.flags[row] = sequence % 16;
  batch.shard[row] = shard;
  batch.epoch[row] = testEpoch;
}

export function rowIsRight(batch: RowBatch, row: number): boolean {
  const shard = batch.shard[row] ?? -1;
  const sequence = batch.sequence[row] ?? -1;
  return (
    batch.day[row] === (sequence % 3) * 10_000 - 10_000 &&
    batch.nsOfDay[row] === (sequence * 7919) % 86_400e9 &&
    ownColumns(batch).every(
      (column, at) => column[row] === ownValue(column, at, sequence * 64 + shard),
    ) &&
    batch.symbol[row] === sequence + shard &&
    batch.flags[row] === sequence % 16 &&
    batch.epoch[row] === testEpoch
  );
}
