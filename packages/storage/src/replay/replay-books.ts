// replayBooks: the best five levels of many symbols in the order of a replay of ticks (time, name
// of the symbol, sequence). docs/replay.md says what is seen.

import type { ReplayReader } from '@ndts/native/replay';
import { type BookBatch, bookSchema, createBookBatch, type Time } from '@ndts/protocol';
import { BatchFeed } from './batch-feed.js';

export interface ReplayBooksOptions {
  /** Inclusive; default: from the first book. */
  readonly from?: Time;
  /** Exclusive; default: to the last. */
  readonly to?: Time;
  /** Days that are only in the archive are left out; default: it is refused. */
  readonly archived?: 'skip';
  /** Rows of a batch, at most; default 4096. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
}

const defaultBatchRows = 4096;

/** In the order of the table, which is that of the bits of `missing`, too. */
const fields = (['bid', 'bidVolume', 'ask', 'askVolume'] as const).flatMap((name) =>
  ([1, 2, 3, 4, 5] as const).map((level) => `${name}${level}` as const),
);

/** What an engine is asked for. */
export function bookRequest({ from, to, batch = defaultBatchRows }: ReplayBooksOptions) {
  return {
    table: bookSchema.name,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    columns: fields.map((_, place) => place),
    capacity: batch,
  };
}

/** A batch holds until the next one is asked for; shards and epochs of rows are not known here. */
export class BookReplay implements AsyncIterableIterator<BookBatch> {
  readonly ends: Float64Array;
  readonly #feed: BatchFeed;
  readonly #batch: BookBatch;

  /** @param reader of a request that bookRequest() made of the options */
  constructor(reader: ReplayReader, { batch = defaultBatchRows, signal }: ReplayBooksOptions) {
    this.ends = reader.ends;
    this.#feed = new BatchFeed(reader, signal);
    this.#batch = createBookBatch(batch);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<BookBatch, undefined>> {
    return this.#feed.alone(async () => {
      const taken = await this.#feed.next();
      if (taken === undefined) return { done: true, value: undefined };
      const batch = this.#batch;
      const { count } = taken;
      batch.count = count;
      for (const name of ['day', 'nsOfDay', 'sequence'] as const)
        batch[name].set(taken[name].subarray(0, count));
      batch.symbol.set(taken.symbol.subarray(0, count));
      batch.missing.fill(0, 0, count);
      for (const [bit, name] of fields.entries()) {
        batch[name].set((taken.values[bit] as Float64Array).subarray(0, count));
        const nulls = taken.nulls[bit];
        for (let row = 0; nulls !== undefined && row < count; row += 1) {
          if (nulls[row] === 0) continue;
          batch[name][row] = 0;
          batch.missing[row]! |= 1 << bit;
        }
      }
      return { done: false, value: batch };
    });
  }

  async return(): Promise<IteratorResult<BookBatch, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    this.#feed.close();
  }
}
