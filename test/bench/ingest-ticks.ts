// ingest_ticks: ticks through clean, log, memtable and rings, in batches, one thread beside the
// committer. The simulator fills the batches ahead of the clock; only the path is timed. Accepted
// is when the last append returned, durable when the last fdatasync did.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openCleaner, simulatorSymbolNames } from '@ndts/data-node';
import { openDatabase } from '@ndts/native/db';
import { createTickRings } from '@ndts/native/ring';
import { createTickBatch, shardOf } from '@ndts/protocol';
import { loadConfig } from '@ndts/runtime';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import { simulatedBatches } from './kit/simulated.js';

const shardCount = 64;
const batchRows = 4096;

async function ingestSymbols(context: BenchContext, symbols: number): Promise<void> {
  const total = pick(context.size, { smoke: 50_000, small: 2_000_000, full: 10_000_000 });
  const batches = simulatedBatches(symbols, total, batchRows);
  const dir = join(context.dir, `symbols-${symbols}`);
  const memory = join(context.memory, `symbols-${symbols}`);
  mkdirSync(dir);
  mkdirSync(memory);
  const database = openDatabase({
    dir,
    stagingDir: memory,
    stagingBytes: 256 * 1024 * 1024,
    walFileBytes: 64 * 1024 * 1024,
    walBudgetBytes: 4 * 1024 * 1024 * 1024,
    memtableBytes: 4 * 1024 * 1024 * 1024,
    commitIntervalMs: 5,
    sealIntervalMs: 0,
    shardCount,
  });
  simulatorSymbolNames(symbols).forEach((name, index) => {
    database.registerSymbol(index + 1, shardOf(name, shardCount), name);
  });
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const rings = createTickRings({
    dir: join(memory, 'rings'),
    slotCount: 16_384,
    epochs: shards.map((shard) => database.epoch(shard)),
    firstSequences: shards.map((shard) => database.nextSequence(shard)),
  });
  const cleaner = openCleaner(loadConfig({ args: {}, environment: {} }));
  const rejects = createTickBatch(batchRows);
  await database.durable();

  const start = performance.now();
  let position = 0;
  let rows = 0;
  for (const batch of batches) {
    cleaner.clean(batch, rejects);
    position = database.appendTicks(batch);
    rings.publish(batch);
    rows += batch.count;
  }
  const acceptedSeconds = (performance.now() - start) / 1000;
  await database.durable(position);
  const durableSeconds = (performance.now() - start) / 1000;

  const params = { symbols, ticks: rows, batch: batchRows };
  const last = createTickBatch(1000);
  database.lastTicks(1, last);
  const answer = answerHash(rows, last.price.subarray(0, last.count));
  const emit = (metric: string, value: number, unit: string): void =>
    context.emit({ bench: 'ingest_ticks', params, metric, value, unit, answer });
  emit('acceptedTicksPerSecond', rows / acceptedSeconds, '1/s');
  emit('durableTicksPerSecond', rows / durableSeconds, '1/s');
  rings.close();
  cleaner.close();
  database.seal();
  const { segmentBytes } = database.stats();
  database.close();
  emit('segmentBytesPerTick', segmentBytes / rows, 'B');
}

export const ingestTicks: Bench = {
  name: 'ingest_ticks',
  about: 'ticks/s through clean, log, memtable and rings; accepted and durable',
  run: async (context) => {
    for (const symbols of [1, 4000]) await ingestSymbols(context, symbols);
  },
};
