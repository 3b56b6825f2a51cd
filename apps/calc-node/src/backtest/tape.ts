// Ticks, or books, in shared memory: read once, run over by many workers at the same time. Blocks
// of columns, in the order of a replay. Always: what was recorded never changes; whoever has a
// tape may read it from any thread.

import {
  type BookBatch,
  copyTickRow,
  NdtsError,
  nsBetween,
  type TickBatch,
  type Time,
} from '@ndts/protocol';

const wideColumns = [
  'day',
  'nsOfDay',
  'sequence',
  'price',
  'volume',
  'bid',
  'ask',
  'bidVolume',
  'askVolume',
] as const satisfies readonly (keyof TickBatch)[];
const narrowColumns = ['symbol', 'flags', 'shard'] as const satisfies readonly (keyof TickBatch)[];

/** Of what goes through strategies at once: it fits into the cache of a core. */
export const batchRows = 4096;
const blockRows = 8 * batchRows;

/** What the columns of a kind of row are; the first two are the time. */
export interface TapeColumns<Batch extends TapeBatch, Kind extends 'tick' | 'book'> {
  readonly kind: Kind;
  readonly wideCount: number;
  readonly narrowCount: number;
  wide(batch: Batch): readonly Float64Array[];
  narrow(batch: Batch): readonly Uint32Array[];
}

interface TapeBatch {
  readonly capacity: number;
  count: number;
}

export const tickColumns: TapeColumns<TickBatch, 'tick'> = {
  kind: 'tick',
  wideCount: wideColumns.length,
  narrowCount: narrowColumns.length,
  wide: (batch) => wideColumns.map((name) => batch[name]),
  narrow: (batch) => narrowColumns.map((name) => batch[name]),
};

const wideBookColumns = [
  ...(['day', 'nsOfDay', 'sequence'] as const),
  ...(['bid', 'bidVolume', 'ask', 'askVolume'] as const).flatMap((name) =>
    ([1, 2, 3, 4, 5] as const).map((level) => `${name}${level}` as const),
  ),
];
const narrowBookColumns = ['symbol', 'missing', 'shard'] as const;

export const bookColumns: TapeColumns<BookBatch, 'book'> = {
  kind: 'book',
  wideCount: wideBookColumns.length,
  narrowCount: narrowBookColumns.length,
  wide: (batch) => wideBookColumns.map((name) => batch[name]),
  narrow: (batch) => narrowBookColumns.map((name) => batch[name]),
};

type AnyColumns = Pick<TapeColumns<never, 'tick' | 'book'>, 'wideCount' | 'narrowCount'>;

function rowBytesOf({ wideCount, narrowCount }: AnyColumns): number {
  return 8 * wideCount + 4 * narrowCount;
}

/** Plain data: may be sent to a worker, which then reads the same memory. */
export interface Tape<Kind extends 'tick' | 'book'> {
  readonly kind: Kind;
  readonly rows: number;
  readonly blocks: readonly SharedArrayBuffer[];
}

interface Block {
  readonly wide: readonly Float64Array[];
  readonly narrow: readonly Uint32Array[];
}

function blockOver(buffer: SharedArrayBuffer, { wideCount, narrowCount }: AnyColumns): Block {
  const wideBytes = 8 * blockRows;
  const narrowBytes = 4 * blockRows;
  const narrowFrom = wideCount * wideBytes;
  return {
    wide: Array.from(
      { length: wideCount },
      (_, at) => new Float64Array(buffer, at * wideBytes, blockRows),
    ),
    narrow: Array.from(
      { length: narrowCount },
      (_, at) => new Uint32Array(buffer, narrowFrom + at * narrowBytes, blockRows),
    ),
  };
}

/** Memory of so many ticks. */
export function tapeBytes(rows: number): number {
  return Math.ceil(rows / blockRows) * blockRows * rowBytesOf(tickColumns);
}

export class TapeRecorder<Batch extends TapeBatch, Kind extends 'tick' | 'book'> {
  readonly #columns: TapeColumns<Batch, Kind>;
  readonly #bytesMax: number;
  readonly #buffers: SharedArrayBuffer[] = [];
  #block: Block | undefined;
  #rows = 0;

  constructor(columns: TapeColumns<Batch, Kind>, bytesMax: number) {
    this.#columns = columns;
    this.#bytesMax = bytesMax;
  }

  get rows(): number {
    return this.#rows;
  }

  /** MEMORY_LIMIT: more ticks than there is memory for. */
  add(batch: Batch): void {
    const columns = this.#columns;
    const from64 = columns.wide(batch);
    const from32 = columns.narrow(batch);
    for (let from = 0; from < batch.count; ) {
      const at = this.#rows % blockRows;
      if (at === 0) this.#begin();
      const count = Math.min(batch.count - from, blockRows - at);
      const { wide, narrow } = this.#block!;
      for (const [index, column] of from64.entries())
        wide[index]!.set(column.subarray(from, from + count), at);
      for (const [index, column] of from32.entries())
        narrow[index]!.set(column.subarray(from, from + count), at);
      from += count;
      this.#rows += count;
    }
  }

  tape(): Tape<Kind> {
    return { kind: this.#columns.kind, rows: this.#rows, blocks: this.#buffers };
  }

  #begin(): void {
    const bytes = blockRows * rowBytesOf(this.#columns);
    if ((this.#buffers.length + 1) * bytes > this.#bytesMax)
      throw new NdtsError(
        'MEMORY_LIMIT',
        `expected ${this.#columns.kind}s that fit into ${Math.round(this.#bytesMax / 1e6)} MB, ` +
          `found more than ${this.#rows}: take a shorter range, fewer symbols or more memory`,
      );
    const buffer = new SharedArrayBuffer(bytes);
    this.#buffers.push(buffer);
    this.#block = blockOver(buffer, this.#columns);
  }
}

export class TapeReader<Batch extends TapeBatch, Kind extends 'tick' | 'book'> {
  readonly rows: number;
  readonly #columns: TapeColumns<Batch, Kind>;
  readonly #blocks: readonly Block[];

  constructor(columns: TapeColumns<Batch, Kind>, tape: Tape<Kind>) {
    this.rows = tape.rows;
    this.#columns = columns;
    this.#blocks = tape.blocks.map((buffer) => blockOver(buffer, columns));
  }

  timeOf(row: number): Time {
    const [day, nsOfDay] = this.#blocks[Math.floor(row / blockRows)]!.wide;
    return { day: day![row % blockRows]!, nsOfDay: nsOfDay![row % blockRows]! };
  }

  /** The first row that is not before this time. */
  firstFrom(time: Time): number {
    let [low, high] = [0, this.rows];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (nsBetween(this.timeOf(middle), time) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Fills the batch with rows from `row` on, not past `end`, not past its capacity. */
  read(batch: Batch, row: number, end: number): void {
    const at = row % blockRows;
    const count = Math.max(0, Math.min(batch.capacity, end - row, this.rows - row, blockRows - at));
    batch.count = count;
    if (count === 0) return;
    const { wide, narrow } = this.#blocks[Math.floor(row / blockRows)]!;
    for (const [index, column] of this.#columns.wide(batch).entries())
      column.set(wide[index]!.subarray(at, at + count));
    for (const [index, column] of this.#columns.narrow(batch).entries())
      column.set(narrow[index]!.subarray(at, at + count));
  }
}

/** The rows of a batch from `row` on move to its beginning. */
export function dropRows(batch: TickBatch, row: number): void {
  for (let from = row; from < batch.count; from += 1) copyTickRow(batch, from, batch, from - row);
  batch.count -= row;
}
