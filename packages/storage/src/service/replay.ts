// A replay as a stream: batches of the engine, one after the other.

import type { Database, TableInfo } from '@ndts/native/db';
import type { ReplayBatch } from '@ndts/native/replay';
import { BatchFeed } from '../replay/batch-feed.js';
import { list, texts, times, whole } from './arguments.js';
import type { SymbolRegistry } from '../table/symbol-registry.js';
import { placesOf } from './rows.js';
import type { RawReplayRows, StreamOf } from './service.js';
import { symbolEntries } from './symbol-lookup.js';

type Asked = Readonly<Record<string, unknown>>;

export const replayRowsMax = 1 << 20;

export function openReplay(
  database: Database,
  registry: SymbolRegistry,
  table: TableInfo,
  asked: Asked,
): StreamOf<'replay'> {
  const names = texts(asked['symbols'], 'symbols');
  const symbols = names === undefined ? [] : symbolEntries(registry, names);
  const { shardCount } = database;
  const epochs = Uint32Array.from({ length: shardCount }, (_, shard) => database.epoch(shard));
  const reader = database.replay({
    table: table.id,
    ...(names === undefined ? {} : { symbols: Uint32Array.from(symbols, (entry) => entry.id) }),
    ...times(asked),
    columns: list(asked['columns'], 'columns', (one) => whole(one, 'columns', 0, 255)),
    capacity: whole(asked['capacity'], 'batch', 1, replayRowsMax),
    intervalNs: whole(asked['intervalNs'], 'intervalNs', 0, Number.MAX_SAFE_INTEGER),
  });
  const feed = new BatchFeed(reader, undefined);
  return {
    head: { ends: reader.ends, epochs, symbols },
    next: async () => {
      const batch = await feed.next();
      return batch === undefined ? undefined : replayRows(batch);
    },
    close: async () => feed.close(),
  };
}

/** Rows of a batch of a replay, and its steps. */
export function replayRows(batch: ReplayBatch): RawReplayRows {
  const { count, steps } = batch;
  return {
    count,
    ...placesOf(batch, count),
    values: batch.values.map((values) => values.subarray(0, count)),
    nulls: batch.nulls.map((nulls) => nulls?.subarray(0, count) ?? null),
    stepDay: batch.stepDay.subarray(0, steps),
    stepNsOfDay: batch.stepNsOfDay.subarray(0, steps),
    stepEndRow: batch.stepEndRow.subarray(0, steps),
  };
}
