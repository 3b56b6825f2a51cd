// Rows of a file that comes in chunks of columns, handed out in batches of any size. What a file
// format does is to read the next chunk.

import type { TableBatch } from '@ndts/native/db';
import { type BatchFiller, rowText, type ValueColumn } from './batch-filler.js';
import type { RejectedRow } from './rejects-file.js';
import type { RowSource, SourceRead } from './row-source.js';

/** Rows [from, from + count) of the columns are wanted. */
export interface Chunk {
  readonly columns: readonly ValueColumn[];
  readonly from: number;
  readonly count: number;
}

const noChunk: Chunk = { columns: [], from: 0, count: 0 };

export abstract class ChunkSource implements RowSource {
  readonly #filler: BatchFiller;
  readonly #passedBytes: number;
  #chunk = noChunk;
  /** Of the file: the next one to be taken. */
  protected row: number;

  constructor(filler: BatchFiller, row: number, passedBytes: number) {
    this.#filler = filler;
    this.row = row;
    this.#passedBytes = passedBytes;
  }

  async next(batch: TableBatch): Promise<SourceRead> {
    batch.clear();
    const rejects: RejectedRow[] = [];
    let ended = false;
    while (batch.count < batch.capacity && !ended) {
      if (this.#chunk.count === 0) this.#chunk = (await this.read(batch.capacity)) ?? noChunk;
      if (this.#chunk.count > 0) await this.#take(batch, rejects);
      else ended = true;
    }
    const { row: offset } = this;
    const bytes = this.bytesRead(ended);
    return { rows: batch.count, ended, offset, line: offset + 1, rejects, bytes };
  }

  async #take(batch: TableBatch, rejects: RejectedRow[]): Promise<void> {
    const { columns, from, count: left } = this.#chunk;
    const count = Math.min(left, batch.capacity - batch.count);
    const bad = await this.#filler.add(batch, columns, from, count);
    for (const { row, column, reason } of bad) {
      const text = rowText(columns, row);
      const line = this.row + (row - from) + 1;
      rejects.push({ line, offset: line - 1, column, reason, text });
    }
    this.row += count;
    this.#chunk = { columns, from: from + count, count: left - count };
  }

  get passedBytes(): number {
    return this.#passedBytes;
  }

  abstract close(): Promise<void>;
  /** The next rows, not none; about as many as `rows`, where the format lets it choose. */
  protected abstract read(rows: number): Promise<Chunk | undefined>;
  /** How far it is in the file, as near as the format tells. */
  protected abstract bytesRead(ended: boolean): number;
}
