// Ring pulls: mapped memory on this host; libfabric and TCP for others. A reader polls into columns
// the caller owns.

import type { TickBatch } from '../generated/batches.js';

export interface RingPosition {
  readonly epoch: number;
  /** The next sequence to read. */
  readonly sequence: number;
}

/** What a reader does once it has spun in vain. 'spin': nothing, it returns. 'yield': it looks
 * again and again and lets others have the processor in between. 'sleep': it yields for a moment,
 * then sleeps until the writer wakes it, which costs no processor time. */
export type RingWait = 'spin' | 'yield' | 'sleep';

/** Rows of one kind: ticks, trades or books. */
export interface RowStreamReader<Batch> {
  /** Copies up to batch.capacity rows; sets batch.count and returns it. No allocation. */
  poll(batch: Batch): number;
  /** As poll, but spins natively up to spinUs while there is nothing, and then waits up to waitUs
   * as `wait` says. Each is a second at most, and blocks the thread. Default: it only spins. */
  waitPoll(batch: Batch, spinUs: number, wait?: RingWait, waitUs?: number): number;
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
