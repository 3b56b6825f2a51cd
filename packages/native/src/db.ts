// ndtsdb: one engine instance over one folder: a write-ahead log, a series table of ticks and a
// key-value table. Synchronous and batch-wise; only waiting for the disk is a promise.

import type { KeyValueEntry, KeyValueOperation, KeyValueRange, TickBatch, Time } from '@ndts/protocol';

export interface DatabaseOptions {
  readonly dir: string;
  /** Folder of the staging file, in shared memory when there is any. */
  readonly stagingDir: string;
  readonly stagingBytes: number;
  readonly walFileBytes: number;
  readonly walBudgetBytes: number;
  readonly memtableBytes: number;
  readonly commitIntervalMs: number;
  /** Number of shards of the series table, a power of two; fixed when the folder is created. */
  readonly shardCount: number;
}

export interface SymbolEntry {
  readonly id: number;
  readonly shard: number;
  readonly name: string;
}

export interface DatabaseStats {
  readonly appendWaits: number;
  readonly appendWaitNs: number;
  readonly commits: number;
  readonly walFiles: number;
  readonly walBytes: number;
  readonly memtableBytes: number;
  readonly segments: number;
  readonly segmentBytes: number;
  readonly keyValueEntries: number;
  /** Of the last open: entries replayed, bytes of torn tail left behind, entries found in staging. */
  readonly replayedEntries: number;
  readonly tornBytes: number;
  readonly stagedEntries: number;
}

export interface Database {
  readonly shardCount: number;

  /** Logs the symbol; a no-op when it is known as such; ALREADY_EXISTS when id or name differ. */
  registerSymbol(id: number, shard: number, name: string): void;
  symbols(): SymbolEntry[];
  /** The epoch of the shard; it grew, durably, when this database was opened. */
  epoch(shard: number): number;
  /** The sequence the next tick of the shard will get. */
  nextSequence(shard: number): number;
  /** Accepts rows [0, count): writes shard, epoch and sequence into the batch; staging first, then
   * memtable. Returns the log position. Waits, counted, when staging is full. */
  appendTicks(batch: TickBatch): number;
  /** Exclusive sequences [accepted, durable, replicated, sealed] of each shard; 4 * shardCount. */
  watermarks(into: Float64Array): void;
  /** Ticks of a symbol with from <= time < to in (time, sequence) order, starting after
   * `afterSequence` among ticks that equal `from`. Returns the count; less than capacity: the end. */
  loadTicks(symbol: number, from: Time, to: Time, batch: TickBatch, afterSequence?: number): number;
  /** The newest ticks of a symbol, at most batch.capacity, oldest first. */
  lastTicks(symbol: number, batch: TickBatch): number;
  /** Ticks of a shard by sequence from `fromSequence` on, in sequence order. */
  readSequence(shard: number, fromSequence: number, batch: TickBatch): number;

  get(key: string): Uint8Array | undefined;
  scan(range: KeyValueRange): KeyValueEntry[];
  write(operations: readonly KeyValueOperation[]): number;

  durablePosition(): number;
  acceptedPosition(): number;
  /** Resolves when the position is durable; rejects when the disk failed. */
  durable(position?: number): Promise<void>;
  /** Seals all memtables into segments and checkpoints; for close and for tests. */
  seal(): void;
  stats(): DatabaseStats;
  /** Commits and closes. Twice is allowed; any other call afterwards is CLOSED. */
  close(): void;
}
