// Replays of a client: the same iterators as over a database, on a stream of batches that may come
// from another process.

import type { ReplayBatch, ReplayReader } from '@ndts/native/replay';
import type { BookBatch } from '@ndts/protocol';
import { BookReplay, bookRequest, type ReplayBooksOptions } from '../replay/replay-books.js';
import {
  type ReplaySnapshotsOptions,
  snapshotRequest,
  SnapshotReplay,
} from '../replay/replay-snapshots.js';
import type { TickSnapshot } from '../replay/replay-snapshots.js';
import { type ReplayTicksOptions, tickRequest, TickReplay } from '../replay/replay-ticks.js';
import type { TickColumn, TickReplayBatch } from '../replay/tick-columns.js';
import type { ArchivedRead } from '../retention/archived-days.js';
import type { RawReplayRows, Service, StreamOf } from '../service/service.js';

/** Batches of a stream as a replay takes them. */
class StreamReplayReader implements ReplayReader {
  readonly ends: Float64Array;
  readonly #stream: StreamOf<'replay'>;
  #item: RawReplayRows | undefined;
  #error: unknown;
  #failed = false;
  #ended = false;

  constructor(stream: StreamOf<'replay'>) {
    this.#stream = stream;
    this.ends = stream.head.ends;
  }

  get ended(): boolean {
    return this.#ended && this.#item === undefined;
  }

  take(): ReplayBatch | undefined {
    if (this.#failed) throw this.#error;
    const item = this.#item;
    if (item === undefined) return undefined;
    this.#item = undefined;
    const { count, day, nsOfDay, sequence, symbol, values } = item;
    const { stepDay, stepNsOfDay, stepEndRow } = item;
    const nulls = item.nulls.map((one) => one ?? undefined);
    const rows = { count, day, nsOfDay, sequence, symbol, values, nulls };
    return { ...rows, steps: stepDay.length, stepDay, stepNsOfDay, stepEndRow };
  }

  async wait(): Promise<void> {
    if (this.#ended || this.#failed || this.#item !== undefined) return;
    try {
      this.#item = await this.#stream.next();
      this.#ended = this.#item === undefined;
    } catch (error) {
      this.#error = error;
      this.#failed = true;
    }
  }

  close(): void {
    this.#ended = true;
    void this.#stream.close().catch(() => undefined);
  }
}

interface Replay<Batch> extends AsyncIterableIterator<Batch> {
  readonly ends: Float64Array;
  close(): void;
}

/** A replay that is being opened. */
class OpeningReplay<Batch, Inner extends Replay<Batch>> implements AsyncIterableIterator<Batch> {
  protected readonly opening: Promise<Inner>;

  constructor(opening: Promise<Inner>) {
    this.opening = opening;
    opening.catch(() => undefined); // next() tells
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Batch, undefined>> {
    const { done, value } = await (await this.opening).next();
    return done === true ? { done: true, value: undefined } : { done: false, value };
  }

  async return(): Promise<IteratorResult<Batch, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** By shard: the first sequence that it does not see. */
  async ends(): Promise<Float64Array> {
    return (await this.opening).ends;
  }

  /** Twice is allowed. */
  async close(): Promise<void> {
    const replay = await this.opening.catch(() => undefined);
    replay?.close();
  }
}

export class ClientTicks<C extends TickColumn = TickColumn> extends OpeningReplay<
  TickReplayBatch<C>,
  TickReplay<C>
> {}

export class ClientSnapshots<C extends TickColumn = TickColumn> extends OpeningReplay<
  TickSnapshot<C>,
  SnapshotReplay<C>
> {
  /** Calls back for each snapshot: as iterating, without a promise for each. */
  async each(visit: (snapshot: TickSnapshot<C>) => void): Promise<void> {
    await (await this.opening).each(visit);
  }
}

export class ClientBooks extends OpeningReplay<BookBatch, BookReplay> {}

export async function openBookReplay(
  reach: () => Promise<Service>,
  symbols: readonly string[] | undefined,
  options: ReplayBooksOptions,
): Promise<BookReplay> {
  const request = { ...bookRequest(options), intervalNs: 0 };
  const stream = await (await reach()).open('replay', {
    ...request,
    ...archivedOf(options),
    ...(symbols === undefined ? {} : { symbols }),
  });
  return new BookReplay(new StreamReplayReader(stream), options);
}

export async function openTickReplay<C extends TickColumn>(
  reach: () => Promise<Service>,
  symbols: readonly string[] | undefined,
  options: ReplayTicksOptions<C>,
): Promise<TickReplay<C>> {
  const request = { ...tickRequest(options), intervalNs: 0 };
  const stream = await (await reach()).open('replay', {
    ...request,
    ...archivedOf(options),
    ...(symbols === undefined ? {} : { symbols }),
  });
  return new TickReplay(new StreamReplayReader(stream), options);
}

export async function openSnapshotReplay<C extends TickColumn>(
  reach: () => Promise<Service>,
  symbols: readonly string[] | undefined,
  options: ReplaySnapshotsOptions<C>,
): Promise<SnapshotReplay<C>> {
  const request = snapshotRequest(options);
  const reached = await reach();
  const names = symbols ?? (await reached.call('symbols', {})).map((entry) => entry.name);
  const asked = { ...request, ...archivedOf(options), symbols: names };
  const stream = await reached.open('replay', asked);
  const ids = Uint32Array.from(stream.head.symbols, (entry) => entry.id);
  return new SnapshotReplay(new StreamReplayReader(stream), names, ids, options);
}

function archivedOf({ archived }: { readonly archived?: ArchivedRead }): {
  archived?: ArchivedRead;
} {
  return archived === undefined ? {} : { archived };
}
