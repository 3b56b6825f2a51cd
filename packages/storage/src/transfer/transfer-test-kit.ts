// A data folder in a temporary place, imports into it and what is in it afterwards, for tests.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createSilentLogger, loadConfig, SeededRandom, SystemClock } from '@ndts/runtime';
import { type LocalDatabase, openLocalDatabase } from '../folder/local-database.js';
import { Sql } from '../sql/query.js';
import { type ImportOptions, importFile } from './import-file.js';
import { localTarget } from './import-target.js';
import type { TransferEvent } from './transfer-event.js';

export const testClock = new SystemClock();

export function makeRoot(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'ndts-transfer-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

export function openFolder(dataDir: string): Promise<LocalDatabase> {
  const values = loadConfig({
    args: {
      dataDir,
      'storage.stagingBytes': '4194304',
      'storage.walFileBytes': '4194304',
    },
    environment: {},
  });
  return openLocalDatabase({
    values,
    clock: testClock,
    random: new SeededRandom(1),
    logger: createSilentLogger(),
    userId: process.getuid?.() ?? 0,
  });
}

/** Closed when the test ends. */
export async function openTestFolder(context: TestContext, root: string): Promise<LocalDatabase> {
  const local = await openFolder(join(root, 'data'));
  context.after(() => local.close());
  return local;
}

export function importInto(local: LocalDatabase, options: ImportOptions): Promise<TransferEvent> {
  return importFile(localTarget(local), testClock, options);
}

/** Rows of a query as JSON lines; times as text. */
export async function rowsOf(local: LocalDatabase, text: string): Promise<string[]> {
  const sql = new Sql({ database: local.ticks, clock: testClock });
  const rows = await (await sql.query(text)).rows();
  return rows.map((row) =>
    JSON.stringify(Object.values(row), (_, value: unknown) =>
      typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
        ? String(value)
        : value,
    ),
  );
}
