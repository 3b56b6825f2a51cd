// The speed of a replay: rows come as far apart as their times are, or a factor of that. Always: a
// row is due by the time since the first one, so that delays do not add up.

import { type Clock, nsBetween, nsPerMs, type Time } from '@ndts/protocol';

export interface TimedRows {
  readonly count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
}

/** Which rows of a batch are due. The first row of all is due at once. */
export class Pace<B extends TimedRows> {
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #signal: AbortSignal | undefined;
  #first: Time | undefined;
  #startNs = 0;
  batch: B | undefined;
  /** Rows below were handed out. */
  at: number | undefined;

  constructor(clock: Clock, speed: number, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#speed = speed;
    this.#signal = signal;
  }

  begin(batch: B): void {
    this.batch = batch;
    this.at = 0;
    if (this.#first !== undefined) return;
    this.#first = { day: batch.day[0] ?? 0, nsOfDay: batch.nsOfDay[0] ?? 0 };
    this.#startNs = this.#clock.monotonicNs();
  }

  /** Waits until a row is due. @returns the end of those that are */
  async untilDue(): Promise<number> {
    const { batch, at = 0 } = this;
    if (batch === undefined) return 0;
    for (;;) {
      const elapsedNs = this.#clock.monotonicNs() - this.#startNs;
      let low = at;
      let high = batch.count;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#dueNs(batch, middle) <= elapsedNs) low = middle + 1;
        else high = middle;
      }
      if (low > at) {
        this.at = low;
        return low;
      }
      await this.#sleep((this.#dueNs(batch, at) - elapsedNs) / nsPerMs);
    }
  }

  #dueNs(batch: B, row: number): number {
    const time = { day: batch.day[row] ?? 0, nsOfDay: batch.nsOfDay[row] ?? 0 };
    return this.#first === undefined ? 0 : nsBetween(time, this.#first) / this.#speed;
  }

  async #sleep(delayMs: number): Promise<void> {
    const signal = this.#signal;
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.#clock.setTimer(delayMs, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
