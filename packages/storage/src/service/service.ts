// What can be asked of an open data folder, in this process or in another: calls with one answer,
// and streams. Names and values only, so that a socket can stand between: the same code answers a
// client that opened the folder itself and one that is connected (docs/protocol/local.md lists
// all).
//
// Always: an item of a stream holds until the next one is asked for; close() lets go of all that
// the stream held, twice is allowed, and whoever waits in next() gets the end.

import type {
  AggregateQuery,
  AggregateResult,
  ColumnValues,
  LocateResult,
  SymbolEntry,
  TableInfo,
} from '@ndts/native/db';
import type { BlockPairs, BlockSpace } from '@ndts/native/blocks';
import type { PullGrant } from '@ndts/native/fabric';
import type { RawBatch, SqlColumn, SqlWatermark } from '@ndts/native/sql';
import type { TableSchema, Time, ValueTypeName } from '@ndts/protocol';
import type { ArchivedRead } from '../retention/archived-days.js';
import type { Parameters } from '../sql/parameters.js';
import type { SqlLimitsOptions } from '../sql/query.js';
import type { ConsumerInfo } from '../stream/consumers.js';
import type { ShardPositions, VoidRows } from '../stream/positions.js';
import type { Watermark } from '../stream/tail.js';

export interface TimesAsked {
  readonly from?: Time;
  readonly to?: Time;
  /** Days of the range that are only in the archive are left out; default: it is refused. */
  readonly archived?: ArchivedRead;
}

/** A column of rows. Of text and bytes: places in the heap, offset and length of each row. */
export interface RawRowColumn {
  readonly name: string;
  readonly type: ValueTypeName;
  readonly values: ColumnValues;
  readonly nulls?: Uint8Array;
}

/** Rows by column; every array has `count` of them. */
export interface RawRows {
  readonly count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
  readonly shard?: Uint32Array;
  readonly epoch?: Uint32Array;
  readonly columns: readonly RawRowColumn[];
  readonly heap?: Uint8Array;
}

/** Rows of a replay, and where intervals end (ReplayBatch of native/replay). */
export interface RawReplayRows extends Omit<RawRows, 'columns' | 'heap'> {
  readonly values: readonly ColumnValues[];
  readonly nulls: readonly (Uint8Array | null)[];
  readonly stepDay: Float64Array;
  readonly stepNsOfDay: Float64Array;
  readonly stepEndRow: Uint32Array;
}

export interface ShardInfo {
  readonly shard: number;
  /** The node that owns it; 'local' in a standalone database. */
  readonly node: string;
  readonly epoch: number;
  /** Sequences of ticks, exclusive: docs/architecture.md, four watermarks. */
  readonly accepted: number;
  readonly durable: number;
  readonly replicated: number;
  readonly sealed: number;
}

export interface AppendedRows {
  readonly position: number;
  readonly shard: Uint32Array;
  readonly epoch: Uint32Array;
  readonly sequence: Float64Array;
}

export type Acknowledgement = 'accepted' | 'durable';

export interface AggregateAsked extends Omit<AggregateQuery, 'table' | 'symbols'> {
  readonly archived?: ArchivedRead;
  readonly table?: string;
  readonly symbols?: readonly string[];
}

export interface SqlAsked extends SqlLimitsOptions {
  readonly archived?: ArchivedRead;
  readonly text: string;
  readonly parameters: Parameters;
}

export interface HeldBlocks {
  readonly hold: number;
  readonly table: TableInfo;
  /** heldFileNumbers of each file (native/blocks). */
  readonly files: Float64Array;
  /** By shard, as of a replay. */
  readonly ends: Float64Array;
  readonly epochs: Uint32Array;
  /** In the order that decides between rows of one time: that of the bytes of their names. */
  readonly symbols: readonly SymbolEntry[];
  /** The most that finds room at once. */
  readonly batchBytes: number;
}

export interface PlacedBlocks extends BlockSpace {
  /** Of the memory; it may be another one each time. */
  readonly grant: PullGrant;
  /** How long the space stays as it is. */
  readonly leaseMs: number;
}

export interface RingsAsked {
  /** Default: ticks. */
  readonly table?: string;
  /** Answered in this order; default: all. */
  readonly shards?: readonly number[];
}

export interface Calls {
  tables: { asked: Record<string, never>; answer: readonly TableInfo[] };
  createTable: { asked: { readonly schema: TableSchema }; answer: number };
  /** Those of the names (NOT_FOUND for one that is not registered), or all. */
  symbols: { asked: { readonly names?: readonly string[] }; answer: readonly SymbolEntry[] };
  register: { asked: { readonly names: readonly string[] }; answer: readonly SymbolEntry[] };
  append: {
    asked: {
      readonly table: string;
      readonly rows: Pick<RawRows, 'count' | 'day' | 'nsOfDay' | 'symbol' | 'columns' | 'heap'>;
      readonly acknowledge: Acknowledgement;
    };
    answer: AppendedRows;
  };
  aggregate: { asked: AggregateAsked; answer: AggregateResult };
  latest: {
    asked: { readonly table: string; readonly symbols?: readonly string[] };
    answer: RawRows;
  };
  /** The newest rows of a symbol, at most `count`, oldest first. */
  newest: {
    asked: { readonly table: string; readonly symbol: string; readonly count: number };
    answer: RawRows;
  };
  locate: {
    asked: { readonly table: string; readonly symbol: string } & TimesAsked;
    answer: LocateResult;
  };
  /** Default: of ticks. */
  shards: { asked: { readonly table?: string }; answer: readonly ShardInfo[] };
  /** Files of the rings that rows of a table (default: ticks) are published on, by shard; none
   * where nobody publishes. */
  rings: { asked: RingsAsked; answer: readonly string[] };
  /** Grants of these rings to who asks over the network, by shard; they end when they are not
   * renewed, and with the connection. UNAVAILABLE where rings are not pulled. */
  pullRings: { asked: RingsAsked; answer: readonly PullGrant[] };
  /** All that were granted on this connection. LEASE_LOST when they ended. */
  renewPulls: { asked: Record<string, never>; answer: null };
  /** Holds what a table is now for a reader on another host, which fetches blocks of segments and
   * decodes them itself; until releaseBlocks, or the end of the connection. UNAVAILABLE where
   * blocks are not pulled; RATE_LIMITED: too many are held. */
  holdBlocks: {
    asked: { readonly table?: string; readonly symbols?: readonly string[] } & TimesAsked;
    answer: HeldBlocks;
  };
  /** Header and footer of a file of a hold, by its place. */
  blockEnds: { asked: { readonly hold: number; readonly file: number }; answer: Uint8Array };
  /** Copies blocks into memory that is read one-sided; `release`: spaces that were read.
   * RATE_LIMITED: there is no room now. */
  placeBlocks: {
    asked: {
      readonly hold: number;
      readonly blocks: BlockPairs;
      readonly release: readonly number[];
    };
    answer: PlacedBlocks;
  };
  /** The bytes of blocks, one behind the other. */
  readBlocks: {
    asked: { readonly hold: number; readonly blocks: BlockPairs };
    answer: Uint8Array;
  };
  releaseBlocks: { asked: { readonly hold: number }; answer: null };
  consumers: { asked: Record<string, never>; answer: readonly ConsumerInfo[] };
  /** Keeps a position, durably. LEASE_LOST: another took the name over since this hold. */
  acknowledge: {
    asked: { readonly name: string; readonly hold: number; readonly position: ShardPositions };
    answer: null;
  };
  /** Ends whoever holds it. false: there was none. */
  removeConsumer: { asked: { readonly name: string }; answer: boolean };
}

export interface Streams {
  load: {
    asked: {
      readonly table: string;
      readonly symbol: string;
      readonly columns?: readonly string[];
      readonly batch: number;
    } & TimesAsked;
    head: null;
    item: RawRows;
  };
  replay: {
    asked: {
      readonly table?: string;
      readonly symbols?: readonly string[];
      readonly columns: readonly number[];
      readonly capacity: number;
      readonly intervalNs: number;
    } & TimesAsked;
    head: {
      readonly ends: Float64Array;
      /** By shard, as the replay was made: (epoch, end) is where live rows begin. */
      readonly epochs: Uint32Array;
      readonly symbols: readonly SymbolEntry[];
    };
    item: RawReplayRows;
  };
  query: {
    asked: SqlAsked;
    head: { readonly columns: readonly SqlColumn[]; readonly watermark: SqlWatermark };
    item: RawBatch;
  };
  tail: {
    asked: {
      readonly table: string;
      readonly symbols?: readonly string[];
      readonly columns?: readonly string[];
      readonly from?: ShardPositions;
      /** By shard: where it ends; default: never. */
      readonly until?: Float64Array;
      readonly watermark?: Watermark;
      readonly batch: number;
    };
    /** Where it begins: behind what of the asked positions still holds. */
    head: { readonly from: ShardPositions; readonly voids: readonly VoidRows[] };
    item: { readonly rows: RawRows; readonly next: ShardPositions };
  };
  /** Holds the name of a consumer until it is closed, or LEASE_LOST: somebody took it over. */
  consumer: {
    asked: { readonly name: string; readonly table: string };
    head: { readonly hold: number; readonly position: ShardPositions | null };
    item: never;
  };
}

export type CallName = keyof Calls;
export type StreamName = keyof Streams;

export interface ServiceStream<Head, Item> {
  readonly head: Head;
  /** undefined at the end. */
  next(): Promise<Item | undefined>;
  close(): Promise<void>;
}

export type StreamOf<N extends StreamName> = ServiceStream<Streams[N]['head'], Streams[N]['item']>;

export interface Service {
  readonly shardCount: number;
  /** Paths that `rings` answered are read no more. What mirrors rings of another host drops them,
   * some time after nobody reads them; absent: they are what they are without readers. */
  leaveRings?(paths: readonly string[]): void;
  call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']>;
  /** The signal ends a query, also while it begins: CANCELLED. */
  open<N extends StreamName>(
    name: N,
    asked: Streams[N]['asked'],
    signal?: AbortSignal,
  ): Promise<StreamOf<N>>;
}
