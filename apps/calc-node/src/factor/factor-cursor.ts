// hot: no allocation after init
// One row of a factor's columns: as a FactorView for onFactor, and as what `context.factor` reads.
// All cursors of a plan share one place, so that a tick moves them all with one number. Always: it
// shows the row it was last moved to, also once the columns are filled with the next batch: a hook
// that runs before its first row (a timer) must not see into it.

import { createTickBatch, type TickBatch } from '@ndts/protocol';
import type { FactorView } from '../strategy/define.js';
import type { BollingerReading } from './declare.js';

/** One value per row of a batch. Without bands, `middle` to `signal` are all NaN. */
export interface FactorColumns {
  readonly value: Float64Array;
  readonly middle: Float64Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  readonly signal: Float64Array;
}

/** The row of the batch at hand; below 0: it is not begun, what was kept is shown. */
export interface RowPlace {
  row: number;
}

const columnNames = ['value', 'middle', 'upper', 'lower', 'signal'] as const;
const kept = { value: 0, middle: 1, upper: 2, lower: 3, signal: 4 } as const;

export class FactorCursor implements FactorView, BollingerReading {
  readonly factor: string;
  /** Of the batch at hand. */
  readonly columns: FactorColumns;
  batch: TickBatch = createTickBatch(1);
  readonly #place: RowPlace;
  readonly #kept = new Float64Array(columnNames.length).fill(Number.NaN);

  constructor(factor: string, columns: FactorColumns, place: RowPlace) {
    this.factor = factor;
    this.columns = columns;
    this.#place = place;
  }

  /** Keeps what it shows: its columns are about to be filled anew. */
  hold(): void {
    const { row } = this.#place;
    if (row < 0) return;
    for (let index = 0; index < columnNames.length; index += 1)
      this.#kept[index] = this.columns[columnNames[index]!][row]!;
  }

  /** Value, middle, upper, lower, signal. */
  read(): number[] {
    const { value, middle, upper, lower } = this;
    return [value, middle, upper, lower, this.#readSignal()];
  }

  /** What read() gave, until it is moved; between two batches. */
  show(values: readonly number[]): void {
    this.#kept.set(values);
  }

  get symbol(): number {
    return this.batch.symbol[this.#place.row]!;
  }
  get price(): number {
    return this.batch.price[this.#place.row]!;
  }
  get value(): number {
    const { row } = this.#place;
    return row < 0 ? this.#kept[kept.value]! : this.columns.value[row]!;
  }
  get middle(): number {
    const { row } = this.#place;
    return row < 0 ? this.#kept[kept.middle]! : this.columns.middle[row]!;
  }
  get upper(): number {
    const { row } = this.#place;
    return row < 0 ? this.#kept[kept.upper]! : this.columns.upper[row]!;
  }
  get lower(): number {
    const { row } = this.#place;
    return row < 0 ? this.#kept[kept.lower]! : this.columns.lower[row]!;
  }
  get signal(): number {
    return this.#readSignal() || 0;
  }

  /** NaN where there are no bands. No getter: a private one is a call of the runtime each time. */
  #readSignal(): number {
    const { row } = this.#place;
    return row < 0 ? this.#kept[kept.signal]! : this.columns.signal[row]!;
  }
}
