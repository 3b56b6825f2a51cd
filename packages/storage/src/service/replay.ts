// A replay as a stream: batches of the engine, one after the other.

import type { Database, SymbolEntry } from '@ndts/native/db';
import type { ReplayBatch } from '@ndts/native/replay';
import { NdtsError } from '@ndts/protocol';
import { BatchFeed } from '../replay/batch-feed.js';
import { list, texts, times, whole } from './arguments.js';
import type { RawReplayRows, StreamOf } from './service.js';

type Asked = Readonly<Record<string, unknown>>;

const replayRowsMax = 1 << 20;

export function openReplay(database: Database, asked: Asked): StreamOf<'replay'> {
  const names = texts(asked['symbols'], 'symbols');
  const symbols = names === undefined ? [] : entriesOf(database, names);
  const reader = database.replay({
    ...(names === undefined ? {} : { symbols: Uint32Array.from(symbols, (entry) => entry.id) }),
    ...times(asked),
    columns: list(asked['columns'], 'columns', (one) => whole(one, 'columns', 0, 255)),
    capacity: whole(asked['capacity'], 'batch', 1, replayRowsMax),
    intervalNs: whole(asked['intervalNs'], 'intervalNs', 0, Number.MAX_SAFE_INTEGER),
  });
  const feed = new BatchFeed(reader, undefined);
  return {
    head: { ends: reader.ends, symbols },
    next: async () => {
      const batch = await feed.next();
      return batch === undefined ? undefined : replayRows(batch);
    },
    close: async () => feed.close(),
  };
}

function entriesOf(database: Database, names: readonly string[]): SymbolEntry[] {
  if (new Set(names).size !== names.length)
    throw new NdtsError('INVALID_ARGUMENT', 'expected each symbol once');
  const known = new Map(database.symbols().map((entry) => [entry.name, entry]));
  return names.map((name) => {
    const entry = known.get(name);
    if (entry === undefined) throw new NdtsError('NOT_FOUND', `there is no symbol ${name}`);
    return entry;
  });
}

function replayRows(batch: ReplayBatch): RawReplayRows {
  const { count, steps } = batch;
  return {
    count,
    day: batch.day.subarray(0, count),
    nsOfDay: batch.nsOfDay.subarray(0, count),
    sequence: batch.sequence.subarray(0, count),
    symbol: batch.symbol.subarray(0, count),
    values: batch.values.map((values) => values.subarray(0, count)),
    nulls: batch.nulls.map((nulls) => nulls?.subarray(0, count) ?? null),
    stepDay: batch.stepDay.subarray(0, steps),
    stepNsOfDay: batch.stepNsOfDay.subarray(0, steps),
    stepEndRow: batch.stepEndRow.subarray(0, steps),
  };
}
