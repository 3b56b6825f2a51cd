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
    rows.clear();
    rows.count = count;
    for (const name of placed) copyColumn(batch[name], rows[name], count);
    this.toRows(batch, count);
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

  protected abstract toRows(batch: Batch, count: number): void;
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

/** Bit sides, by what the table says: 1 buy, -1 sell. */
function sideOf(flags: number): number {
  if ((flags & TradeFlags.buy) !== 0) return 1;
  return (flags & TradeFlags.sell) !== 0 ? -1 : 0;
}

function flagsOf(side: number): number {
  if (side === 0) return 0;
  return side > 0 ? TradeFlags.buy : TradeFlags.sell;
}

/** Whether the number says all of the text. */
function isNumberOf(text: string, id: number): boolean {
  return Number.isSafeInteger(id) && id >= 0 && String(id) === text;
}

export class TradeRows extends MarketRows<TradeBatch> {
  constructor(database: Rows, capacity: number) {
    super(database, tradeSchema, capacity);
  }

  protected toRows(batch: TradeBatch, count: number): void {
    const { rows } = this;
    copyColumn(batch.price, rows.doubles('price'), count);
    copyColumn(batch.volume, rows.doubles('volume'), count);
    const side = rows.column('side');
    const isNull = rows.nulls('trade_id')!;
    for (let row = 0; row < count; row += 1) {
      const flags = batch.flags[row]!;
      side[row] = sideOf(flags);
      isNull[row] = 0;
      if ((flags & TradeFlags.id) === 0) isNull[row] = 1;
      else rows.setText('trade_id', row, String(batch.tradeId[row]!));
    }
  }

  protected fromRows(from: TableBatch, batch: TradeBatch, count: number): void {
    copyColumn(from.doubles('price'), batch.price, count);
    copyColumn(from.doubles('volume'), batch.volume, count);
    const side = from.column('side');
    for (let row = 0; row < count; row += 1) {
      const text = from.isNull('trade_id', row) ? '' : from.text('trade_id', row);
      const id = Number(text);
      const isNumber = text !== '' && isNumberOf(text, id);
      batch.tradeId[row] = isNumber ? id : 0;
      batch.flags[row] = flagsOf(Number(side[row])) | (isNumber ? TradeFlags.id : 0);
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

export class BookRows extends MarketRows<BookBatch> {
  constructor(database: Rows, capacity: number) {
    super(database, bookSchema, capacity);
  }

  protected toRows(batch: BookBatch, count: number): void {
    const { rows } = this;
    for (const [bit, { column, field }] of bookColumns.entries()) {
      copyColumn(batch[field], rows.doubles(column), count);
      const isNull = rows.nulls(column)!;
      for (let row = 0; row < count; row += 1) isNull[row] = (batch.missing[row]! >>> bit) & 1;
    }
  }

  protected fromRows(from: TableBatch, batch: BookBatch, count: number): void {
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
}
