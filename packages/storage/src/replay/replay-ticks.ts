// replayTicks: ticks of many symbols in one order (time, name of the symbol, sequence), as they
// were stored and in memory at the moment of the call, as fast as they can be read or at the speed
// at which they came. docs/replay.md says what is seen.

import { type Clock, NdtsError, type Time } from '@ndts/protocol';
import type { Database } from '@ndts/native/db';
import type { ReplayBatch, ReplayReader } from '@ndts/native/replay';
import { BatchFeed } from './batch-feed.js';
import { Pace } from './pace.js';
import { symbolIds } from './symbol-ids.js';
import {
  columnIndices,
  type TickColumn,
  tickBatch,
  tickColumns,
  type TickReplayBatch,
} from './tick-columns.js';

export interface ReplayTicksOptions<C extends TickColumn> {
  /** Inclusive; default: from the first tick. */
  readonly from?: Time;
  /** Exclusive; default: to the last. */
  readonly to?: Time;
  /** Of a client: days that are only in the archive are left out; default: it is refused. */
  readonly archived?: 'skip';
  /** 0, the default: as fast as possible; 1: as fast as they came; k: k times as fast. */
  readonly speed?: number;
  /** Default: all. Fewer are faster. */
  readonly columns?: readonly C[];
  /** Rows of a batch, at most; default 16384. */
  readonly batch?: number;
  /** Needed for a speed other than 0. */
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

const defaultBatchRows = 16_384;

function readOptions<C extends TickColumn>(options: ReplayTicksOptions<C>) {
  const { speed = 0, batch = defaultBatchRows } = options;
  if (!(speed >= 0 && speed < Number.POSITIVE_INFINITY))
    throw new NdtsError('INVALID_ARGUMENT', `expected a speed of 0 or above, found ${speed}`);
  if (speed > 0 && options.clock === undefined)
    throw new NdtsError('INVALID_ARGUMENT', `speed ${speed} needs a clock`);
  return { speed, batch, columns: options.columns ?? (tickColumns as readonly C[]) };
}

/** What an engine is asked for; throws INVALID_ARGUMENT. */
export function tickRequest<C extends TickColumn>(options: ReplayTicksOptions<C>) {
  const { batch, columns } = readOptions(options);
  const { from, to } = options;
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    columns: columnIndices(columns),
    capacity: batch,
  };
}

/** Batches hold until the next one is asked for. Breaking out of a loop over it, or return(), lets
 * files and memory go; so does the end, an error, or the signal. */
export class TickReplay<C extends TickColumn = TickColumn>
  implements AsyncIterableIterator<TickReplayBatch<C>>
{
  /** By shard: the first sequence that is not seen here; a ring or readSequence() goes on there. */
  readonly ends: Float64Array;
  readonly #feed: BatchFeed;
  readonly #columns: readonly C[];
  readonly #batches = new WeakMap<ReplayBatch, TickReplayBatch<C>>();
  readonly #pace: Pace<ReplayBatch> | undefined;

  /** @param reader of a request that tickRequest() made of the options */
  constructor(reader: ReplayReader, options: ReplayTicksOptions<C>) {
    const { speed, columns } = readOptions(options);
    const { clock, signal } = options;
    this.ends = reader.ends;
    this.#columns = columns;
    this.#feed = new BatchFeed(reader, signal);
    if (speed > 0 && clock !== undefined) this.#pace = new Pace(clock, speed, signal);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<TickReplayBatch<C>, undefined>> {
    return this.#feed.alone(async () => {
      const value = await (this.#pace === undefined ? this.#fast() : this.#paced(this.#pace));
      return value === undefined ? { done: true, value } : { done: false, value };
    });
  }

  async return(): Promise<IteratorResult<TickReplayBatch<C>, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    this.#feed.close();
  }

  async #fast(): Promise<TickReplayBatch<C> | undefined> {
    const taken = await this.#feed.next();
    if (taken === undefined) return undefined;
    let batch = this.#batches.get(taken);
    if (batch === undefined) {
      batch = tickBatch(this.#columns, taken);
      this.#batches.set(taken, batch);
    }
    batch.count = taken.count;
    return batch;
  }

  async #paced(pace: Pace<ReplayBatch>): Promise<TickReplayBatch<C> | undefined> {
    this.#feed.checkSignal();
    if (this.#feed.closed) return undefined;
    if (pace.at === pace.batch?.count) {
      const taken = await this.#feed.next();
      if (taken === undefined) return undefined;
      pace.begin(taken);
    }
    const { batch, at: first } = pace;
    const end = await pace.untilDue();
    if (batch === undefined) return undefined;
    return this.#feed.closed ? undefined : tickBatch(this.#columns, batch, first, end);
  }
}

/** Ticks of the named symbols, or of all. Throws NOT_FOUND for a name nobody registered. */
export function replayTicks<C extends TickColumn = TickColumn>(
  database: Database,
  symbols: readonly string[] | undefined,
  options: ReplayTicksOptions<C> = {},
): TickReplay<C> {
  const reader = database.replay({
    ...tickRequest(options),
    ...(symbols === undefined ? {} : { symbols: symbolIds(database, symbols) }),
  });
  return new TickReplay(reader, options);
}
