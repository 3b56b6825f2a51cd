// hot: no allocation after init
// Rows that came and wait to be polled: a bounded queue by column. Always: rows leave in the order
// they came, those of one connection at a time, and what does not fit is refused, never
// overwritten.

import type { RowBatch } from './batches.js';

/** Row `row` of one becomes row `at` of the other. */
export type CopyRow<B> = (from: B, row: number, to: B, at: number) => void;

export class RowQueue<B extends RowBatch> {
  /** Written by whoever claimed a row. */
  readonly rows: B;
  readonly #copy: CopyRow<B>;
  /** Which connection brought each row. */
  readonly #connections: Uint32Array;
  #head = 0;
  #count = 0;
  /** Of rows that are claimed from now on. */
  connection = 0;
  /** Of the rows that were taken last. */
  takenConnection = 0;

  constructor(rows: B, copy: CopyRow<B>) {
    this.rows = rows;
    this.#copy = copy;
    this.#connections = new Uint32Array(rows.capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** The row to write next, -1 without room. All its columns must be written. */
  claim(): number {
    const { capacity } = this.rows;
    if (this.#count === capacity) return -1;
    const row = (this.#head + this.#count) % capacity;
    this.#count += 1;
    this.#connections[row] = this.connection;
    return row;
  }

  /** The row that was claimed `back` claims ago; 1: the last one. */
  recent(back: number): number {
    return (this.#head + this.#count - back) % this.rows.capacity;
  }

  /** Fills the batch from its start; returns how many rows. */
  take(batch: B): number {
    const { capacity } = this.rows;
    const most = Math.min(batch.capacity, this.#count);
    if (most > 0) this.takenConnection = this.#connections[this.#head]!;
    let count = 0;
    while (count < most && this.#connections[this.#head] === this.takenConnection) {
      this.#copy(this.rows, this.#head, batch, count);
      this.#head = this.#head + 1 === capacity ? 0 : this.#head + 1;
      count += 1;
    }
    this.#count -= count;
    batch.count = count;
    return count;
  }

  /** Lets the rows of a symbol go. Returns how many. */
  drop(symbol: number): number {
    const { capacity } = this.rows;
    let kept = 0;
    for (let place = 0; place < this.#count; place += 1) {
      const row = (this.#head + place) % capacity;
      if (this.rows.symbol[row] === symbol) continue;
      if (kept < place) {
        const to = (this.#head + kept) % capacity;
        this.#copy(this.rows, row, this.rows, to);
        this.#connections[to] = this.#connections[row]!;
      }
      kept += 1;
    }
    const dropped = this.#count - kept;
    this.#count = kept;
    return dropped;
  }

  /** Lets everything go. Returns how many. */
  clear(): number {
    const count = this.#count;
    this.#count = 0;
    this.#head = 0;
    return count;
  }
}
