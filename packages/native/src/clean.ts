// The cleaning rules as one native pass over a batch.

import type { TickBatch } from '@ndts/protocol';

export interface CleanRules {
  readonly priceMax: number;
  readonly spreadMax: number;
  readonly disorderNs: number;
}

export interface Cleaner {
  /** Moves the good rows to the front in order and sets batch.count; bad rows are copied to
   * `rejects` (up to its capacity, count set) with their reason in rejects.flags. Returns how many
   * rows were refused. */
  clean(batch: TickBatch, rejects: TickBatch): number;
  /** Refused so far, by CleanReason number. */
  counts(): Float64Array;
  setRules(rules: CleanRules): void;
  close(): void;
}
