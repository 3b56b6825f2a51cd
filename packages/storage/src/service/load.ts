// Rows of one symbol in the order of time and sequence, batch by batch. Columns of numbers come
// from a replay, decoded by a thread, as one state; texts and bytes, which a replay does not have,
// are loaded a batch at a time.

import { type Database, TableBatch, type TableInfo } from '@ndts/native/db';
import type { ReplayBatch } from '@ndts/native/replay';
import type { Time } from '@ndts/protocol';
import { BatchFeed } from '../replay/batch-feed.js';
import type { SymbolRegistry } from '../table/symbol-registry.js';
import { text, texts, times, whole } from './arguments.js';
import { chooseColumns, placesOf, rowsOf } from './rows.js';
import type { RawRows, StreamOf } from './service.js';
import { idsOf } from './symbol-lookup.js';

type Asked = Readonly<Record<string, unknown>>;
type Columns = TableInfo['columns'];

const loadRowsMax = 1 << 18;

export function openLoad(
  database: Database,
  registry: SymbolRegistry,
  table: TableInfo,
  asked: Asked,
): StreamOf<'load'> {
  const columns = chooseColumns(table, texts(asked['columns'], 'columns'));
  const [symbol = 0] = idsOf(registry, [text(asked['symbol'], 'symbol')]);
  const range = times(asked);
  const capacity = whole(asked['batch'], 'batch', 1, loadRowsMax);
  const hasTexts = columns.some(({ type }) => type === 'text' || type === 'bytes');
  if (hasTexts) return new TextLoad(database, table, columns, { symbol, capacity, ...range });
  const reader = database.replay({
    table: table.id,
    symbols: Uint32Array.of(symbol),
    columns: columns.map((column) => table.columns.indexOf(column)),
    capacity,
    ...range,
  });
  const feed = new BatchFeed(reader, undefined);
  return {
    head: null,
    next: async () => {
      const batch = await feed.next();
      return batch === undefined ? undefined : replayedRows(batch, columns);
    },
    close: async () => feed.close(),
  };
}

/** Rows of a batch of a replay, as they are loaded. */
export function replayedRows(batch: ReplayBatch, columns: Columns): RawRows {
  const { count } = batch;
  return {
    count,
    ...placesOf(batch, count),
    columns: columns.map(({ name, type }, at) => {
      const nulls = batch.nulls[at]?.subarray(0, count);
      return {
        name,
        type,
        values: batch.values[at]?.subarray(0, count) ?? new Float64Array(0),
        ...(nulls === undefined ? {} : { nulls }),
      };
    }),
  };
}

interface TextRange {
  readonly symbol: number;
  readonly capacity: number;
  readonly from?: Time;
  readonly to?: Time;
}

class TextLoad {
  readonly head = null;
  readonly #database: Database;
  readonly #table: TableInfo;
  readonly #columns: Columns;
  readonly #range: TextRange;
  readonly #batch: TableBatch;
  #from: Time;
  #after: number | undefined;
  #ended = false;

  constructor(database: Database, table: TableInfo, columns: Columns, range: TextRange) {
    this.#database = database;
    this.#table = table;
    this.#columns = columns;
    this.#range = range;
    this.#batch = new TableBatch(table, range.capacity);
    this.#from = range.from ?? { day: Number.NEGATIVE_INFINITY, nsOfDay: 0 };
  }

  async next(): Promise<RawRows | undefined> {
    if (this.#ended) return undefined;
    const batch = this.#batch;
    const to = this.#range.to ?? { day: Number.POSITIVE_INFINITY, nsOfDay: 0 };
    const { symbol, capacity } = this.#range;
    const count = this.#database.loadRows(
      this.#table.id,
      symbol,
      this.#from,
      to,
      batch,
      this.#after,
    );
    this.#ended = count < capacity;
    if (count === 0) return undefined;
    this.#from = { day: batch.day[count - 1] ?? 0, nsOfDay: batch.nsOfDay[count - 1] ?? 0 };
    this.#after = batch.sequence[count - 1];
    return rowsOf(batch, this.#columns);
  }

  async close(): Promise<void> {
    this.#ended = true;
  }
}
