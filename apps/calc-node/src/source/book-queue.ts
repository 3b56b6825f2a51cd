// hot: no allocation after init
// Books on their way between ticks. The order of a tick and a book is that of their times, the tick
// first where these are equal; books are in the order of their ring, or of a replay. That order is
// decided here, live and over history.

import { type BookBatch, createBookBatch } from '@ndts/protocol';

/** Books that wait for their turn. */
export interface BookFeed {
  /** Whether the next one comes before a tick of this time. */
  isDueBefore(day: number, nsOfDay: number): boolean;
  /** Whether the next one may come without waiting for another tick. */
  isDue(): boolean;
  /** Of the next one: its row there is what take() gives. */
  readonly batch: BookBatch;
  take(): number;
}

export class BookQueue implements BookFeed {
  batch: BookBatch = createBookBatch(1);
  #next = 0;

  /** All rows of the batch, which is the queue's until they were taken. */
  begin(batch: BookBatch): void {
    this.batch = batch;
    this.#next = 0;
  }

  isDueBefore(day: number, nsOfDay: number): boolean {
    const row = this.#next;
    const { batch } = this;
    if (row >= batch.count) return false;
    const bookDay = batch.day[row]!;
    return bookDay < day || (bookDay === day && batch.nsOfDay[row]! < nsOfDay);
  }

  isDue(): boolean {
    return this.#next < this.batch.count;
  }

  take(): number {
    this.#next += 1;
    return this.#next - 1;
  }
}
