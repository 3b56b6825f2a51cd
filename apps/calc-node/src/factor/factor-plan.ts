// hot: no allocation after init
// The factors of one strategy, compiled: a native kernel each, with the columns it writes. A batch
// runs through all of them before any hook sees a row.

import { type Bollinger, createBollinger, createBollingerColumns } from '@ndts/native/factor';
import type { TickBatch } from '@ndts/protocol';
import type { FactorDeclarations } from './declare.js';
import { FactorCursor } from './factor-cursor.js';

export interface PlannedFactor {
  /** Its number in factor rows: 1, 2 ... in the order of declaration. */
  readonly id: number;
  readonly cursor: FactorCursor;
  readonly kernel: Bollinger;
}

export class FactorPlan {
  readonly factors: readonly PlannedFactor[];

  constructor(declarations: FactorDeclarations, capacity: number) {
    this.factors = Object.entries(declarations).map(([name, { period, width }], index) => ({
      id: index + 1,
      cursor: new FactorCursor(name, createBollingerColumns(capacity)),
      kernel: createBollinger({ period, width }),
    }));
  }

  compute(batch: TickBatch): void {
    for (const factor of this.factors) {
      factor.cursor.batch = batch;
      factor.kernel.update(batch, factor.cursor.columns);
    }
  }

  close(): void {
    for (const factor of this.factors) factor.kernel.close();
  }
}
