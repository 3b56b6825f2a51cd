// What every replay does with the engine's batches: takes one after the other, waits where none is
// ready, lets others run now and then, ends at the end, at an error, and when it is told to.

import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import { NdtsError } from '@ndts/protocol';
import type { ReplayBatch, ReplayReader } from '@ndts/native/replay';

/** Timers and sockets get a turn after so many batches, however fast they come. */
const batchesPerTurn = 16;

export class BatchFeed {
  readonly reader: ReplayReader;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.close();
  #taken = 0;
  #closed = false;
  #busy = false;

  constructor(reader: ReplayReader, signal: AbortSignal | undefined) {
    this.reader = reader;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted === true) this.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws what the signal was aborted with. */
  checkSignal(): void {
    this.#signal?.throwIfAborted();
  }

  /** The next batch if it is there; undefined: wait() for it, or all were taken. */
  take(): ReplayBatch | undefined {
    if (this.#closed) return undefined;
    try {
      const batch = this.reader.take();
      this.#taken += 1;
      if (batch === undefined && this.reader.ended) this.close();
      return batch;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether waiting is due though a batch may be there. */
  get turnIsOver(): boolean {
    return this.#taken % batchesPerTurn === batchesPerTurn - 1;
  }

  /** The next batch; undefined at the end. */
  async next(): Promise<ReplayBatch | undefined> {
    for (;;) {
      this.checkSignal();
      if (this.turnIsOver) await othersRun();
      const batch = this.take();
      this.checkSignal();
      if (batch !== undefined || this.#closed) return batch;
      await this.reader.wait();
    }
  }

  /** Runs one call of next() of an iterator; two at a time are refused. */
  async alone<T>(call: () => Promise<T>): Promise<T> {
    if (this.#busy)
      throw new NdtsError('INVALID_ARGUMENT', 'a replay was asked for more before it answered');
    this.#busy = true;
    try {
      return await call();
    } finally {
      this.#busy = false;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.reader.close();
  }
}
