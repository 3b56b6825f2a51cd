// ndtsdb: one engine instance over one folder: a write-ahead log, series tables and a key-value
// table. Synchronous and batch-wise; waiting for the disk, aggregates and queries are promises.

import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises'; // ambient: asks a thread of the engine
import {
  type KeyValueEntry,
  type KeyValueOperation,
  type KeyValueRange,
  NdtsError,
  type TableSchema,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';
import {
  type Database,
  type DatabaseOptions,
  type DatabaseStats,
  type SegmentChange,
  type SegmentInfo,
  type SnapshotInfo,
  type SymbolEntry,
  type TableInfo,
  tickTable,
} from './database.js';
import { type LocateResult, locateResult } from './locate.js';
import type { NativeDatabase } from './native-database.js';
import { BlockHold, type BlockHoldRequest } from './blocks.js';
import { AddonReplay, nativeRequest, type ReplayReader, type ReplayRequest } from './replay.js';
import { LeftSessions, type SqlLimits, SqlSession, sqlLibrary } from './sql.js';
import { type AggregateQuery, type AggregateResult, aggregateResult, nativeQuery } from './scan.js';
import type { TableBatch } from './table-batch.js';

export {
  type Database,
  type DatabaseOptions,
  type DatabaseStats,
  type SegmentChange,
  type SegmentInfo,
  type SnapshotInfo,
  type SymbolEntry,
  type TableInfo,
  tickTable,
} from './database.js';
export type {
  Aggregate,
  AggregateKind,
  AggregateQuery,
  AggregateResult,
  ScanPredicate,
} from './scan.js';
export type { BlockPlace, LocateResult, MemoryPlace } from './locate.js';
export { listSnapshots, removeSnapshot, restoreSnapshot } from './snapshot-folders.js';
export { type ColumnValues, TableBatch } from './table-batch.js';

const defaults = {
  snapshotIntervalMs: 0,
  snapshotsKept: 2,
  compactionBytesPerSecond: 0,
  level0Tables: 4,
  level1Bytes: 400 * 1024 * 1024,
  levelFactor: 10,
  mergeSegments: 4,
} as const;

const loneSurrogate = /\p{Surrogate}/u;

/** Text with half a surrogate pair has no UTF-8: two such keys or names would become one. */
function checkText(what: string, text: string): void {
  if (loneSurrogate.test(text))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${what} ${JSON.stringify(text)} is not well-formed text`,
    );
}

function checkKeys(operations: readonly KeyValueOperation[]): void {
  if (Array.isArray(operations)) for (const one of operations) checkText('key', one?.key);
}

function fill(batch: TickBatch, count: number): number {
  batch.count = count;
  return count;
}

const classes = addon as {
  readonly Database: new (options: DatabaseOptions) => NativeDatabase;
};

const snapshotPollMs = 5;
const changePollMs = 2;

class AddonDatabase implements Database {
  readonly #native: NativeDatabase;
  readonly shardCount: number;
  /** Tables that batches of a schema were found to fit. */
  readonly #fitting = new WeakMap<TableSchema, number>();
  readonly #leftSessions = new LeftSessions();
  #watchers: readonly (() => void)[] = [];

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
    native(() => {
      checkText('symbol', name);
      this.#native.registerSymbol(id, shard, name);
    });
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

  appendTicks(batch: TickBatch, operations?: readonly KeyValueOperation[]): number {
    if (operations !== undefined) checkKeys(operations);
    let position: number;
    try {
      position = this.#native.appendTicks(batch.buffer, batch.capacity, batch.count, operations);
    } catch (error) {
      throw toNdtsError(error);
    }
    this.#tellWatchers();
    return position;
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
    return native(() => {
      checkText('table', schema?.name);
      return this.#native.createTable(schema);
    });
  }

  tables(): TableInfo[] {
    return native(() => this.#native.tables());
  }

  appendRows(table: number, batch: TableBatch, operations?: readonly KeyValueOperation[]): number {
    const { buffer, capacity, count } = batch;
    this.#checkFit(table, batch.schema);
    if (operations !== undefined) checkKeys(operations);
    let position: number;
    try {
      const heap = batch.heap();
      position = this.#native.appendRows(table, buffer, capacity, count, heap, operations);
    } catch (error) {
      throw toNdtsError(error);
    }
    this.#tellWatchers();
    return position;
  }

  watchAppends(action: () => void): () => void {
    const watcher = (): void => action();
    this.#watchers = [...this.#watchers, watcher];
    return () => {
      this.#watchers = this.#watchers.filter((one) => one !== watcher);
    };
  }

  #tellWatchers(): void {
    const watchers = this.#watchers;
    for (let at = 0; at < watchers.length; at += 1) watchers[at]?.();
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
    this.#checkFit(table, batch.schema);
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
    this.#checkFit(table, batch.schema);
    return this.#filled(
      batch,
      native(() => this.#native.lastRows(table, symbol, buffer, capacity)),
    );
  }

  readRows(table: number, shard: number, fromSequence: number, batch: TableBatch): number {
    const { buffer, capacity } = batch;
    this.#checkFit(table, batch.schema);
    return this.#filled(
      batch,
      native(() => this.#native.readRows(table, shard, fromSequence, buffer, capacity)),
    );
  }

  /** The engine sees memory only: columns of another table would be taken for its own. */
  #checkFit(table: number, schema: TableSchema): void {
    if (this.#fitting.get(schema) === table) return;
    const known = this.#schemaOf(table);
    const columnsOf = (one: TableSchema): string =>
      JSON.stringify(one.columns.map((c) => [c.name, c.type, c.nullable === true]));
    if (columnsOf(known) !== columnsOf(schema))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `the batch has the columns of ${schema.name}, not those of table ${known.name}`,
      );
    this.#fitting.set(schema, table);
  }

  async aggregate(query: AggregateQuery): Promise<AggregateResult> {
    const table = query.table ?? tickTable;
    const asked = nativeQuery(query, table, this.#schemaOf(table));
    try {
      return aggregateResult(query, await this.#native.aggregate(asked));
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  latest(table: number, symbols: Uint32Array, batch: TableBatch): number {
    const { buffer, capacity } = batch;
    this.#checkFit(table, batch.schema);
    return this.#filled(
      batch,
      native(() => this.#native.latest(table, symbols, buffer, capacity)),
    );
  }

  locate(table: number, symbol: number, from?: Time, to?: Time): LocateResult {
    const first = from ?? { day: Number.NEGATIVE_INFINITY, nsOfDay: 0 };
    const end = to ?? { day: Number.POSITIVE_INFINITY, nsOfDay: 0 };
    const find = () =>
      this.#native.locate(table, symbol, first.day, first.nsOfDay, end.day, end.nsOfDay);
    return locateResult(native(find));
  }

  #schemaOf(table: number): TableInfo {
    const known = this.tables().find((one) => one.id === table);
    if (known === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${table}`);
    return known;
  }

  #filled(batch: TableBatch, count: number): number {
    batch.count = count;
    if (batch.hasHeap) batch.takeHeap(this.#native.takeHeap());
    return count;
  }

  replay(request: ReplayRequest): ReplayReader {
    const id = request.table ?? tickTable;
    const made = native(() => this.#native.replay(nativeRequest(request)));
    const schema = this.tables().find((one) => one.id === id);
    if (schema === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${id}`);
    return new AddonReplay(made, schema, request);
  }

  holdBlocks(request: BlockHoldRequest, folder: string, name: string): Promise<BlockHold> {
    const whole = { ...request, columns: [], capacity: 1 };
    const made = native(() => this.#native.replay(nativeRequest(whole)));
    return BlockHold.open(made, folder, name);
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

  segments(table: number): SegmentInfo[] {
    return native(() => this.#native.segments(table));
  }

  async changeSegments(change: SegmentChange): Promise<void> {
    const { removed = [], added = [] } = change;
    const paths = added.map((path) => resolve(path));
    native(() => this.#native.beginChange(removed, paths));
    while (!native(() => this.#native.changeMade())) await delay(changePollMs);
  }

  settle(): void {
    native(() => this.#native.settle());
  }

  get(key: string): Uint8Array | undefined {
    return native(() => {
      checkText('key', key);
      return this.#native.get(key);
    });
  }

  scan(range: KeyValueRange): KeyValueEntry[] {
    const { prefix, from, limit } = range;
    const exclusive = range.exclusive ?? false;
    const reverse = range.reverse ?? false;
    return native(() => {
      checkText('prefix', prefix);
      if (from !== undefined) checkText('from', from);
      return this.#native.scan(prefix, from, exclusive, limit, reverse);
    });
  }

  write(operations: readonly KeyValueOperation[]): number {
    return native(() => {
      checkKeys(operations);
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

  get leftQueries(): number {
    return this.#leftSessions.count;
  }

  beginQuery(limits: SqlLimits): SqlSession {
    this.#leftSessions.check();
    const { memoryBytes, threads, file } = limits;
    const begin = () => this.#native.beginQuery(sqlLibrary(), memoryBytes, threads, file);
    return new SqlSession(native(begin), this.#leftSessions);
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
