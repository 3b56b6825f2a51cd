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

/** What both engines are told alike. */
function upkeep(values: ConfigValues) {
  const { storage } = values;
  return {
    sealIntervalMs: storage.sealIntervalMs,
    snapshotIntervalMs: storage.snapshotIntervalMs,
    snapshotsKept: storage.snapshotsKept,
    mergeSegments: storage.mergeSegments,
    level0Tables: storage.level0Tables,
    level1Bytes: storage.level1Bytes,
    levelFactor: storage.levelFactor,
    compactionBytesPerSecond: storage.compactionBytesPerSecond,
  };
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
    shardCount: values.cluster.shards,
    ...upkeep(values),
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
    shardCount: 1,
    ...upkeep(values),
  });
}
