// ndtsdb: one engine instance over one folder: a write-ahead log, a series table of ticks and a
// key-value table. Synchronous and batch-wise; only waiting for the disk is a promise.

import { resolve } from 'node:path';
import {
  type KeyValueEntry,
  type KeyValueOperation,
  type KeyValueRange,
  type KeyValueStore,
  NdtsError,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

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
  /** Memtables sealed since open, and attempts that failed and are tried again. */
  readonly flushes: number;
  readonly flushFailures: number;
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
  /** The sequence the next tick of the shard will get. */
  nextSequence(shard: number): number;
  /** Accepts rows [0, count): writes shard, epoch and sequence into the batch; staging first, then
   * memtable. Returns the log position. The batch is accepted whole, or the call throws and nothing
   * changed. Waits, counted, when staging is full. */
  appendTicks(batch: TickBatch): number;
  /** Exclusive sequences [accepted, durable, replicated, sealed] of each shard; 4 * shardCount. */
  watermarks(into: Float64Array): void;
  /** Ticks of a symbol with from <= time < to in (time, sequence) order, starting after
   * `afterSequence` among ticks that equal `from`. Returns the count; less than
   * capacity: the end. */
  loadTicks(symbol: number, from: Time, to: Time, batch: TickBatch, afterSequence?: number): number;
  /** The newest ticks of a symbol, at most batch.capacity, oldest first. */
  lastTicks(symbol: number, batch: TickBatch): number;
  /** Ticks of a shard by sequence from `fromSequence` on, in sequence order. */
  readSequence(shard: number, fromSequence: number, batch: TickBatch): number;

  acceptedPosition(): number;
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
  nextSequence(shard: number): number;
  appendTicks(buffer: ArrayBuffer, capacity: number, count: number): number;
  watermarks(into: Float64Array): void;
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

const classes = addon as { readonly Database: new (options: DatabaseOptions) => NativeDatabase };

class AddonDatabase implements Database {
  readonly #native: NativeDatabase;
  readonly shardCount: number;

  constructor(options: DatabaseOptions) {
    const { dir, stagingDir } = options;
    for (const folder of [dir, stagingDir])
      if (typeof folder !== 'string' || folder === '')
        throw new NdtsError('INVALID_ARGUMENT', 'expected dir and stagingDir to be paths');
    const absolute = { ...options, dir: resolve(dir), stagingDir: resolve(stagingDir) };
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

  nextSequence(shard: number): number {
    return native(() => this.#native.nextSequence(shard));
  }

  appendTicks(batch: TickBatch): number {
    try {
      return this.#native.appendTicks(batch.buffer, batch.capacity, batch.count);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  watermarks(into: Float64Array): void {
    try {
      this.#native.watermarks(into);
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
