// hot: no allocation after init, but for ids of trades that become texts
// What rings carry, as rows of its table: of each kind how its rings are opened, a batch of them,
// and views of its rows by the columns of the table. Always: a row off a ring and the same row out
// of the table have the same values.

import { TableBatch } from '@ndts/native/db';
import {
  openBookRings,
  openTickRings,
  type OpenRowRingsOptions,
  openTradeRings,
  type RowRingReader,
} from '@ndts/native/ring';
import {
  type BookBatch,
  bookSchema,
  copyBookRow,
  copyTickRow,
  copyTradeRow,
  createBookBatch,
  createTickBatch,
  createTradeBatch,
  type TableSchema,
  type TickBatch,
  tickSchema,
  type TradeBatch,
  tradeSchema,
} from '@ndts/protocol';
import { chooseColumns, rowsOf } from '../service/rows.js';
import type { RawRowColumn, RawRows } from '../service/service.js';
import { booksToRows, tradesToRows } from '../table/market-rows.js';

/** What batches of every kind have. */
export interface RingBatch {
  readonly capacity: number;
  count: number;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
  readonly shard: Uint32Array;
  readonly epoch: Uint32Array;
}

/** Rows [first, end) of a batch; they hold until the next call. */
export type ViewRows<Batch> = (batch: Batch, first: number, end: number) => RawRows;

export interface RingKind<Batch extends RingBatch> {
  readonly schema: TableSchema;
  readonly open: (options: OpenRowRingsOptions) => RowRingReader<Batch>;
  readonly createBatch: (capacity: number) => Batch;
  readonly copyRow: (from: Batch, row: number, to: Batch, at: number) => void;
  /** Of these columns; default: all. */
  readonly view: (capacity: number, names: readonly string[] | undefined) => ViewRows<Batch>;
}

export const tickKind: RingKind<TickBatch> = {
  schema: tickSchema,
  open: openTickRings,
  createBatch: createTickBatch,
  copyRow: copyTickRow,
  view: (_capacity, names) => (batch, first, end) => tickRows(batch, first, end, names),
};

export const tradeKind: RingKind<TradeBatch> = {
  schema: tradeSchema,
  open: openTradeRings,
  createBatch: createTradeBatch,
  copyRow: copyTradeRow,
  view: (capacity, names) => viewThrough(tradeSchema, tradesToRows, capacity, names),
};

export const bookKind: RingKind<BookBatch> = {
  schema: bookSchema,
  open: openBookRings,
  createBatch: createBookBatch,
  copyRow: copyBookRow,
  view: (capacity, names) => viewThrough(bookSchema, booksToRows, capacity, names),
};

type ToRows<Batch> = (batch: Batch, first: number, end: number, rows: TableBatch) => void;

function viewThrough<Batch>(
  schema: TableSchema,
  toRows: ToRows<Batch>,
  capacity: number,
  names: readonly string[] | undefined,
): ViewRows<Batch> {
  const rows = new TableBatch(schema, capacity);
  const columns = chooseColumns(schema, names);
  return (batch, first, end) => {
    toRows(batch, first, end, rows);
    return rowsOf(rows, columns, end - first);
  };
}

/** The columns of a table of ticks, as a batch of ticks has them. */
const columnsOf = new WeakMap<TickBatch, readonly RawRowColumn[]>();

function tickColumnsOf(batch: TickBatch): readonly RawRowColumn[] {
  const known = columnsOf.get(batch);
  if (known !== undefined) return known;
  const { buffer, byteOffset, length } = batch.flags;
  const made: readonly RawRowColumn[] = [
    { name: 'price', type: 'f64', values: batch.price },
    { name: 'volume', type: 'f64', values: batch.volume },
    { name: 'bid1', type: 'f64', values: batch.bid },
    { name: 'ask1', type: 'f64', values: batch.ask },
    { name: 'bid_vol1', type: 'f64', values: batch.bidVolume },
    { name: 'ask_vol1', type: 'f64', values: batch.askVolume },
    { name: 'flags', type: 'i32', values: new Int32Array(buffer, byteOffset, length) },
  ];
  columnsOf.set(batch, made);
  return made;
}

/** Views of rows [first, end) of a batch: nothing is copied. */
function tickRows(
  batch: TickBatch,
  first: number,
  end: number,
  names: readonly string[] | undefined,
): RawRows {
  const all = tickColumnsOf(batch);
  const some = names?.map((name) => all.find((one) => one.name === name)) ?? all;
  return {
    count: end - first,
    day: batch.day.subarray(first, end),
    nsOfDay: batch.nsOfDay.subarray(first, end),
    sequence: batch.sequence.subarray(first, end),
    symbol: batch.symbol.subarray(first, end),
    shard: batch.shard.subarray(first, end),
    epoch: batch.epoch.subarray(first, end),
    columns: some
      .filter((one) => one !== undefined)
      .map(({ name, type, values }) => ({ name, type, values: values.subarray(first, end) })),
  };
}
