// hot: no allocation after init
// One row of a factor's columns: as a FactorView for onFactor, and as what `context.factor` reads.
// Always: it shows the row it was last moved to, also once the columns are filled with the next
// batch: a hook that runs before its first row (a timer) must not see into it.

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

const columnNames = ['value', 'middle', 'upper', 'lower', 'signal'] as const;

function heldColumns(): FactorColumns {
  const one = (): Float64Array => new Float64Array(1).fill(Number.NaN);
  return { value: one(), middle: one(), upper: one(), lower: one(), signal: one() };
}

export class FactorCursor implements FactorView, BollingerReading {
  readonly factor: string;
  /** Of the batch at hand. */
  readonly columns: FactorColumns;
  /** Those, or the one row that is kept between two batches. */
  #shown: FactorColumns;
  readonly #held: FactorColumns = heldColumns();
  batch: TickBatch = createTickBatch(1);
  row = 0;

  constructor(factor: string, columns: FactorColumns) {
    this.factor = factor;
    this.columns = columns;
    this.#shown = columns;
  }

  moveTo(row: number): void {
    this.#shown = this.columns;
    this.row = row;
  }

  /** Keeps what it shows: its columns are about to be filled anew. */
  hold(): void {
    for (let index = 0; index < columnNames.length; index += 1) {
      const name = columnNames[index]!;
      this.#held[name][0] = this.#shown[name][this.row] ?? Number.NaN;
    }
    this.#shown = this.#held;
    this.row = 0;
  }

  /** Value, middle, upper, lower, signal. */
  read(): number[] {
    return columnNames.map((name) => this.#shown[name][this.row] ?? Number.NaN);
  }

  /** What read() gave, until it is moved. */
  show(values: readonly number[]): void {
    for (const [index, name] of columnNames.entries()) this.#held[name][0] = values[index]!;
    this.#shown = this.#held;
    this.row = 0;
  }

  get symbol(): number {
    return this.batch.symbol[this.row]!;
  }
  get price(): number {
    return this.batch.price[this.row]!;
  }
  get value(): number {
    return this.#shown.value[this.row]!;
  }
  get middle(): number {
    return this.#shown.middle[this.row]!;
  }
  get upper(): number {
    return this.#shown.upper[this.row]!;
  }
  get lower(): number {
    return this.#shown.lower[this.row]!;
  }
  get signal(): number {
    return this.#shown.signal[this.row]! || 0;
  }
}
