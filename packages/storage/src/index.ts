// The public door of storage: the data folder, the engines, symbols and streams.

export {
  type ClientOptions,
  type ClientQueryOptions,
  type Inserted,
  type LoadOptions,
  NDTSClient,
} from './client/client.js';
export type { ClientSnapshots, ClientTicks } from './client/client-replay.js';
export type { InsertRow } from './client/insert-rows.js';
export type { ClientRole } from './client/open-service.js';
export { RowBatch, type RowValue } from './client/row-batch.js';
export { SymbolRows } from './client/row-loads.js';
export { closeServer, isLoopback, listen } from './listen/listen.js';
export { readTls } from './listen/tls.js';
export { LocalServer } from './remote/local/local-server.js';
export { socketName } from './remote/local/socket-path.js';
export { NetworkServer } from './remote/network/network-server.js';
export { BlockGrants } from './remote/pull/block-grants.js';
export { RingGrants } from './remote/pull/ring-grants.js';
export type { RingPaths } from './service/ring-paths.js';
export { FolderService, type FolderServiceOptions } from './service/folder-service.js';
export type {
  Acknowledgement,
  AggregateAsked,
  RawRowColumn,
  RawRows,
  Service,
  ShardInfo,
} from './service/service.js';
export type { ConsumerInfo } from './stream/consumers.js';
export { type InsertRings, publishInserted } from './table/publish-inserted.js';
export { LatestRows } from './stream/latest-rows.js';
export { grownValues, isText, pickRows, rowPlaces, TextHeap } from './stream/row-places.js';
export { oldestPositions, type ShardPositions, type VoidRows } from './stream/positions.js';
export {
  intervalMsLeast,
  intervalMsMost,
  type LiveBatch,
  type SubscribeMode,
  type SubscribeOptions,
  Subscription,
} from './stream/subscription.js';
export { type Watermark, watermarks } from './stream/tail.js';
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
export {
  ensureSymbols,
  type LocalDatabase,
  type LocalDatabaseOptions,
  openLocalDatabase,
} from './folder/local-database.js';
export type { LineRefusal } from '@ndts/native/line';
export type { LineIntake, LineSink } from './line/line-sink.js';
export { type LineAddresses, LineServer, type LineServerOptions } from './line/line-server.js';
export { MappedTransport } from './remote/mapped-transport.js';
export {
  MarketConnection,
  type MarketConnectionOptions,
  type PastMarket,
} from './remote/pull/market-connection.js';
export {
  replaySnapshots,
  type ReplaySnapshotsOptions,
  type SnapshotReplay,
  type TickSnapshot,
} from './replay/replay-snapshots.js';
export { replayTicks, type ReplayTicksOptions, type TickReplay } from './replay/replay-ticks.js';
export { type TickColumn, tickColumns, type TickReplayBatch } from './replay/tick-columns.js';
export { type ArchivedDay, type ArchivedSegment, dayOfText, dayText } from './retention/archive.js';
export { RetentionKeeper, type RetentionKeeperOptions } from './retention/keeper.js';
export type { ArchivedDays } from './retention/archived-days.js';
export { openArchivedDays, openRetention } from './retention/open.js';
export { parsePolicies, type RetentionPolicy } from './retention/policy.js';
export { type OldDay, Retention, type RetentionOptions } from './retention/retention.js';
export { eachLastTick } from './table/last-ticks.js';
export {
  BookRows,
  flagsOfSide,
  rowsToBooks,
  rowsToTicks,
  sideOfTrade,
  TradeRows,
} from './table/market-rows.js';
export { openJournal, openTicks } from './table/open.js';
export { SymbolRegistry } from './table/symbol-registry.js';
export { StorageMetrics } from './table/storage-metrics.js';
export {
  type Aggregate,
  type AggregateKind,
  type AggregateQuery,
  type AggregateResult,
  type BlockPlace,
  type ColumnValues,
  type Database,
  type DatabaseStats,
  type LocateResult,
  type MemoryPlace,
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
export {
  type ExportOptions,
  exportFile,
  type FileFormat,
  formatOfName,
} from './transfer/export-file.js';
export type { TableSelection } from './transfer/export-selection.js';
export { type ColumnMap, mapColumns } from './transfer/column-map.js';
export type { CsvOptions } from './transfer/csv-options.js';
export { type ImportOptions, importFile } from './transfer/import-file.js';
export {
  type ImportFormat,
  type ImportFormatName,
  importFormatOf,
  openImportFormat,
} from './transfer/import-format.js';
export { databaseTarget, type ImportTarget, localTarget } from './transfer/import-target.js';
export type { RejectedRow } from './transfer/rejects-file.js';
export type { EnsureSymbols, RowSource } from './transfer/row-source.js';
export type {
  OnTransferEvent,
  PlannedColumn,
  TransferAmount,
  TransferEvent,
} from './transfer/transfer-event.js';
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

export * from './ring.js';
