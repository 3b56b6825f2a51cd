// The rows of a symbol as a client hands them out.

import { NdtsError } from '@ndts/protocol';
import type { RawRows, ServiceStream, StreamOf } from '../service/service.js';
import { noRows } from '../stream/live-item.js';
import { copyRows, joinRows, RowBatch } from './row-batch.js';

/** A stream that is being opened; ends with its loop, its signal, or close(). */
abstract class OpeningStream<Item, Head, Out> implements AsyncIterableIterator<Out> {
  protected readonly opening: Promise<ServiceStream<Head, Item>>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => void this.close().catch(() => undefined);
  #closed = false;
  #busy = false;

  constructor(opening: Promise<ServiceStream<Head, Item>>, signal: AbortSignal | undefined) {
    this.opening = opening;
    this.#signal = signal;
    opening.catch(() => undefined); // next() tells
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted === true) this.#abort();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Out, undefined>> {
    if (this.#busy)
      throw new NdtsError('INVALID_ARGUMENT', 'a stream was asked for more before it answered');
    this.#busy = true;
    try {
      return await this.#next();
    } finally {
      this.#busy = false;
    }
  }

  async #next(): Promise<IteratorResult<Out, undefined>> {
    this.#signal?.throwIfAborted();
    const stream = await this.opening;
    const item = this.#closed ? undefined : await stream.next();
    this.#signal?.throwIfAborted();
    const value = item === undefined ? undefined : this.take(item);
    if (value !== undefined) return { done: false, value };
    await this.close();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Out, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Lets go of what it holds. Twice is allowed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    const stream = await this.opening.catch(() => undefined);
    await stream?.close();
  }

  /** undefined: that was the last. */
  protected abstract take(item: Item): Out | undefined;
}

/** The rows of one symbol, batch by batch. */
export class SymbolRows extends OpeningStream<RawRows, null, RowBatch> {
  #left: number;

  constructor(opening: Promise<StreamOf<'load'>>, limit: number, signal: AbortSignal | undefined) {
    super(opening, signal);
    this.#left = limit;
  }

  /** All of them as one batch, which holds for ever. */
  async all(): Promise<RowBatch> {
    const parts: RawRows[] = [];
    for await (const batch of this) parts.push(copyRows(batch.raw));
    return new RowBatch(joinRows(parts, noRows));
  }

  protected take(rows: RawRows): RowBatch | undefined {
    const count = Math.min(this.#left, rows.count);
    this.#left -= count;
    if (count === 0) return undefined;
    return new RowBatch(count === rows.count ? rows : copyRows(rows, count));
  }
}
