// wal_append: accepted appends one by one; durable appends one by one beside the disk's own
// write + fdatasync (the two alternate); durable appends in bulk with group commit.

import { type Database, openDatabase } from '@ndts/native/db';
import {
  answerHash,
  type Bench,
  type BenchContext,
  percentile,
  percentiles,
  pick,
} from './kit/bench.js';
import { openRawSync, sortedCopy } from './kit/disk.js';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';

const valueBytes = 100;

function open(context: BenchContext, name: string): Database {
  const dir = join(context.dir, name);
  const stagingDir = join(context.memory, name);
  mkdirSync(dir);
  mkdirSync(stagingDir);
  return openDatabase({
    dir,
    stagingDir,
    stagingBytes: 64 * 1024 * 1024,
    walFileBytes: 64 * 1024 * 1024,
    walBudgetBytes: 1024 * 1024 * 1024,
    memtableBytes: 1024 * 1024 * 1024,
    commitIntervalMs: 5,
    sealIntervalMs: 0,
    shardCount: 1,
  });
}

function key(index: number): string {
  return `k${String(index).padStart(15, '0')}`;
}

function accepted(context: BenchContext): void {
  const count = pick(context.size, { smoke: 2000, small: 200_000, full: 1_000_000 });
  const database = open(context, 'accepted');
  const value = new Uint8Array(valueBytes).fill(1);
  const us = new Float64Array(count);
  const operation = { key: '', value };
  const operations = [operation];
  for (let index = 0; index < count; index += 1) {
    operation.key = key(index);
    const start = performance.now();
    database.write(operations);
    us[index] = (performance.now() - start) * 1000;
  }
  const answer = answerHash(database.stats().keyValueEntries);
  const sorted = sortedCopy(us);
  for (const [metric, fraction] of percentiles)
    context.emit({
      bench: 'wal_append',
      params: { ack: 'accepted', entries: count, bytes: valueBytes },
      metric,
      value: percentile(sorted, fraction),
      unit: 'us',
      answer,
    });
  database.close();
}

async function durableSingle(context: BenchContext): Promise<void> {
  const count = pick(context.size, { smoke: 50, small: 2000, full: 20_000 });
  const database = open(context, 'durable');
  const raw = openRawSync(context.dir, valueBytes + 64);
  const value = new Uint8Array(valueBytes).fill(2);
  const ours = new Float64Array(count);
  const disk = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await database.durable(database.write([{ key: key(index), value }]));
    ours[index] = (performance.now() - start) * 1000;
    disk[index] = raw.step();
  }
  raw.close();
  const answer = answerHash(database.stats().keyValueEntries);
  const sortedOurs = sortedCopy(ours);
  const sortedDisk = sortedCopy(disk);
  for (const [metric, fraction] of percentiles) {
    const value = percentile(sortedOurs, fraction);
    context.emit({
      bench: 'wal_append',
      params: { ack: 'durable', entries: count, bytes: valueBytes },
      metric,
      value,
      unit: 'us',
      answer,
      peer: 'write+fdatasync',
      ratio: percentile(sortedDisk, fraction) / value,
    });
  }
  database.close();
}

async function durableBulk(context: BenchContext): Promise<void> {
  const count = pick(context.size, { smoke: 2000, small: 200_000, full: 2_000_000 });
  const database = open(context, 'bulk');
  const value = new Uint8Array(valueBytes).fill(3);
  const start = performance.now();
  let position = 0;
  for (let index = 0; index < count; index += 1)
    position = database.write([{ key: key(index), value }]);
  await database.durable(position);
  const seconds = (performance.now() - start) / 1000;
  const answer = answerHash(database.stats().keyValueEntries);
  const rates = [
    ['entriesPerSecond', count / seconds, '1/s'],
    ['payload', (count * valueBytes) / seconds / 1e6, 'MB/s'],
  ] as const;
  for (const [metric, rate, unit] of rates)
    context.emit({
      bench: 'wal_append',
      params: { ack: 'durable', entries: count, bytes: valueBytes, group: true },
      metric,
      value: rate,
      unit,
      answer,
    });
  database.close();
}

export const walAppend: Bench = {
  name: 'wal_append',
  about: 'log appends: accepted, durable one by one beside the disk, durable in bulk',
  run: async (context) => {
    accepted(context);
    await durableSingle(context);
    await durableBulk(context);
  },
};
