// The public door of storage: the data folder, the engines, symbols and streams.

export { type DataFolder, folderVersion, openDataFolder } from './folder/data-folder.js';
export {
  checkDataFolder,
  type EngineName,
  folderSnapshots,
  planRestore,
  type RestoreStep,
  removeFolderSnapshot,
  restoreFolder,
  Snapshots,
} from './folder/snapshots.js';
export { MappedTransport } from './remote/mapped-transport.js';
export {
  replaySnapshots,
  type ReplaySnapshotsOptions,
  type SnapshotReplay,
  type TickSnapshot,
} from './replay/replay-snapshots.js';
export { replayTicks, type ReplayTicksOptions, type TickReplay } from './replay/replay-ticks.js';
export { type TickColumn, tickColumns, type TickReplayBatch } from './replay/tick-columns.js';
export { openJournal, openTicks } from './table/open.js';
export { SymbolRegistry } from './table/symbol-registry.js';
export { StorageMetrics } from './table/storage-metrics.js';
export {
  type Aggregate,
  type AggregateKind,
  type AggregateQuery,
  type AggregateResult,
  type ColumnValues,
  type Database,
  type DatabaseStats,
  restoreSnapshot,
  type ScanPredicate,
  type SnapshotInfo,
  type SymbolEntry,
  TableBatch,
  type TableInfo,
  tickTable,
} from '@ndts/native/db';
export {
  type PostgresAddress,
  PostgresServer,
  type PostgresServerOptions,
} from './postgres/server.js';
export { SqlBatch, SqlBatchColumn, type SqlRow, type SqlValue } from './sql/batch.js';
export type { Parameters, ParameterValue } from './sql/parameters.js';
export { type QueryOptions, QueryResult, Sql, type SqlOptions } from './sql/query.js';
export { SqlError, type SqlPosition } from './sql/sql-error.js';
export type { SqlColumn, SqlDescription, SqlKind, SqlWatermark } from '@ndts/native/sql';
export { inspectFile } from '@ndts/native/inspect';
export {
  type RepairAmount,
  type RepairFinding,
  type RepairOptions,
  type RepairReport,
  repairDatabase,
} from '@ndts/native/repair';

export {
  createSlotRing,
  createTickRings,
  openSlotRing,
  openTickRings,
  type SlotRingOptions,
  type SlotRingReader,
  type SlotRingWriter,
  type TickRingReader,
  type TickRingsOptions,
  type TickRingWriter,
} from '@ndts/native/ring';
