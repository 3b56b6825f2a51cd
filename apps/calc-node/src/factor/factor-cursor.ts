// hot: no allocation after init
// One row of a factor's columns as a FactorView. Always: it shows the row it was last moved to.

import type { BollingerColumns } from '@ndts/native/factor';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import type { FactorView } from '../strategy/define.js';

export class FactorCursor implements FactorView {
  readonly factor: string;
  readonly columns: BollingerColumns;
  batch: TickBatch = createTickBatch(1);
  row = 0;

  constructor(factor: string, columns: BollingerColumns) {
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
    return this.columns.signal[this.row]!;
  }
}
