// hot: no allocation after init
// Books that are shown, as rows of the protocol: five levels a side, what is missing by bits.

import { type BookBatch, BookFlags } from '@ndts/protocol';
import type { ShownBook } from './book-assembler.js';

/** Columns of a batch in the order of ShownBook.levels: bid, its size, ask, its size, by level. */
export type LevelColumns = readonly Float64Array[];

/** Of a batch, once. */
export function levelColumns(batch: BookBatch): LevelColumns {
  return [
    ...[batch.bid1, batch.bidVolume1, batch.ask1, batch.askVolume1],
    ...[batch.bid2, batch.bidVolume2, batch.ask2, batch.askVolume2],
    ...[batch.bid3, batch.bidVolume3, batch.ask3, batch.askVolume3],
    ...[batch.bid4, batch.bidVolume4, batch.ask4, batch.askVolume4],
    ...[batch.bid5, batch.bidVolume5, batch.ask5, batch.askVolume5],
  ];
}

/** Appends a row; false: the batch is full. */
export function putShownBook(book: ShownBook, batch: BookBatch, columns: LevelColumns): boolean {
  const row = batch.count;
  if (row === batch.capacity) return false;
  batch.count = row + 1;
  batch.day[row] = book.day;
  batch.nsOfDay[row] = book.nsOfDay;
  batch.symbol[row] = book.symbol;
  batch.flags[row] = book.isCrossed ? BookFlags.crossed : 0;
  let missing = 0;
  for (let at = 0; at < columns.length; at += 1) {
    const value = book.levels[at]!;
    const isMissing = Number.isNaN(value);
    columns[at]![row] = isMissing ? 0 : value;
    // Bits count all bids, their volumes, all asks, their volumes.
    if (isMissing) missing |= 1 << (5 * (at & 3) + (at >> 2));
  }
  batch.missing[row] = missing;
  return true;
}
