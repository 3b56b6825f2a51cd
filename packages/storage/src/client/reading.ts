// A loop over batches as a program has it: one is asked for at a time; it ends with what it reads,
// with its signal, when the loop is left, and by close().

import { NdtsError } from '@ndts/protocol';

export abstract class Reading<Out> implements AsyncIterableIterator<Out> {
  readonly #abort = (): void => void this.close().catch(() => undefined);
  #signal: AbortSignal | undefined;
  #closed = false;
  #busy = false;

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
    const value = await this.advance();
    this.#signal?.throwIfAborted();
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
    await this.letGo();
  }

  protected get closed(): boolean {
    return this.#closed;
  }

  /** Once all that letGo() needs is there. */
  protected watch(signal: AbortSignal | undefined): void {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted === true) this.#abort();
  }

  /** The next batch; undefined: there is none any more, or it is closed. */
  protected abstract advance(): Promise<Out | undefined>;
  /** Called once. */
  protected abstract letGo(): Promise<void>;
}
