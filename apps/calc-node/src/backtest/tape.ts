// Ticks in shared memory: read once, run over by many workers at the same time. Blocks of columns,
// in the order of a replay. Always: what was recorded never changes; whoever has a tape may read
// it from any thread.

import { copyTickRow, NdtsError, type TickBatch } from '@ndts/protocol';

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
const rowBytes = 8 * wideColumns.length + 4 * narrowColumns.length;

/** Plain data: may be sent to a worker, which then reads the same memory. */
export interface Tape {
  readonly rows: number;
  readonly blocks: readonly SharedArrayBuffer[];
}

interface Block {
  readonly wide: readonly Float64Array[];
  readonly narrow: readonly Uint32Array[];
}

function blockOver(buffer: SharedArrayBuffer): Block {
  const wideBytes = 8 * blockRows;
  const narrowFrom = wideColumns.length * wideBytes;
  return {
    wide: wideColumns.map((_, at) => new Float64Array(buffer, at * wideBytes, blockRows)),
    narrow: narrowColumns.map(
      (_, at) => new Uint32Array(buffer, narrowFrom + at * 4 * blockRows, blockRows),
    ),
  };
}

/** Memory of so many ticks. */
export function tapeBytes(rows: number): number {
  return Math.ceil(rows / blockRows) * blockRows * rowBytes;
}

export class TapeRecorder {
  readonly #bytesMax: number;
  readonly #buffers: SharedArrayBuffer[] = [];
  #block: Block | undefined;
  #rows = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get rows(): number {
    return this.#rows;
  }

  /** MEMORY_LIMIT: more ticks than there is memory for. */
  add(batch: TickBatch): void {
    for (let from = 0; from < batch.count; ) {
      const at = this.#rows % blockRows;
      if (at === 0) this.#begin();
      const count = Math.min(batch.count - from, blockRows - at);
      const { wide, narrow } = this.#block!;
      for (const [index, name] of wideColumns.entries())
        wide[index]!.set(batch[name].subarray(from, from + count), at);
      for (const [index, name] of narrowColumns.entries())
        narrow[index]!.set(batch[name].subarray(from, from + count), at);
      from += count;
      this.#rows += count;
    }
  }

  tape(): Tape {
    return { rows: this.#rows, blocks: this.#buffers };
  }

  #begin(): void {
    if ((this.#buffers.length + 1) * blockRows * rowBytes > this.#bytesMax)
      throw new NdtsError(
        'MEMORY_LIMIT',
        `expected ticks that fit into ${Math.round(this.#bytesMax / 1e6)} MB, found more than ` +
          `${this.#rows}: take a shorter range, fewer symbols, or allow more memory`,
      );
    const buffer = new SharedArrayBuffer(blockRows * rowBytes);
    this.#buffers.push(buffer);
    this.#block = blockOver(buffer);
  }
}

export class TapeReader {
  readonly rows: number;
  readonly #blocks: readonly Block[];

  constructor(tape: Tape) {
    this.rows = tape.rows;
    this.#blocks = tape.blocks.map(blockOver);
  }

  /** Fills the batch with rows from `row` on, not past `end`, not past its capacity. */
  read(batch: TickBatch, row: number, end: number): void {
    const at = row % blockRows;
    const count = Math.max(0, Math.min(batch.capacity, end - row, this.rows - row, blockRows - at));
    batch.count = count;
    if (count === 0) return;
    const { wide, narrow } = this.#blocks[Math.floor(row / blockRows)]!;
    for (let index = 0; index < wideColumns.length; index += 1)
      batch[wideColumns[index]!].set(wide[index]!.subarray(at, at + count));
    for (let index = 0; index < narrowColumns.length; index += 1)
      batch[narrowColumns[index]!].set(narrow[index]!.subarray(at, at + count));
  }
}

/** The rows of a batch from `row` on move to its beginning. */
export function dropRows(batch: TickBatch, row: number): void {
  for (let from = row; from < batch.count; from += 1) copyTickRow(batch, from, batch, from - row);
  batch.count -= row;
}
