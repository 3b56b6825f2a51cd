// What the addon's class of a database has: db.ts makes of it what its users see.

import type { KeyValueEntry, KeyValueOperation, TableSchema } from '@ndts/protocol';
import type {
  DatabaseStats,
  SegmentInfo,
  SnapshotInfo,
  SymbolEntry,
  TableInfo,
} from './database.js';
import type { NativeLocated } from './locate.js';
import type { NativeReplayRequest } from './replay.js';
import type { NativeQuery, NativeResult } from './scan.js';
import type { NativeQueryStart } from './sql.js';

export interface NativeDatabase {
  registerSymbol(id: number, shard: number, name: string): void;
  symbols(): SymbolEntry[];
  epoch(shard: number): number;
  nextSequence(shard: number, table: number | undefined): number;
  appendTicks(
    buffer: ArrayBuffer,
    capacity: number,
    count: number,
    operations: readonly KeyValueOperation[] | undefined,
  ): number;
  watermarks(into: Float64Array, table: number | undefined): void;
  createTable(schema: TableSchema): number;
  tables(): TableInfo[];
  appendRows(
    table: number,
    buffer: ArrayBuffer,
    capacity: number,
    count: number,
    heap: Uint8Array | undefined,
    operations: readonly KeyValueOperation[] | undefined,
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
  aggregate(query: NativeQuery): Promise<NativeResult>;
  latest(table: number, symbols: Uint32Array, buffer: ArrayBuffer, capacity: number): number;
  locate(
    table: number,
    symbol: number,
    fromDay: number,
    fromNs: number,
    toDay: number,
    toNs: number,
  ): NativeLocated;
  takeHeap(): Uint8Array;
  replay(request: NativeReplayRequest): unknown;
  beginSnapshot(name: string): void;
  snapshotMade(): boolean;
  snapshots(): SnapshotInfo[];
  removeSnapshot(name: string): void;
  segments(table: number): SegmentInfo[];
  beginChange(removed: readonly number[], added: readonly string[]): void;
  changeMade(): boolean;
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
  beginQuery(
    library: string,
    memoryBytes: number,
    threads: number,
    file: string | undefined,
  ): NativeQueryStart;
  close(): void;
}
