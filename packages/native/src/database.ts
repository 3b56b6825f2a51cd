// What the database looks like to its users: options, statistics, tables, and the calls themselves.

import type {
  KeyValueOperation,
  KeyValueStore,
  TableSchema,
  TickBatch,
  Time,
} from '@ndts/protocol';
import type { BlockHold, BlockHoldRequest } from './blocks.js';
import type { ReplayReader, ReplayRequest } from './replay.js';
import type { LocateResult } from './locate.js';
import type { SqlLimits, SqlSession } from './sql.js';
import type { AggregateQuery, AggregateResult } from './scan.js';
import type { TableBatch } from './table-batch.js';

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

/** An immutable file of rows of one (table, shard, day). */
export interface SegmentInfo {
  readonly number: number;
  readonly path: string;
  readonly shard: number;
  readonly day: number;
  readonly rows: number;
  readonly bytes: number;
  /** The lowest, and the highest plus one; there may be rows of other segments between. */
  readonly firstSequence: number;
  readonly endSequence: number;
}

export interface SegmentChange {
  /** Numbers of segments that go. */
  readonly removed?: readonly number[];
  /** Files that were segments of this database, on its file system; they are moved in. */
  readonly added?: readonly string[];
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
   * changed. Waits, counted, when staging is full. `operations` as for write() are accepted in the
   * same log entry: both survive, or neither. */
  appendTicks(batch: TickBatch, operations?: readonly KeyValueOperation[]): number;
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

  /** Logs the table and gives it an id; the same schema again is the same table. ALREADY_EXISTS
   * when the name has other columns. */
  createTable(schema: TableSchema): number;
  /** Ticks first. */
  tables(): TableInfo[];
  /** As appendTicks, for a table of any schema. */
  appendRows(table: number, batch: TableBatch, operations?: readonly KeyValueOperation[]): number;
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
  /** Rows of many symbols in the order of time, name and sequence, as they are now: what is
   * appended, merged or closed afterwards changes nothing. */
  replay(request: ReplayRequest): ReplayReader;
  /** What a reader on another host needs to replay by itself. `folder` is in shared memory, `name`
   * nobody else's in it. */
  holdBlocks(request: BlockHoldRequest, folder: string, name: string): Promise<BlockHold>;

  /** Aggregates of the rows that are accepted now, worked out on other threads: appends go on
   * meanwhile and do not show. */
  aggregate(query: AggregateQuery): Promise<AggregateResult>;
  /** The latest row, by time and sequence, of each symbol that has any, in the order of `symbols`.
   * Returns the count. NOT_FOUND for a symbol that is not registered. */
  latest(table: number, symbols: Uint32Array, batch: TableBatch): number;

  /** Where the rows of a symbol lie that are accepted now: which blocks of which files, and what is
   * in memory only. Default: from the first row, to the last; `to` is exclusive. */
  locate(table: number, symbol: number, from?: Time, to?: Time): LocateResult;

  /** Makes a snapshot on disk of what is accepted now: links, behind a flush, without stopping
   * writes. Letters, digits, '.', '-', '_'. ALREADY_EXISTS: the name, or one is being made. */
  snapshot(name: string): Promise<void>;
  /** The complete ones, oldest first. */
  snapshots(): SnapshotInfo[];
  removeSnapshot(name: string): void;

  /** The files of a table, by shard. What is only in memory is not in them: seal() first. */
  segments(table: number): SegmentInfo[];
  /** Lets segments go, or takes them back, all or none. Who reads already goes on reading.
   * NOT_FOUND: one that is to go was merged meanwhile; ALREADY_EXISTS: its rows are there, or
   * another change is under way; UNAVAILABLE: the same segment is still read; INVALID_ARGUMENT. */
  changeSegments(change: SegmentChange): Promise<void>;

  acceptedPosition(): number;
  /** Calls `action` after each append of rows: it has to be cheap and may not throw. Returns what
   * ends that. */
  watchAppends(action: () => void): () => void;
  /** Merges and compacts until nothing is due; for tools and benches. */
  settle(): void;
  /** Seals all memtables into segments and checkpoints; for close and for tests. */
  seal(): void;
  stats(): DatabaseStats;
  /** Queries that were stopped, whose threads still work. */
  readonly leftQueries: number;
  /** A query over what is accepted now; storage's query() drives it. UNAVAILABLE without its
   * library; RATE_LIMITED while too many that were stopped still work. */
  beginQuery(limits: SqlLimits): SqlSession;
  /** Commits and closes. Twice is allowed; any other call afterwards is CLOSED. Queries are stopped
   * and not waited for: a thread of one that works on keeps what it reads until it is done. */
  close(): void;
}
