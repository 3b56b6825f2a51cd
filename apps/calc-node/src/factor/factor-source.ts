// hot: no allocation after init
// The node's end of one strategy's factor ring. It is read in small bites, so that it never holds
// up the path of ticks on the same thread; overtaken rows are counted and skipped: this is for
// charts.

import type { SlotRingReader } from '@ndts/storage';
import type { Chart } from '../emit/chart.js';
import { FactorRows } from './factor-rows.js';

const rowsPerPoll = 256;
/** Charts show the first factor of a strategy. */
const chartFactor = 1;

export class FactorSource {
  readonly #reader: SlotRingReader;
  readonly #rows = new FactorRows(rowsPerPoll);

  constructor(reader: SlotRingReader) {
    this.#reader = reader;
  }

  /** Rows read; with a chart they are drawn. */
  poll(chart: Chart | undefined): number {
    const count = this.#reader.poll(this.#rows.bytes);
    if (chart === undefined) return count;
    for (let row = 0; row < count; row += 1)
      if (this.#rows.factor(row) === chartFactor) chart.note(this.#rows, row);
    return count;
  }

  close(): void {
    this.#reader.close();
  }
}
