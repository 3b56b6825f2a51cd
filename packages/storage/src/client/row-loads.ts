// The rows of a symbol as a client hands them out.

import type { RawRows, StreamOf } from '../service/service.js';
import { noRows } from '../stream/live-item.js';
import { Reading } from './reading.js';
import { copyRows, joinRows, RowBatch } from './row-batch.js';

/** The rows of one symbol, batch by batch. */
export class SymbolRows extends Reading<RowBatch> {
  readonly #opening: Promise<StreamOf<'load'>>;
  #left: number;

  constructor(opening: Promise<StreamOf<'load'>>, limit: number, signal: AbortSignal | undefined) {
    super();
    this.#opening = opening;
    this.#left = limit;
    opening.catch(() => undefined); // next() tells
    this.watch(signal);
  }

  /** All of them as one batch, which holds for ever. */
  async all(): Promise<RowBatch> {
    const parts: RawRows[] = [];
    for await (const batch of this) parts.push(copyRows(batch.raw));
    return new RowBatch(joinRows(parts, noRows));
  }

  protected async advance(): Promise<RowBatch | undefined> {
    const stream = await this.#opening;
    const rows = this.closed ? undefined : await stream.next();
    return rows && this.#take(rows);
  }

  protected async letGo(): Promise<void> {
    const stream = await this.#opening.catch(() => undefined);
    await stream?.close();
  }

  #take(rows: RawRows): RowBatch | undefined {
    const count = Math.min(this.#left, rows.count);
    this.#left -= count;
    if (count === 0) return undefined;
    return new RowBatch(count === rows.count ? rows : copyRows(rows, count));
  }
}
