// hot: no allocation after init
// One row of a factor's columns: as a FactorView for onFactor, and as what `context.factor` reads.
// Always: it shows the row it was last moved to.

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

export class FactorCursor implements FactorView, BollingerReading {
  readonly factor: string;
  readonly columns: FactorColumns;
  batch: TickBatch = createTickBatch(1);
  row = 0;

  constructor(factor: string, columns: FactorColumns) {
    this.factor = factor;
    this.columns = columns;
  }

  get symbol(): number {
    return this.batch.symbol[this.row]!;
  }
  get price(): number {
    return this.batch.price[this.row]!;
  }
  get value(): number {
    return this.columns.value[this.row]!;
  }
  get middle(): number {
    return this.columns.middle[this.row]!;
  }
  get upper(): number {
    return this.columns.upper[this.row]!;
  }
  get lower(): number {
    return this.columns.lower[this.row]!;
  }
  get signal(): number {
    return this.columns.signal[this.row]! || 0;
  }
}
