// Where an import puts its rows: an open data folder, in this process or behind a door of another.

import type { Database, TableInfo } from '@ndts/native/db';
import type { TableBatch } from '@ndts/native/db';
import type { KeyValueOperation, TableSchema } from '@ndts/protocol';
import { ensureSymbols, type LocalDatabase } from '../folder/local-database.js';

export interface ImportTarget {
  tables(): readonly TableInfo[];
  /** The id; the same schema again is the same table. */
  createTable(schema: TableSchema): number;
  /** Ids of the names, in their order; they are known to the database then. */
  ensureSymbols(names: readonly string[]): Promise<Uint32Array>;
  /** Accepts the rows and the operations: both, or neither. Returns the position. */
  appendRows(table: number, batch: TableBatch, operations: readonly KeyValueOperation[]): number;
  write(operations: readonly KeyValueOperation[]): number;
  get(key: string): Uint8Array | undefined;
  durable(position: number): Promise<void>;
}

export function databaseTarget(
  database: Database,
  ensure: (names: readonly string[]) => Promise<Uint32Array>,
): ImportTarget {
  return {
    tables: () => database.tables(),
    createTable: (schema) => database.createTable(schema),
    ensureSymbols: ensure,
    appendRows: (table, batch, operations) => database.appendRows(table, batch, operations),
    write: (operations) => database.write(operations),
    get: (key) => database.get(key),
    durable: (position) => database.durable(position),
  };
}

export function localTarget(local: LocalDatabase): ImportTarget {
  return databaseTarget(local.ticks, async (names) => {
    const entries = await ensureSymbols(local.symbols, local.ticks, names);
    return Uint32Array.from(entries, (entry) => entry.id);
  });
}
