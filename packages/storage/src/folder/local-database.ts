// A data folder that this process opens itself: its two engines, the registry on the journal, and
// the symbols in it. What nodes compose with much more around it, and all that a tool or a client
// needs.
//
// Always: one process at a time has a folder open (LOCKED); close() leaves everything durable.

import {
  type Clock,
  type ConfigValues,
  NdtsError,
  type Random,
  type Registry,
} from '@ndts/protocol';
import { CloseStack, EmbeddedRegistry, type Logger, type SecureRandom } from '@ndts/runtime';
import type { Database, SymbolEntry } from '@ndts/native/db';
import { openJournal, openTicks } from '../table/open.js';
import { SymbolRegistry } from '../table/symbol-registry.js';
import { type DataFolder, openDataFolder } from './data-folder.js';

export interface LocalDatabaseOptions {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The user the memory folder is named after. */
  readonly userId: number;
  readonly secureRandom?: SecureRandom;
}

export interface LocalDatabase {
  readonly folder: DataFolder;
  readonly ticks: Database;
  readonly journal: Database;
  readonly registry: Registry;
  readonly symbols: SymbolRegistry;
  /** Twice is allowed. */
  close(): Promise<void>;
}

/** Makes the folder when there is none. Throws LOCKED when this process or another has it open,
 * and what opening a database throws. */
export async function openLocalDatabase(options: LocalDatabaseOptions): Promise<LocalDatabase> {
  const closing = new CloseStack();
  try {
    return await openAll(options, closing);
  } catch (error) {
    await closing.closeAll(() => undefined);
    throw error;
  }
}

async function openAll(options: LocalDatabaseOptions, closing: CloseStack): Promise<LocalDatabase> {
  const { values, clock, random, logger } = options;
  const folder = openDataFolder({
    dir: values.dataDir,
    memoryParent: values.storage.memoryDir,
    userId: options.userId,
    ...(options.secureRandom === undefined ? {} : { secureRandom: options.secureRandom }),
  });
  // First: it holds the lock that keeps a second process away from everything below.
  const ticks = openTicks(folder, values);
  closing.defer('ticks', () => ticks.close());
  const journal = openJournal(folder, values);
  closing.defer('journal', () => journal.close());
  const registry = new EmbeddedRegistry({ store: journal, clock, random, logger });
  closing.defer('registry', () => registry.close());
  const symbols = await SymbolRegistry.open({ registry, shardCount: values.cluster.shards });
  for (const { id, shard, name } of symbols.all()) ticks.registerSymbol(id, shard, name);
  const close = async (): Promise<void> => {
    const failures: Error[] = [];
    await closing.closeAll((name, error) => {
      failures.push(
        error instanceof Error ? error : new NdtsError('INTERNAL', `${name}: ${String(error)}`),
      );
    });
    const [first] = failures;
    if (first !== undefined) throw first;
  };
  return { folder, ticks, journal, registry, symbols, close };
}

/** Entries of these names, in their order: new ones get an id in the registry, which is durable
 * then, and are made known to the database. */
export async function ensureSymbols(
  symbols: SymbolRegistry,
  database: Database,
  names: readonly string[],
): Promise<SymbolEntry[]> {
  const entries = await symbols.ensure(names);
  for (const { id, shard, name } of entries) database.registerSymbol(id, shard, name);
  return entries;
}
