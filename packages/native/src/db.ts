// ndtsdb: one engine instance over one folder: a write-ahead log, a series table of ticks and a
// key-value table. Synchronous and batch-wise; only waiting for the disk is a promise.

import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type KeyValueEntry,
  type KeyValueOperation,
  type KeyValueRange,
  type KeyValueStore,
  NdtsError,
  type TableSchema,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';
import type { TableBatch } from './table-batch.js';

export { type ColumnValues, TableBatch } from './table-batch.js';

export interface DatabaseOptions {
  readonly dir: string;
  /** Folder of the staging file, in shared memory when there is any. */
  readonly stagingDir: string;
  readonly stagingBytes: number;
  readonly walFileBytes: number;
  readonly walBudgetBytes: number;
  readonly memtableBytes: number;
  readonly commitIntervalMs: number;
  /** What is in memory longer than this is sealed, however little; 0: only by size. */
  readonly sealIntervalMs: number;
  /** Number of shards of the series tables, a power of two; fixed when the folder is created. */
  readonly shardCount: number;
  /** How often a snapshot is made by itself; default 0: on demand only. */
  readonly snapshotIntervalMs?: number;
  /** How many of those are kept; default 2. */
  readonly snapshotsKept?: number;
  /** What merging segments may read, and compaction of the key-value table, in a second each;
   * default 0: no limit. */
  readonly compactionBytesPerSecond?: number;
  /** Files of level 0 of the key-value table that begin a compaction; default 4. */
  readonly level0Tables?: number;
  /** Size of level 1; at least four memtables; default 400 MiB. */
  readonly level1Bytes?: number;
  /** How much larger each level is than the one above it; default 10. */
  readonly levelFactor?: number;
  /** Segments of a day that are merged at once, at least; default 4. */
  readonly mergeSegments?: number;
}

const defaults = {
  snapshotIntervalMs: 0,
  snapshotsKept: 2,
  compactionBytesPerSecond: 0,
  level0Tables: 4,
  level1Bytes: 400 * 1024 * 1024,
  levelFactor: 10,
  mergeSegments: 4,
} as const;

export interface TableInfo extends TableSchema {
  readonly id: number;
}

/** The table of ticks, which every database has. */
export const tickTable = 1;

export interface SnapshotInfo {
  readonly name: string;
  readonly wallMs: number;
  /** Of the files it lists, which it shares with the database while that has them. */
  readonly bytes: number;
  readonly files: number;
}

export interface SymbolEntry {
  readonly id: number;
  readonly shard: number;
  readonly name: string;
}

export interface DatabaseStats {
  /** Appends that waited for staging memory, a log file or memory. */
  readonly appendWaits: number;
  readonly appendWaitNs: number;
  /** Of these, those that waited for a flush or a compaction that can't keep up. */
  readonly stalls: number;
  readonly stallNs: number;
  readonly commits: number;
  readonly walFiles: number;
  readonly walBytes: number;
  readonly memtableBytes: number;
  readonly segments: number;
  readonly segmentBytes: number;
  readonly segmentRows: number;
  readonly keyValueEntries: number;
  readonly keyValueBytes: number;
  /** Bytes that compaction of the key-value table is behind. */
  readonly keyValuePending: number;
  /** Memtables sealed since open, and attempts that failed and are tried again. */
  readonly flushes: number;
  readonly flushFailures: number;
  /** Of segments, and compactions of the key-value table. */
  readonly merges: number;
  readonly mergedBytes: number;
  readonly mergeFailures: number;
  readonly snapshots: number;
  readonly snapshotFailures: number;
  /** Files that are only kept because somebody reads them. */
  readonly obsoleteFiles: number;
  readonly symbols: number;
  /** Of the last open: entries replayed, bytes of torn tail left behind, entries in staging. */
  readonly replayedEntries: number;
  readonly tornBytes: number;
  readonly stagedEntries: number;
}

export interface Database extends KeyValueStore {
  readonly shardCount: number;

  /** Logs the symbol; a no-op when it is known as such; ALREADY_EXISTS when id or name differ. */
  registerSymbol(id: number, shard: number, name: string): void;
  symbols(): SymbolEntry[];
  /** The epoch of the shard; it grew, durably, when this database was opened. */
  epoch(shard: number): number;
  /** The sequence the next row of the shard will get, in the table; default: ticks. */
  nextSequence(shard: number, table?: number): number;
  /** Accepts rows [0, count): writes shard, epoch and sequence into the batch; staging first, then
   * memtable. Returns the log position. The batch is accepted whole, or the call throws and nothing
   * changed. Waits, counted, when staging is full. */
  appendTicks(batch: TickBatch): number;
  /** Exclusive sequences [accepted, durable, replicated, sealed] of each shard; 4 * shardCount. */
  watermarks(into: Float64Array, table?: number): void;
  /** Ticks of a symbol with from <= time < to in (time, sequence) order, starting after
   * `afterSequence` among ticks that equal `from`. Returns the count; less than
   * capacity: the end. */
  loadTicks(symbol: number, from: Time, to: Time, batch: TickBatch, afterSequence?: number): number;
  /** The newest ticks of a symbol, at most batch.capacity, oldest first. */
  lastTicks(symbol: number, batch: TickBatch): number;
  /** Ticks of a shard by sequence from `fromSequence` on, in sequence order. */
  readSequence(shard: number, fromSequence: number, batch: TickBatch): number;

  /** Logs the table and gives it an id; the same schema again is the same table. ALREADY_EXISTS when
   * the name has other columns. */
  createTable(schema: TableSchema): number;
  /** Ticks first. */
  tables(): TableInfo[];
  /** As appendTicks, for a table of any schema. */
  appendRows(table: number, batch: TableBatch): number;
  /** As loadTicks. */
  loadRows(
    table: number,
    symbol: number,
    from: Time,
    to: Time,
    batch: TableBatch,
    afterSequence?: number,
  ): number;
  /** As lastTicks. */
  lastRows(table: number, symbol: number, batch: TableBatch): number;
  /** As readSequence. */
  readRows(table: number, shard: number, fromSequence: number, batch: TableBatch): number;

  /** Makes a snapshot on disk of what is accepted now: links, behind a flush, without stopping
   * writes. Letters, digits, '.', '-', '_'. ALREADY_EXISTS: the name, or one is being made. */
  snapshot(name: string): Promise<void>;
  /** The complete ones, oldest first. */
  snapshots(): SnapshotInfo[];
  removeSnapshot(name: string): void;

  acceptedPosition(): number;
  /** Merges and compacts until nothing is due; for tools and benches. */
  settle(): void;
  /** Seals all memtables into segments and checkpoints; for close and for tests. */
  seal(): void;
  stats(): DatabaseStats;
  /** Commits and closes. Twice is allowed; any other call afterwards is CLOSED. */
  close(): void;
}

interface NativeDatabase {
  registerSymbol(id: number, shard: number, name: string): void;
  symbols(): SymbolEntry[];
  epoch(shard: number): number;
  nextSequence(shard: number, table: number | undefined): number;
  appendTicks(buffer: ArrayBuffer, capacity: number, count: number): number;
  watermarks(into: Float64Array, table: number | undefined): void;
  createTable(schema: TableSchema): number;
  tables(): TableInfo[];
  appendRows(
    table: number,
    buffer: ArrayBuffer,
    capacity: number,
    count: number,
    heap: Uint8Array | undefined,
  ): number;
  loadRows(
    table: number,
    symbol: number,
    fromDay: number,
    fromNs: number,
    toDay: number,
    toNs: number,
    firstSequence: number,
    buffer: ArrayBuffer,
    capacity: number,
  ): number;
  lastRows(table: number, symbol: number, buffer: ArrayBuffer, capacity: number): number;
  readRows(
    table: number,
    shard: number,
    from: number,
    buffer: ArrayBuffer,
    capacity: number,
  ): number;
  takeHeap(): Uint8Array;
  beginSnapshot(name: string): void;
  snapshotMade(): boolean;
  snapshots(): SnapshotInfo[];
  removeSnapshot(name: string): void;
  settle(): void;
  loadTicks(
    symbol: number,
    fromDay: number,
    fromNs: number,
    toDay: number,
    toNs: number,
    firstSequence: number,
    buffer: ArrayBuffer,
    capacity: number,
  ): number;
  lastTicks(symbol: number, buffer: ArrayBuffer, capacity: number): number;
  readSequence(shard: number, from: number, buffer: ArrayBuffer, capacity: number): number;
  get(key: string): Uint8Array | undefined;
  scan(
    prefix: string,
    from: string | undefined,
    exclusive: boolean,
    limit: number | undefined,
    reverse: boolean,
  ): KeyValueEntry[];
  write(operations: readonly KeyValueOperation[]): number;
  durablePosition(): number;
  acceptedPosition(): number;
  durable(position: number | undefined): Promise<void>;
  seal(): void;
  stats(): DatabaseStats;
  close(): void;
}

const loneSurrogate = /\p{Surrogate}/u;

/** Text with half a surrogate pair has no UTF-8: two such keys would become one. */
function checkKey(key: string): void {
  if (loneSurrogate.test(key))
    throw new NdtsError('INVALID_ARGUMENT', `key ${JSON.stringify(key)} is not well-formed text`);
}

function fill(batch: TickBatch, count: number): number {
  batch.count = count;
  return count;
}

const classes = addon as {
  readonly Database: new (options: DatabaseOptions) => NativeDatabase;
  restoreSnapshot(folder: string, dir: string): void;
};

const snapshotPollMs = 5;

class AddonDatabase implements Database {
  readonly #native: NativeDatabase;
  readonly shardCount: number;

  constructor(options: DatabaseOptions) {
    const { dir, stagingDir } = options;
    for (const folder of [dir, stagingDir])
      if (typeof folder !== 'string' || folder === '')
        throw new NdtsError('INVALID_ARGUMENT', 'expected dir and stagingDir to be paths');
    const absolute = {
      ...defaults,
      ...options,
      dir: resolve(dir),
      stagingDir: resolve(stagingDir),
    };
    this.#native = native(() => new classes.Database(absolute));
    this.shardCount = options.shardCount;
  }

  registerSymbol(id: number, shard: number, name: string): void {
    native(() => this.#native.registerSymbol(id, shard, name));
  }

  symbols(): SymbolEntry[] {
    return native(() => this.#native.symbols());
  }

  epoch(shard: number): number {
    return native(() => this.#native.epoch(shard));
  }

  nextSequence(shard: number, table?: number): number {
    return native(() => this.#native.nextSequence(shard, table));
  }

  appendTicks(batch: TickBatch): number {
    try {
      return this.#native.appendTicks(batch.buffer, batch.capacity, batch.count);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  watermarks(into: Float64Array, table?: number): void {
    try {
      this.#native.watermarks(into, table);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  loadTicks(
    symbol: number,
    from: Time,
    to: Time,
    batch: TickBatch,
    afterSequence?: number,
  ): number {
    const first = afterSequence === undefined ? 0 : afterSequence + 1;
    const { buffer, capacity } = batch;
    const load = () =>
      this.#native.loadTicks(
        symbol,
        from.day,
        from.nsOfDay,
        to.day,
        to.nsOfDay,
        first,
        buffer,
        capacity,
      );
    return fill(batch, native(load));
  }

  lastTicks(symbol: number, batch: TickBatch): number {
    return fill(
      batch,
      native(() => this.#native.lastTicks(symbol, batch.buffer, batch.capacity)),
    );
  }

  readSequence(shard: number, fromSequence: number, batch: TickBatch): number {
    const { buffer, capacity } = batch;
    return fill(
      batch,
      native(() => this.#native.readSequence(shard, fromSequence, buffer, capacity)),
    );
  }

  createTable(schema: TableSchema): number {
    return native(() => this.#native.createTable(schema));
  }

  tables(): TableInfo[] {
    return native(() => this.#native.tables());
  }

  appendRows(table: number, batch: TableBatch): number {
    const { buffer, capacity, count } = batch;
    try {
      return this.#native.appendRows(table, buffer, capacity, count, batch.heap());
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  loadRows(
    table: number,
    symbol: number,
    from: Time,
    to: Time,
    batch: TableBatch,
    afterSequence?: number,
  ): number {
    const first = afterSequence === undefined ? 0 : afterSequence + 1;
    const { buffer, capacity } = batch;
    const load = () =>
      this.#native.loadRows(
        table,
        symbol,
        from.day,
        from.nsOfDay,
        to.day,
        to.nsOfDay,
        first,
        buffer,
        capacity,
      );
    return this.#filled(batch, native(load));
  }

  lastRows(table: number, symbol: number, batch: TableBatch): number {
    const { buffer, capacity } = batch;
    return this.#filled(
      batch,
      native(() => this.#native.lastRows(table, symbol, buffer, capacity)),
    );
  }

  readRows(table: number, shard: number, fromSequence: number, batch: TableBatch): number {
    const { buffer, capacity } = batch;
    return this.#filled(
      batch,
      native(() => this.#native.readRows(table, shard, fromSequence, buffer, capacity)),
    );
  }

  #filled(batch: TableBatch, count: number): number {
    batch.count = count;
    if (batch.hasHeap) batch.takeHeap(this.#native.takeHeap());
    return count;
  }

  async snapshot(name: string): Promise<void> {
    native(() => this.#native.beginSnapshot(name));
    while (!native(() => this.#native.snapshotMade())) await delay(snapshotPollMs);
  }

  snapshots(): SnapshotInfo[] {
    return native(() => this.#native.snapshots());
  }

  removeSnapshot(name: string): void {
    native(() => this.#native.removeSnapshot(name));
  }

  settle(): void {
    native(() => this.#native.settle());
  }

  get(key: string): Uint8Array | undefined {
    return native(() => this.#native.get(key));
  }

  scan(range: KeyValueRange): KeyValueEntry[] {
    const { prefix, from, limit } = range;
    const exclusive = range.exclusive ?? false;
    const reverse = range.reverse ?? false;
    return native(() => this.#native.scan(prefix, from, exclusive, limit, reverse));
  }

  write(operations: readonly KeyValueOperation[]): number {
    return native(() => {
      if (Array.isArray(operations)) for (const one of operations) checkKey(one.key);
      return this.#native.write(operations);
    });
  }

  durablePosition(): number {
    return native(() => this.#native.durablePosition());
  }

  acceptedPosition(): number {
    return native(() => this.#native.acceptedPosition());
  }

  async durable(position?: number): Promise<void> {
    try {
      await this.#native.durable(position);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  seal(): void {
    native(() => this.#native.seal());
  }

  stats(): DatabaseStats {
    return native(() => this.#native.stats());
  }

  close(): void {
    native(() => this.#native.close());
  }
}

/** Opens the database of a folder, making it when there is none. Throws LOCKED, READ_ONLY,
 * VERSION_TOO_NEW, CORRUPT, INVALID_ARGUMENT (another shardCount), IO_ERROR, DISK_FULL. */
export function openDatabase(options: DatabaseOptions): Database {
  return new AddonDatabase(options);
}

/** Makes a database folder of a snapshot folder. `dir` must not exist or be empty. */
export function restoreSnapshot(folder: string, dir: string): void {
  native(() => classes.restoreSnapshot(resolve(folder), resolve(dir)));
}
