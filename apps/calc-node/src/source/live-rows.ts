// hot: no allocation after init
// Rows of one kind off the rings of a market, as a strategy sees them: each once, from its
// positions on, and none before the watermark it asks for. Always: rows of a shard are handed out
// in the order of their sequences; where the writer, or a puller, overtook this reader it says so
// and hands out nothing more, so that who reads can fetch what is missing.

import {
  type BookBatch,
  copyBookRow,
  copyTickRow,
  createBookBatch,
  createTickBatch,
  type RingPosition,
  type RingWait,
  type TickBatch,
} from '@ndts/protocol';
import { openBookRings, openTickRings, type RowRingReader } from '@ndts/storage/ring';
import type { RowWatermark } from './market-source.js';

interface ReadBatch {
  readonly capacity: number;
  count: number;
  readonly sequence: Float64Array;
  readonly shard: Uint32Array;
}

export interface RowForm<Batch extends ReadBatch> {
  readonly open: (options: {
    readonly paths: readonly string[];
    readonly from: 'tail' | ReadonlyMap<number, RingPosition>;
  }) => RowRingReader<Batch>;
  readonly createBatch: (capacity: number) => Batch;
  readonly copyRow: (from: Batch, row: number, to: Batch, at: number) => void;
}

export const tickForm: RowForm<TickBatch> = {
  open: openTickRings,
  createBatch: createTickBatch,
  copyRow: copyTickRow,
};

export const bookForm: RowForm<BookBatch> = {
  open: openBookRings,
  createBatch: createBookBatch,
  copyRow: copyBookRow,
};

export interface LiveRowsOptions {
  /** By shard. */
  readonly paths: readonly string[];
  /** None: what comes from now on. */
  readonly from: readonly RingPosition[];
  readonly watermark: RowWatermark;
}

/** Rows that wait for their watermark, at most. */
const heldRowsMax = 1 << 14;

export class LiveRows<Batch extends ReadBatch> {
  readonly #reader: RowRingReader<Batch>;
  readonly #copyRow: RowForm<Batch>['copyRow'];
  readonly #shards: number;
  readonly #mark: Exclude<RowWatermark, 'accepted'> | undefined;
  /** By shard: the sequence of the next row that is handed out, and of the next off the ring. */
  readonly #next: Float64Array;
  readonly #seen: Float64Array;
  /** Rows [first, count) wait. */
  readonly #held: Batch;
  #first = 0;
  readonly #marks: Float64Array;
  #overtaken = 0;
  #isBehind = false;

  /** NOT_FOUND: the rings are gone; WRONG_EPOCH: the positions are of others. */
  constructor(form: RowForm<Batch>, { paths, from, watermark }: LiveRowsOptions) {
    this.#reader = openAt(form, paths, from);
    this.#copyRow = form.copyRow;
    this.#shards = paths.length;
    this.#mark = watermark === 'accepted' ? undefined : watermark;
    this.#next = Float64Array.from(paths, (_, shard) => this.#startOf(shard, from[shard]));
    this.#seen = this.#mark === undefined ? this.#next : this.#next.slice();
    this.#held = form.createBatch(this.#mark === undefined ? 1 : heldRowsMax);
    this.#marks = new Float64Array(this.#shards);
  }

  /** Rows are missing before those that come: nothing is handed out any more. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Rows wait for their watermark, which rings no bell. */
  get isHolding(): boolean {
    return this.#held.count > this.#first;
  }

  poll(batch: Batch): number {
    return this.waitPoll(batch, 0);
  }

  waitPoll(batch: Batch, spinUs: number, wait?: RingWait, waitUs?: number): number {
    batch.count = 0;
    if (this.#isBehind) return 0;
    if (this.#mark === undefined) {
      this.#reader.waitPoll(batch, spinUs, wait, waitUs);
      this.#keepDue(batch);
      return batch.count;
    }
    if (this.#hasRoom(batch.capacity)) {
      this.#reader.waitPoll(batch, spinUs, wait, waitUs);
      this.#keepDue(batch);
      this.#hold(batch);
    }
    return this.#release(batch, this.#mark);
  }

  lapped(): number {
    return this.#reader.lapped();
  }

  /** By shard: of the next row that is handed out. */
  positions(): RingPosition[] {
    // A ring may have passed sequences that were never published.
    const isExact = !this.#isBehind && !this.isHolding;
    return Array.from({ length: this.#shards }, (_, shard) => {
      const { epoch, sequence } = this.#reader.position(shard);
      const next = this.#next[shard]!;
      return { epoch, sequence: isExact ? Math.max(sequence, next) : next };
    });
  }

  close(): void {
    this.#reader.close();
  }

  /** Rows before the positions were seen; nothing where some were overtaken. */
  #keepDue(batch: Batch): void {
    if (batch.count === 0) return;
    if (this.#reader.overtaken() !== this.#overtaken) {
      this.#isBehind = true;
      batch.count = 0;
      return;
    }
    const seen = this.#seen;
    let kept = 0;
    for (let row = 0; row < batch.count; row += 1) {
      const shard = batch.shard[row]!;
      const sequence = batch.sequence[row]!;
      if (sequence < seen[shard]!) continue;
      seen[shard] = sequence + 1;
      if (kept !== row) this.#copyRow(batch, row, batch, kept);
      kept += 1;
    }
    batch.count = kept;
  }

  #startOf(shard: number, from: RingPosition | undefined): number {
    return from?.sequence ?? this.#reader.position(shard).sequence;
  }

  #hasRoom(rows: number): boolean {
    const held = this.#held;
    const isFull = held.count + rows > held.capacity;
    if (isFull || !this.isHolding) {
      for (let row = this.#first; row < held.count; row += 1)
        this.#copyRow(held, row, held, row - this.#first);
      held.count -= this.#first;
      this.#first = 0;
    }
    return held.count + rows <= held.capacity;
  }

  #hold(batch: Batch): void {
    const held = this.#held;
    for (let row = 0; row < batch.count; row += 1)
      this.#copyRow(batch, row, held, held.count + row);
    held.count += batch.count;
    batch.count = 0;
  }

  /** In the order in which they came. */
  #release(batch: Batch, mark: 'durable' | 'replicated'): number {
    const held = this.#held;
    this.#marks.fill(-1);
    while (this.#first < held.count && batch.count < batch.capacity) {
      const shard = held.shard[this.#first]!;
      const sequence = held.sequence[this.#first]!;
      if (this.#marks[shard]! < 0) this.#marks[shard] = this.#reader.marks(shard)[mark];
      if (sequence >= this.#marks[shard]!) break;
      this.#copyRow(held, this.#first, batch, batch.count);
      batch.count += 1;
      this.#first += 1;
      this.#next[shard] = sequence + 1;
    }
    return batch.count;
  }
}

/** A ring may not be as far as its position: rows that are only stored have no slot yet, and a
 * mirror comes a little later. */
function openAt<Batch extends ReadBatch>(
  form: RowForm<Batch>,
  paths: readonly string[],
  from: readonly RingPosition[],
): RowRingReader<Batch> {
  const tails = form.open({ paths, from: 'tail' });
  const starts = new Map<number, RingPosition>();
  for (const shard of paths.keys()) {
    const tail = tails.position(shard);
    const { epoch, sequence } = from[shard] ?? tail;
    starts.set(shard, { epoch, sequence: Math.min(sequence, tail.sequence) });
  }
  tails.close();
  return form.open({ paths, from: starts });
}
