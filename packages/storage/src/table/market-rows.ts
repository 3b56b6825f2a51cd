// hot: no allocation after init, but for ids of trades that become texts
// Trades and books between the batches that rings carry and the rows of their tables: appended,
// they get shard, epoch and sequence, with which they go on a ring; what a reader of a ring missed
// comes back from the table by these. Always: a row that went through the table is the one before,
// but for an id of a trade that is no number: that is in the table only.

import { type Database, TableBatch } from '@ndts/native/db';
import {
  type BookBatch,
  bookSchema,
  NdtsError,
  type TableSchema,
  type TickBatch,
  type TradeBatch,
  TradeFlags,
  tradeSchema,
} from '@ndts/protocol';

type Rows = Pick<Database, 'appendRows' | 'createTable'>;

interface PlacedBatch {
  readonly capacity: number;
  count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
  readonly flags: Uint32Array;
  readonly shard: Uint32Array;
  readonly epoch: Uint32Array;
}

const placed = ['day', 'nsOfDay', 'sequence', 'symbol', 'shard', 'epoch'] as const;

abstract class MarketRows<Batch extends PlacedBatch> {
  readonly table: number;
  protected readonly rows: TableBatch;
  readonly #database: Rows;

  /** Creates the table where there is none. */
  protected constructor(database: Rows, schema: TableSchema, capacity: number) {
    this.#database = database;
    this.table = database.createTable(schema);
    this.rows = new TableBatch(schema, capacity);
  }

  /** As Database.appendTicks: accepts rows [0, count) and writes shard, epoch and sequence. */
  append(batch: Batch): number {
    const { rows } = this;
    const { count } = batch;
    this.#checkRoom(count, rows.capacity);
    this.toRows(batch, 0, count, rows);
    const position = this.#database.appendRows(this.table, rows);
    batch.shard.set(rows.shard.subarray(0, count));
    batch.epoch.set(rows.epoch.subarray(0, count));
    batch.sequence.set(rows.sequence.subarray(0, count));
    return position;
  }

  /** Rows of the table, as readRows or loadRows gave them, become those of the batch. */
  take(from: TableBatch, batch: Batch): void {
    const { count } = from;
    this.#checkRoom(count, batch.capacity);
    for (const name of placed) copyColumn(from[name], batch[name], count);
    this.fromRows(from, batch, count);
    batch.count = count;
  }

  /** Rows [first, end) of a batch become all of those of the table. */
  protected abstract toRows(batch: Batch, first: number, end: number, rows: TableBatch): void;
  protected abstract fromRows(from: TableBatch, batch: Batch, count: number): void;

  #checkRoom(count: number, capacity: number): void {
    if (count > capacity)
      throw new NdtsError('INVALID_ARGUMENT', `expected at most ${capacity} rows, found ${count}`);
  }
}

function copyColumn<Column extends Float64Array | Uint32Array>(
  from: Column,
  to: Column,
  count: number,
): void {
  to.set(from.subarray(0, count));
}

function beginRows(batch: PlacedBatch, first: number, end: number, rows: TableBatch): void {
  rows.clear();
  rows.count = end - first;
  for (const name of placed) rows[name].set(batch[name].subarray(first, end));
}

/** The side of a trade as its table says it: 1 buy, -1 sell, 0 unknown. */
export function sideOfTrade(flags: number): number {
  if ((flags & TradeFlags.buy) !== 0) return 1;
  return (flags & TradeFlags.sell) !== 0 ? -1 : 0;
}

/** TradeFlags of a side as the table says it. */
export function flagsOfSide(side: number): number {
  if (side === 0) return 0;
  return side > 0 ? TradeFlags.buy : TradeFlags.sell;
}

/** Whether the number says all of the text. */
function isNumberOf(text: string, id: number): boolean {
  return Number.isSafeInteger(id) && id >= 0 && String(id) === text;
}

/** Rows [first, end) of a batch, in their places, become all of those of the table. */
export function tradesToRows(
  batch: TradeBatch,
  first: number,
  end: number,
  rows: TableBatch,
): void {
  beginRows(batch, first, end, rows);
  rows.doubles('price').set(batch.price.subarray(first, end));
  rows.doubles('volume').set(batch.volume.subarray(first, end));
  const side = rows.column('side');
  const isNull = rows.nulls('trade_id')!;
  for (let row = 0; row < end - first; row += 1) {
    const flags = batch.flags[first + row]!;
    side[row] = sideOfTrade(flags);
    isNull[row] = 0;
    if ((flags & TradeFlags.id) === 0) isNull[row] = 1;
    else rows.setText('trade_id', row, String(batch.tradeId[first + row]!));
  }
}

export class TradeRows extends MarketRows<TradeBatch> {
  constructor(database: Rows, capacity: number) {
    super(database, tradeSchema, capacity);
  }

  protected readonly toRows = tradesToRows;

  protected fromRows(from: TableBatch, batch: TradeBatch, count: number): void {
    copyColumn(from.doubles('price'), batch.price, count);
    copyColumn(from.doubles('volume'), batch.volume, count);
    const side = from.column('side');
    for (let row = 0; row < count; row += 1) {
      const text = from.isNull('trade_id', row) ? '' : from.text('trade_id', row);
      const id = Number(text);
      const isNumber = text !== '' && isNumberOf(text, id);
      batch.tradeId[row] = isNumber ? id : 0;
      batch.flags[row] = flagsOfSide(Number(side[row])) | (isNumber ? TradeFlags.id : 0);
    }
  }
}

/** In the order of the bits of `missing`. */
const bookColumns = ['bid', 'bidVolume', 'ask', 'askVolume'].flatMap((name) =>
  [1, 2, 3, 4, 5].map((level) => ({
    column: `${name.replace('Volume', '_vol')}${level}`,
    field: `${name}${level}` as `${'bid' | 'bidVolume' | 'ask' | 'askVolume'}${1 | 2 | 3 | 4 | 5}`,
  })),
);

/** As tradesToRows(). */
export function booksToRows(batch: BookBatch, first: number, end: number, rows: TableBatch): void {
  beginRows(batch, first, end, rows);
  for (const [bit, { column, field }] of bookColumns.entries()) {
    rows.doubles(column).set(batch[field].subarray(first, end));
    const isNull = rows.nulls(column)!;
    for (let row = first; row < end; row += 1)
      isNull[row - first] = (batch.missing[row]! >>> bit) & 1;
  }
}

export class BookRows extends MarketRows<BookBatch> {
  constructor(database: Rows, capacity: number) {
    super(database, bookSchema, capacity);
  }

  protected readonly toRows = booksToRows;

  protected readonly fromRows = levelsOf;
}

function levelsOf(from: TableBatch, batch: BookBatch, count: number): void {
  batch.flags.fill(0, 0, count);
  batch.missing.fill(0, 0, count);
  for (const [bit, { column, field }] of bookColumns.entries()) {
    copyColumn(from.doubles(column), batch[field], count);
    const isNull = from.nulls(column)!;
    for (let row = 0; row < count; row += 1) {
      if (isNull[row] === 0) continue;
      batch[field][row] = 0;
      batch.missing[row] = batch.missing[row]! | (1 << bit);
    }
  }
}

/** Rows of the table, as readRows gave them, become books: at most as many as the batch takes. */
export function rowsToBooks(from: TableBatch, batch: BookBatch): void {
  const { count } = from;
  for (const name of placed) copyColumn(from[name], batch[name], count);
  levelsOf(from, batch, count);
  batch.count = count;
}

/** The same of ticks. */
export function rowsToTicks(from: TableBatch, batch: TickBatch): void {
  const { count } = from;
  for (const name of placed) copyColumn(from[name], batch[name], count);
  for (const { column, field } of tickColumns)
    copyColumn(from.doubles(column), batch[field], count);
  batch.flags.set((from.column('flags') as Int32Array).subarray(0, count));
  batch.count = count;
}

const tickColumns = [
  { column: 'price', field: 'price' },
  { column: 'volume', field: 'volume' },
  { column: 'bid1', field: 'bid' },
  { column: 'ask1', field: 'ask' },
  { column: 'bid_vol1', field: 'bidVolume' },
  { column: 'ask_vol1', field: 'askVolume' },
] as const;
