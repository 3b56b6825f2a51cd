// Rings in shared memory: one writer, many readers in any process of this host.

import type { RecordKind, RingPosition, TickBatch, TickStreamReader } from '@ndts/protocol';

export interface TickRingsOptions {
  /** Folder, in shared memory; created 0700, the rings 0600. Rings of older epochs are removed. */
  readonly dir: string;
  readonly slotCount: number;
  /** By shard. */
  readonly epochs: readonly number[];
  /** By shard: the sequence of the first tick this ring will carry. */
  readonly firstSequences: readonly number[];
}

/** One ring per shard, written together. */
export interface TickRingWriter {
  /** Files by shard. */
  readonly paths: readonly string[];
  /** Publishes rows [0, count); their shard, epoch and sequence are those of appendTicks. */
  publish(batch: TickBatch): void;
  /** As Database.watermarks gives them: 4 values per shard. */
  setWatermarks(marks: Float64Array): void;
  heartbeat(monotonicNs: number): void;
  /** Unmaps and removes the files. */
  close(): void;
}

export interface RingMarks {
  readonly epoch: number;
  readonly tail: number;
  readonly accepted: number;
  readonly durable: number;
  readonly replicated: number;
  readonly sealed: number;
  readonly heartbeatNs: number;
}

export interface TickRingReader extends TickStreamReader {
  marks(shard: number): RingMarks;
}

export interface OpenTickRingsOptions {
  readonly paths: readonly string[];
  /** Where to start, by shard. 'oldest': what the ring still holds; 'tail': only what comes. */
  readonly from: 'oldest' | 'tail' | ReadonlyMap<number, RingPosition>;
}

export interface SlotRingOptions {
  readonly path: string;
  readonly kind: RecordKind;
  readonly slotBytes: number;
  readonly slotCount: number;
  /** The shard or strategy instance it belongs to. */
  readonly owner: number;
  readonly epoch: number;
  readonly firstSequence: number;
}

/** A ring of raw slots (factors, signals); both ends read the fields with the schema's offsets. */
export interface SlotRingWriter {
  /** Publishes the first `count` slots of the buffer. */
  publish(slots: Uint8Array, count: number): void;
  close(): void;
}

export interface SlotRingReader {
  /** Copies as many whole slots as fit and are there; returns how many. */
  poll(into: Uint8Array): number;
  /** Sequence of the next slot. */
  nextSequence(): number;
  lapped(): number;
  close(): void;
}
