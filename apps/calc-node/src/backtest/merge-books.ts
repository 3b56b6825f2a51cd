// Ticks of a run with the books between them: each batch of ticks gets the books that belong into
// it. Always: all of a batch, ticks and books, comes before all of the next one in the order of
// book-queue.ts, and no batch holds more rows than it has room for.

import {
  type BookBatch,
  copyBookRow,
  copyTickRow,
  createBookBatch,
  createTickBatch,
  type TickBatch,
} from '@ndts/protocol';
import { BookQueue } from '../source/book-queue.js';
import { batchRows } from './tape.js';
import type { SourceBatch } from './tick-source.js';

/** Books one after the other out of batches. */
class BookStream {
  readonly #batches: AsyncIterator<BookBatch, unknown>;
  readonly #queue = new BookQueue();
  #isOver = false;

  constructor(batches: AsyncIterator<BookBatch, unknown>) {
    this.#batches = batches;
  }

  /** Appends those from before this time, until there is no room; whether there are more. */
  async takeBefore(day: number, nsOfDay: number, due: BookBatch): Promise<boolean> {
    for (;;) {
      while (this.#queue.isDueBefore(day, nsOfDay)) {
        if (due.count === due.capacity) return true;
        copyBookRow(this.#queue.batch, this.#queue.take(), due, due.count);
        due.count += 1;
      }
      if (this.#queue.isDue() || this.#isOver) return false;
      const { done, value } = await this.#batches.next();
      if (done === true) this.#isOver = true;
      else this.#queue.begin(value);
    }
  }
}

/** `booksMax`: with a batch of ticks. */
export async function* mergeBooks(
  ticks: AsyncIterable<SourceBatch>,
  books: AsyncIterator<BookBatch, unknown>,
  booksMax = batchRows,
): AsyncGenerator<SourceBatch, void> {
  const stream = new BookStream(books);
  const due = createBookBatch(booksMax);
  const part = createTickBatch(batchRows);
  for await (const { batch, warmUp } of ticks) {
    const { count } = batch;
    for (let from = 0; from < count; ) {
      due.count = 0;
      const last = count - 1;
      const hasMore = await stream.takeBefore(batch.day[last]!, batch.nsOfDay[last]!, due);
      const end = hasMore ? firstAfter(batch, from, due) : count;
      const some = from === 0 && end === count ? batch : copyTicks(batch, from, end, part);
      yield { batch: some, warmUp: clamp(warmUp - from, some.count), books: due };
      from = end;
    }
  }
  part.count = 0;
  for (let hasMore = true; hasMore; ) {
    due.count = 0;
    hasMore = await stream.takeBefore(Number.POSITIVE_INFINITY, 0, due);
    if (due.count > 0) yield { batch: part, warmUp: 0, books: due };
  }
}

/** The first tick that comes behind all of these books. */
function firstAfter(batch: TickBatch, from: number, books: BookBatch): number {
  const day = books.day[books.count - 1]!;
  const nsOfDay = books.nsOfDay[books.count - 1]!;
  let row = from;
  while (
    row < batch.count &&
    (batch.day[row]! < day || (batch.day[row] === day && batch.nsOfDay[row]! <= nsOfDay))
  )
    row += 1;
  return row;
}

function copyTicks(batch: TickBatch, from: number, end: number, part: TickBatch): TickBatch {
  for (let row = from; row < end; row += 1) copyTickRow(batch, row, part, row - from);
  part.count = end - from;
  return part;
}

function clamp(rows: number, most: number): number {
  return Math.max(0, Math.min(rows, most));
}
