// hot: no allocation after init
// The node's end of one strategy's factor ring. It is read in small bites, so that it never holds
// up the path of ticks on the same thread; overtaken rows are skipped, and counted where they
// were to be stored.

import type { SlotRingReader } from '@ndts/storage';
import type { Chart } from '../emit/chart.js';
import { FactorRows } from './factor-rows.js';
import type { FactorStore } from './factor-store.js';

const rowsPerPoll = 256;
/** A ring holds no more. */
const pollsAtEnd = 128;
/** Charts show the first factor of a strategy. */
const chartFactor = 1;

export class FactorSource {
  readonly #reader: SlotRingReader;
  readonly #rows = new FactorRows(rowsPerPoll);
  readonly #store: FactorStore | undefined;
  #lapped = 0;

  /** @param store undefined: the strategy stores none of its factors */
  constructor(reader: SlotRingReader, store: FactorStore | undefined) {
    this.#reader = reader;
    this.#store = store;
  }

  /** Rows read; with a chart they are drawn. */
  poll(chart: Chart | undefined): number {
    const count = this.#reader.poll(this.#rows.bytes);
    this.#keep(count);
    if (chart === undefined) return count;
    for (let row = 0; row < count; row += 1)
      if (this.#rows.factor(row) === chartFactor) chart.note(this.#rows, row);
    return count;
  }

  /** Hands rows that wait to the database; called every few ten milliseconds. */
  flush(): void {
    this.#store?.flush();
  }

  #keep(count: number): void {
    const store = this.#store;
    if (store === undefined) return;
    for (let row = 0; row < count; row += 1) store.take(this.#rows, row);
    const lapped = this.#reader.lapped();
    store.lose(lapped - this.#lapped);
    this.#lapped = lapped;
  }

  /** The strategy is gone: what it has left in the ring is still kept. */
  close(): void {
    const isStored = this.#store !== undefined;
    for (let polls = 0; isStored && polls < pollsAtEnd && this.poll(undefined) > 0; polls += 1);
    this.#store?.close();
    this.#reader.close();
  }
}
