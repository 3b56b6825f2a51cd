// Work for clients in turns. It runs on the loop that polls feeds and routes orders: a few turns in
// each round of the loop, and, where there is a share, no more than that of its time, whatever
// clients ask for. Who waits longest is next.
//
// Always: a turn ends with the first wait for anything but promises that are settled; so much of
// it is measured.

import { type Clock, nsPerMs, type Timer } from '@ndts/protocol';

export interface TurnsOptions {
  readonly clock: Clock;
  /** Of a round of the loop. */
  readonly perRound: number;
  /** Of the loop's time, above 0, to 1: no limit. */
  readonly share: number;
}

/** What may be used at once, before the share counts. */
const burstNs = 2 * nsPerMs;

export class Turns {
  readonly #options: TurnsOptions;
  #waiting: (() => void)[] = [];
  #running = false;
  #closed = false;
  /** Used above the share, as of a moment. */
  #owedNs = 0;
  #owedAtNs = 0;
  #timer: Timer | undefined;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Resolves when it is the caller's turn; never after close(). */
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#running || this.#closed) return;
      this.#running = true;
      this.#round();
    });
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#timer?.cancel();
  }

  /** The second callback runs when all that the first one set going has come to a wait. */
  #round(): void {
    const { clock, perRound } = this.#options;
    let startNs = 0;
    // ambient: rounds of the loop, not time
    setImmediate(() => {
      startNs = clock.monotonicNs();
      for (const resolve of this.#waiting.splice(0, perRound)) resolve();
    });
    // ambient: as above
    setImmediate(() => this.#next(startNs));
  }

  #next(startNs: number): void {
    this.#running = this.#waiting.length > 0;
    const pauseMs = this.#pauseMs(startNs);
    if (this.#closed || !this.#running) return;
    if (pauseMs === 0) this.#round();
    else this.#timer = this.#options.clock.setTimer(pauseMs, () => this.#round());
  }

  #pauseMs(startNs: number): number {
    const { clock, share } = this.#options;
    if (share >= 1) return 0;
    const nowNs = clock.monotonicNs();
    this.#owedNs = Math.max(0, this.#owedNs - (startNs - this.#owedAtNs) * share);
    this.#owedNs += (nowNs - startNs) * (1 - share);
    this.#owedAtNs = nowNs;
    return this.#owedNs <= burstNs ? 0 : Math.ceil((this.#owedNs - burstNs) / share / nsPerMs);
  }
}
