// Trades and books that a program inserted, onto their rings: what a reader of a ring sees at once,
// and not only when it looks into storage. Always: rows were appended before, and go on the rings
// in their order; a trade whose id is no number is left out there, since a slot has no room for it,
// and readers find the gap and take it from storage.

import type { TableBatch } from '@ndts/native/db';
import type { RowRingWriter } from '@ndts/native/ring';
import {
  bookSchema,
  type BookBatch,
  copyTradeRow,
  createBookBatch,
  createTradeBatch,
  type TradeBatch,
  TradeFlags,
  tradeSchema,
} from '@ndts/protocol';
import { BookRows, TradeRows } from './market-rows.js';

export interface InsertRings {
  readonly trades: RowRingWriter<TradeBatch> | undefined;
  readonly books: RowRingWriter<BookBatch> | undefined;
}

type Tables = ConstructorParameters<typeof TradeRows>[0];

/** @param table of the rows; of others nothing is published */
export function publishInserted(
  database: Tables,
  rings: InsertRings,
  table: string,
  rows: TableBatch,
): void {
  const { count } = rows;
  if (count === 0) return;
  if (table === bookSchema.name && rings.books !== undefined) {
    const books = createBookBatch(count);
    new BookRows(database, count).take(rows, books);
    rings.books.publish(books);
  }
  if (table === tradeSchema.name && rings.trades !== undefined) {
    const trades = createTradeBatch(count);
    new TradeRows(database, count).take(rows, trades);
    publishTrades(rings.trades, trades, rows);
  }
}

function publishTrades(
  ring: RowRingWriter<TradeBatch>,
  trades: TradeBatch,
  rows: TableBatch,
): void {
  const piece = createTradeBatch(trades.count);
  for (let row = 0; row < trades.count; row += 1) {
    const hasNumber = (trades.flags[row]! & TradeFlags.id) !== 0;
    if (hasNumber || rows.isNull('trade_id', row)) {
      copyTradeRow(trades, row, piece, piece.count);
      piece.count += 1;
      continue;
    }
    // Within a batch sequences have no gap; between two they may.
    if (piece.count > 0) ring.publish(piece);
    piece.count = 0;
  }
  if (piece.count > 0) ring.publish(piece);
}
