// replaySnapshots: at every interval the last state of all symbols, in arrays that stay in place,
// and which symbols changed since the snapshot before. The engine hands out only the last tick of a
// symbol in an interval: the work grows with changes, not with ticks.

import { addNs, NdtsError, nsBetween, type Time } from '@ndts/protocol';
import type { Database } from '@ndts/native/db';
import type { ReplayBatch, ReplayReader } from '@ndts/native/replay';
import { BatchFeed } from './batch-feed.js';
import { symbolIds } from './symbol-ids.js';
import {
  columnIndices,
  emptyValues,
  type TickColumn,
  tickColumns,
  type TickValues,
} from './tick-columns.js';

export interface ReplaySnapshotsOptions<C extends TickColumn> {
  /** Inclusive; intervals are counted from here. Default: the first tick, and multiples of the
   * interval since 1970. */
  readonly from?: Time;
  /** Exclusive; default: to the last. */
  readonly to?: Time;
  /** Of a client: days that are only in the archive are left out; default: it is refused. */
  readonly archived?: 'skip';
  /** Nanoseconds. */
  readonly intervalNs: number;
  /** Default: all. */
  readonly columns?: readonly C[];
  /** Whether intervals in which nothing changed have a snapshot, too, from the first change to the
   * last; default true. */
  readonly gaps?: boolean;
  readonly signal?: AbortSignal;
}

/** The state before `day`, `nsOfDay`. Always the same object and arrays, by place of the symbol in
 * `names`: they hold until the next snapshot. */
export interface TickSnapshot<C extends TickColumn> {
  day: number;
  nsOfDay: number;
  readonly names: readonly string[];
  /** The last tick of each symbol; NaN before its first. */
  readonly last: {
    readonly day: Float64Array;
    readonly nsOfDay: Float64Array;
    readonly sequence: Float64Array;
  } & TickValues<C>;
  /** Places of the symbols that changed since the snapshot before: [0, changedCount). */
  readonly changed: Uint32Array;
  changedCount: number;
}

const changesPerBatch = 16_384;
const intervalNsMax = 100 * 86_400e9;

/** The arrays that a change goes from and to. */
interface Move {
  readonly from: Float64Array | Int32Array;
  readonly to: Float64Array | Int32Array;
}

/** What an engine is asked for; throws INVALID_ARGUMENT. */
export function snapshotRequest<C extends TickColumn>(options: ReplaySnapshotsOptions<C>) {
  const { from, to, intervalNs } = options;
  if (!Number.isSafeInteger(intervalNs) || intervalNs < 1 || intervalNs > intervalNsMax)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected an interval of 1 ns to 100 days, found ${intervalNs}`,
    );
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    columns: columnIndices(options.columns ?? tickColumns),
    capacity: changesPerBatch,
    intervalNs,
  };
}

export class SnapshotReplay<C extends TickColumn = TickColumn>
  implements AsyncIterableIterator<TickSnapshot<C>>
{
  readonly #feed: BatchFeed;
  readonly #snapshot: TickSnapshot<C>;
  readonly #intervalNs: number;
  readonly #gaps: boolean;
  readonly #columns: readonly C[];
  /** Place of a symbol by its id. */
  readonly #places: Uint32Array;
  /** By place: the snapshot in which it is among the changed. */
  readonly #changedIn: Float64Array;
  readonly #movesOf = new WeakMap<ReplayBatch, readonly Move[]>();
  /** Of the present batch. */
  #moves: readonly Move[] = [];
  #number = 1;
  #batch: ReplayBatch | undefined;
  #row = 0;
  #step = 0;
  /** The rows of the next step were not begun. */
  #fresh = true;
  #started = false;

  /** @param reader of a request that snapshotRequest() made of the options, for these symbols */
  constructor(
    reader: ReplayReader,
    names: readonly string[],
    ids: Uint32Array,
    options: ReplaySnapshotsOptions<C>,
  ) {
    this.#columns = options.columns ?? (tickColumns as readonly C[]);
    this.#intervalNs = options.intervalNs;
    this.#gaps = options.gaps ?? true;
    this.#places = new Uint32Array(ids.reduce((most, id) => Math.max(most, id + 1), 0));
    for (const [place, id] of ids.entries()) this.#places[id] = place;
    this.#changedIn = new Float64Array(ids.length);
    const none = (): Float64Array => new Float64Array(ids.length).fill(Number.NaN);
    this.#snapshot = {
      day: Number.NaN,
      nsOfDay: Number.NaN,
      names,
      last: {
        day: none(),
        nsOfDay: none(),
        sequence: none(),
        ...emptyValues(this.#columns, ids.length),
      },
      changed: new Uint32Array(ids.length),
      changedCount: 0,
    };
    this.#feed = new BatchFeed(reader, options.signal);
  }

  /** By shard: the first sequence that is not seen here. */
  get ends(): Float64Array {
    return this.#feed.reader.ends;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<TickSnapshot<C>, undefined>> {
    return this.#feed.alone(async () => {
      this.#feed.checkSignal();
      while (!this.#advance())
        if (!(await this.#nextBatch())) return { done: true, value: undefined };
      return { done: false, value: this.#snapshot };
    });
  }

  /** Calls `visit` for each snapshot: as iterating, without a promise for each. */
  async each(visit: (snapshot: TickSnapshot<C>) => void): Promise<void> {
    await this.#feed.alone(async () => {
      do {
        while (this.#advance()) visit(this.#snapshot);
      } while (await this.#nextBatch());
    });
  }

  async return(): Promise<IteratorResult<TickSnapshot<C>, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    this.#feed.close();
    this.#batch = undefined;
  }

  async #nextBatch(): Promise<boolean> {
    this.#batch = await this.#feed.next();
    if (this.#batch !== undefined) this.#moves = this.#prepare(this.#batch);
    this.#row = 0;
    this.#step = 0;
    return this.#batch !== undefined;
  }

  /** Goes to the next snapshot; false when it needs another batch for that. */
  #advance(): boolean {
    const batch = this.#batch;
    if (batch === undefined) return false;
    if (this.#fresh) {
      if (this.#row === batch.count) return false;
      if (this.#gaps && this.#started && this.#passGap(batch)) return true;
      this.#snapshot.changedCount = 0;
      this.#number += 1;
      this.#fresh = false;
    }
    const ends = this.#step < batch.steps;
    this.#apply(batch, ends ? (batch.stepEndRow[this.#step] ?? 0) : batch.count);
    if (!ends) return false;
    this.#snapshot.day = batch.stepDay[this.#step] ?? 0;
    this.#snapshot.nsOfDay = batch.stepNsOfDay[this.#step] ?? 0;
    this.#step += 1;
    this.#fresh = true;
    this.#started = true;
    return true;
  }

  /** To the next interval if the next row lies beyond it. */
  #passGap(batch: ReplayBatch): boolean {
    const snapshot = this.#snapshot;
    const next = addNs(snapshot, this.#intervalNs);
    const row = { day: batch.day[this.#row] ?? 0, nsOfDay: batch.nsOfDay[this.#row] ?? 0 };
    if (nsBetween(row, next) < 0) return false;
    snapshot.day = next.day;
    snapshot.nsOfDay = next.nsOfDay;
    snapshot.changedCount = 0;
    return true;
  }

  #apply(batch: ReplayBatch, end: number): void {
    const { changed } = this.#snapshot;
    const { symbol } = batch;
    const first = this.#row;
    let count = this.#snapshot.changedCount;
    for (let row = first; row < end; row += 1) {
      const place = this.#places[symbol[row] ?? 0] ?? 0;
      if (this.#changedIn[place] === this.#number) continue;
      this.#changedIn[place] = this.#number;
      changed[count] = place;
      count += 1;
    }
    this.#snapshot.changedCount = count;
    for (const { from, to } of this.#moves)
      for (let row = first; row < end; row += 1)
        to[this.#places[symbol[row] ?? 0] ?? 0] = from[row] ?? 0;
    this.#row = end;
  }

  #prepare(batch: ReplayBatch): readonly Move[] {
    const known = this.#movesOf.get(batch);
    if (known !== undefined) return known;
    const { last } = this.#snapshot;
    const moves: Move[] = [
      { from: batch.day, to: last.day },
      { from: batch.nsOfDay, to: last.nsOfDay },
      { from: batch.sequence, to: last.sequence },
    ];
    for (const [at, name] of this.#columns.entries()) {
      const from = batch.values[at];
      if (from instanceof Float64Array || from instanceof Int32Array)
        moves.push({ from, to: last[name] });
    }
    this.#movesOf.set(batch, moves);
    return moves;
  }
}

/** Snapshots of the named symbols, or of all, in the order of the names as given. */
export function replaySnapshots<C extends TickColumn = TickColumn>(
  database: Database,
  symbols: readonly string[] | undefined,
  options: ReplaySnapshotsOptions<C>,
): SnapshotReplay<C> {
  const request = snapshotRequest(options);
  const names = symbols ?? database.symbols().map((entry) => entry.name);
  const ids = symbolIds(database, names);
  return new SnapshotReplay(database.replay({ ...request, symbols: ids }), names, ids, options);
}
