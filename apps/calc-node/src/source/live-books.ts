// hot: no allocation after init
// Books off their rings, between the ticks off theirs. Two rings are read one after the other, so a
// book may be seen before a tick that was published before it. Therefore a book that is later than
// all ticks at hand waits until the rings of ticks were read once more. Always: what was published
// in the order of time is handed on in that order, while no reader is behind by a whole batch.

import { type BookBatch, createBookBatch, type RingPosition } from '@ndts/protocol';
import { type BookFeed, BookQueue } from './book-queue.js';
import type { LiveRows } from './live-rows.js';

type BookReader = Pick<LiveRows<BookBatch>, 'poll' | 'positions' | 'isBehind' | 'close'>;

export class LiveBooks implements BookFeed {
  readonly #reader: BookReader;
  /** Read in the round before: the ticks before them are at hand. */
  #held = new BookQueue();
  #fresh = new BookQueue();

  constructor(reader: BookReader, capacity: number) {
    this.#reader = reader;
    for (const queue of [this.#held, this.#fresh]) queue.begin(createBookBatch(capacity));
  }

  /** Whether some wait for the next round. */
  get isWaiting(): boolean {
    return this.#held.isDue();
  }

  /** After the ticks were read. How many books there are. */
  poll(): number {
    const { batch } = this.#fresh;
    const count = this.#reader.poll(batch);
    this.#fresh.begin(batch);
    return count;
  }

  isDueBefore(day: number, nsOfDay: number): boolean {
    return this.#first().isDueBefore(day, nsOfDay);
  }

  isDue(): boolean {
    return this.#held.isDue();
  }

  get batch(): BookBatch {
    return this.#first().batch;
  }

  take(): number {
    return this.#first().take();
  }

  /** The round is over: what is left has waited for the ticks of the next one. */
  endRound(): void {
    [this.#held, this.#fresh] = [this.#fresh, this.#held];
  }

  get isBehind(): boolean {
    return this.#reader.isBehind;
  }

  /** By shard: of the next book that is taken. */
  positions(): RingPosition[] {
    const positions = this.#reader.positions();
    this.#fresh.moveBack(positions);
    this.#held.moveBack(positions);
    return positions;
  }

  close(): void {
    this.#reader.close();
  }

  #first(): BookQueue {
    return this.#held.isDue() ? this.#held : this.#fresh;
  }
}
