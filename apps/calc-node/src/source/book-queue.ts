// hot: no allocation after init
// Books on their way between ticks. The order of a tick and a book is that of their times, the tick
// first where these are equal; books are in the order of their ring, or of a replay. That order is
// decided here, live and over history.

import { type BookBatch, createBookBatch, type RingPosition } from '@ndts/protocol';

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

  /** Of rows that were not taken yet, the first of each shard instead of what is given. */
  moveBack(positions: RingPosition[]): void {
    const { shard, sequence, epoch } = this.batch;
    for (let row = this.batch.count - 1; row >= this.#next; row -= 1)
      positions[shard[row]!] = { epoch: epoch[row]!, sequence: sequence[row]! };
  }
}

/** Books of the past among the ticks of the past; at the end those behind the last tick. */
export class PastBooks implements BookFeed {
  readonly #places: readonly { readonly batch: BookBatch; readonly row: number }[];
  #next = 0;
  /** Whether there is no other tick to wait for. */
  isAtEnd = false;

  constructor(places: readonly { readonly batch: BookBatch; readonly row: number }[]) {
    this.#places = places;
  }

  isDueBefore(day: number, nsOfDay: number): boolean {
    const place = this.#places[this.#next];
    if (place === undefined) return false;
    const bookDay = place.batch.day[place.row]!;
    return bookDay < day || (bookDay === day && place.batch.nsOfDay[place.row]! < nsOfDay);
  }

  isDue(): boolean {
    return this.isAtEnd && this.#next < this.#places.length;
  }

  get batch(): BookBatch {
    return this.#places[this.#next]!.batch;
  }

  take(): number {
    this.#next += 1;
    return this.#places[this.#next - 1]!.row;
  }
}
