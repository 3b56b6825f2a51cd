// The two engines of a node: ticks (series), and the journal (key-value). They are apart so that an
// order's fdatasync never queues behind ticks and a torn tick never stops the journal.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, openDatabase } from '@ndts/native/db';
import type { ConfigValues } from '@ndts/protocol';
import type { DataFolder } from '../folder/data-folder.js';

const journalStagingBytes = 16 * 1024 * 1024;
const journalFileBytes = 16 * 1024 * 1024;
const journalBudgetBytes = 256 * 1024 * 1024;
const journalCommitIntervalMs = 2;

function stagingDir(folder: DataFolder, engine: string): string {
  const dir = join(folder.memory, engine);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

export function openTicks(folder: DataFolder, values: ConfigValues): Database {
  return openDatabase({
    dir: folder.ticks,
    stagingDir: stagingDir(folder, 'staging-ticks'),
    stagingBytes: values.storage.stagingBytes,
    walFileBytes: values.storage.walFileBytes,
    walBudgetBytes: values.storage.walBudgetBytes,
    memtableBytes: values.storage.memtableBytes,
    commitIntervalMs: values.storage.commitIntervalMs,
    sealIntervalMs: values.storage.sealIntervalMs,
    shardCount: values.cluster.shards,
  });
}

export function openJournal(folder: DataFolder, values: ConfigValues): Database {
  return openDatabase({
    dir: folder.journal,
    stagingDir: stagingDir(folder, 'staging-journal'),
    stagingBytes: journalStagingBytes,
    walFileBytes: journalFileBytes,
    walBudgetBytes: journalBudgetBytes,
    memtableBytes: journalBudgetBytes,
    commitIntervalMs: journalCommitIntervalMs,
    sealIntervalMs: values.storage.sealIntervalMs,
    shardCount: 1,
  });
}
