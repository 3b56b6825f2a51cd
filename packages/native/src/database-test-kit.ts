// A small database for tests of the addon: everything in one folder, sizes that fill soon.

import { join } from 'node:path';
import type { Database } from './database.js';
import { openDatabase } from './db.js';

export function openSmall(root: string, name = 'data'): Database {
  return openDatabase({
    dir: join(root, name),
    stagingDir: join(root, 'staging'),
    stagingBytes: 1 << 20,
    walFileBytes: 1 << 20,
    walBudgetBytes: 8 << 20,
    memtableBytes: 1 << 20,
    commitIntervalMs: 1,
    sealIntervalMs: 0,
    shardCount: 2,
  });
}
