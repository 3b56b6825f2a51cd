// The rows of a database of this process as the history of its market. Always: a row is found by
// (epoch, sequence); one that was lost and written anew has a newer epoch, and whoever saw the old
// one is told.

import {
  type BookBatch,
  bookSchema,
  createBookBatch,
  createTickBatch,
  type RingPosition,
  type TickBatch,
} from '@ndts/protocol';
import { type Database, rowsToBooks, type SymbolEntry, TableBatch } from '@ndts/storage';
import {
  gapRowsMax,
  type History,
  type RowKind,
  rowsBetween,
  type RowWatermark,
  watermarks,
} from './market-source.js';

/** What is needed of a database; the rest is for books, and for watermarks above accepted. */
export interface StoredRows
  extends Pick<Database, 'shardCount' | 'epoch' | 'nextSequence' | 'lastTicks' | 'readSequence'>,
    Partial<Pick<Database, 'watermarks' | 'tables' | 'readRows'>> {}

/** Reads rows of a shard in the order of their sequences; how many. */
type ReadRows<Batch> = (shard: number, fromSequence: number, batch: Batch) => number;

interface PlacedRows {
  count: number;
  readonly sequence: Float64Array;
  readonly epoch: Uint32Array;
}

export class StoredHistory implements History {
  readonly shardCount: number;
  readonly #rows: StoredRows;

  constructor(rows: StoredRows) {
    this.#rows = rows;
    this.shardCount = rows.shardCount;
  }

  positions(kind: RowKind, watermark: RowWatermark): RingPosition[] {
    const rows = this.#rows;
    const table = kind === 'books' ? this.#books()?.id : undefined;
    if (kind === 'books' && table === undefined) return [];
    const marks = new Float64Array(4 * this.shardCount);
    const mark = watermarks.indexOf(watermark);
    if (mark > 0) rows.watermarks?.(marks, table);
    return Array.from({ length: this.shardCount }, (_, shard) => ({
      epoch: rows.epoch(shard),
      sequence: mark > 0 ? marks[4 * shard + mark]! : rows.nextSequence(shard, table),
    }));
  }

  lastTicks(symbol: SymbolEntry, batch: TickBatch): number {
    return this.#rows.lastTicks(symbol.id, batch);
  }

  ticksBetween(
    from: readonly RingPosition[],
    to: readonly RingPosition[],
    chunkRows: number,
  ): Iterable<TickBatch> | undefined {
    const read: ReadRows<TickBatch> = (shard, first, batch) =>
      this.#rows.readSequence(shard, first, batch);
    if (!isThere(read, createTickBatch(1), from, to)) return undefined;
    return chunks(read, () => createTickBatch(chunkRows), from, to);
  }

  booksBetween(
    from: readonly RingPosition[],
    to: readonly RingPosition[],
    chunkRows: number,
  ): Iterable<BookBatch> | undefined {
    const table = this.#books();
    const { readRows } = this.#rows;
    if (table === undefined || readRows === undefined) return from.length === 0 ? [] : undefined;
    const read: ReadRows<BookBatch> = (shard, first, batch) => {
      const rows = new TableBatch(table, batch.capacity);
      readRows.call(this.#rows, table.id, shard, first, rows);
      rowsToBooks(rows, batch);
      return batch.count;
    };
    if (!isThere(read, createBookBatch(1), from, to)) return undefined;
    return chunks(read, () => createBookBatch(chunkRows), from, to);
  }

  #books() {
    return this.#rows.tables?.().find(({ name }) => name === bookSchema.name);
  }
}

/** Whether the rows that were seen last are those that are there, and not too many follow. */
function isThere<Batch extends PlacedRows>(
  read: ReadRows<Batch>,
  row: Batch,
  from: readonly RingPosition[],
  to: readonly RingPosition[],
): boolean {
  if ((rowsBetween(from, to) ?? gapRowsMax + 1) > gapRowsMax) return false;
  return from.every(({ epoch, sequence }, shard) => {
    if (sequence === 0) return true;
    const count = read(shard, sequence - 1, row);
    return count === 1 && row.sequence[0] === sequence - 1 && row.epoch[0]! <= epoch;
  });
}

function* chunks<Batch extends PlacedRows>(
  read: ReadRows<Batch>,
  create: () => Batch,
  from: readonly RingPosition[],
  to: readonly RingPosition[],
): Generator<Batch> {
  for (const [shard, { sequence }] of from.entries()) {
    const end = to[shard]!.sequence;
    for (let at = sequence; at < end; ) {
      const batch = create();
      let count = read(shard, at, batch);
      while (count > 0 && batch.sequence[count - 1]! >= end) count -= 1;
      if (count === 0) break;
      batch.count = count;
      at = batch.sequence[count - 1]! + 1;
      yield batch;
    }
  }
}
