// Factor kernels over flat per-symbol state; one call runs a whole batch.

import type { TickBatch } from '@ndts/protocol';

export interface BollingerOptions {
  readonly period: number;
  /** Width in population standard deviations. */
  readonly width: number;
}

/** One row per tick of the batch that was given. */
export interface BollingerColumns {
  /** %B = (price - lower) / (upper - lower); NaN until `period` prices are there. */
  readonly value: Float64Array;
  readonly middle: Float64Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  /** +1 below the lower band, -1 above the upper band, else 0. Flat (width 0) is 0, %B 0.5. */
  readonly signal: Int32Array;
}

export interface Bollinger {
  /** NaN prices leave the window as it is and give NaN, signal 0. */
  update(batch: TickBatch, out: BollingerColumns): void;
  close(): void;
}
