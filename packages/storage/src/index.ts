// The public door of storage: the data folder, the engines, symbols and streams.

export { type DataFolder, folderVersion, openDataFolder } from './folder/data-folder.js';
export { MappedTransport } from './remote/mapped-transport.js';
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
