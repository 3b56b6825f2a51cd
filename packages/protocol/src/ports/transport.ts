// Ring pulls: mapped memory on this host; libfabric and TCP for others. A reader polls into columns
// the caller owns.

import type { TickBatch } from '../generated/batches.js';

export interface RingPosition {
  readonly epoch: number;
  /** The next sequence to read. */
  readonly sequence: number;
}

export interface TickStreamReader {
  /** Copies up to batch.capacity ticks; sets batch.count and returns it. No allocation. */
  poll(batch: TickBatch): number;
  /** As poll, but spins natively up to spinUs while there is nothing. */
  waitPoll(batch: TickBatch, spinUs: number): number;
  /** How many ticks were overwritten before they were read, since the start. */
  lapped(): number;
  position(shard: number): RingPosition;
  close(): void;
}

export interface Transport {
  /** Opens a reader over the rings of these shards. `from` absent: from the oldest in the ring. */
  openTicks(shards: readonly number[], from?: ReadonlyMap<number, RingPosition>): TickStreamReader;
}
