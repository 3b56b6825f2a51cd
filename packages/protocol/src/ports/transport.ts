// Ring pulls: mapped memory on this host; libfabric and TCP for others. A reader polls into columns
// the caller owns.

import type { TickBatch } from '../generated/batches.js';

export interface RingPosition {
  readonly epoch: number;
  /** The next sequence to read. */
  readonly sequence: number;
}

/** Rows of one kind: ticks, trades or books. */
export interface RowStreamReader<Batch> {
  /** Copies up to batch.capacity rows; sets batch.count and returns it. No allocation. */
  poll(batch: Batch): number;
  /** As poll, but spins natively up to spinUs while there is nothing; then it may wait longer, as
   * the reader was told when it was opened. */
  waitPoll(batch: Batch, spinUs: number): number;
  /** How many rows were overwritten before they were read, since the start. */
  lapped(): number;
  position(shard: number): RingPosition;
  close(): void;
}

export type TickStreamReader = RowStreamReader<TickBatch>;

export interface Transport {
  /** Opens a reader over the rings of these shards. `from` absent: from the oldest in the ring. */
  openTicks(shards: readonly number[], from?: ReadonlyMap<number, RingPosition>): TickStreamReader;
}
