// Keeps a flood of equal mishaps from flooding the log: so many lines per second, the rest only
// counted (the metrics have them all).

import type { Clock } from '@ndts/protocol';

export class LogGate {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #second = 0;
  #lines = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  open(): boolean {
    const second = Math.floor(this.#clock.monotonicNs() / 1e9);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= this.#perSecond;
  }
}
