// The breaker of a route: three definite failures of transport or venue in a row open it, after a
// while one order probes, and what the probe meets closes it or keeps it open. What always holds:
// refusals of an order, and silence, are no failures; while it is open one order probes at a time.

import type { RouteView } from '@ndts/protocol';

export type BreakerState = RouteView['breaker'];

export class Breaker {
  readonly #failuresMax: number;
  readonly #retryNs: number;
  #failures = 0;
  #openedNs = 0;
  #state: BreakerState = 'closed';

  constructor(failuresMax = 3, retryNs = 30e9) {
    this.#failuresMax = failuresMax;
    this.#retryNs = retryNs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** As it was before a restart: the next try is due after the whole pause. */
  restore(nowNs: number): void {
    this.#state = 'open';
    this.#openedNs = nowNs;
  }

  /** Whether the next order may go this way; one that may while it is open is the probe. A probe
   * without an answer is followed by another one, no sooner than it was itself. */
  admits(nowNs: number): boolean {
    if (this.#state === 'closed') return true;
    if (!this.isDue(nowNs)) return false;
    this.#state = 'half-open';
    this.#openedNs = nowNs;
    return true;
  }

  /** Whether the next order would be admitted. */
  isDue(nowNs: number): boolean {
    return this.#state === 'closed' || nowNs - this.#openedNs >= this.#retryNs;
  }

  /** The venue judged an order: it works. */
  succeeded(): void {
    this.#failures = 0;
    this.#state = 'closed';
  }

  failed(nowNs: number): void {
    this.#failures += 1;
    if (this.#state === 'closed' && this.#failures < this.#failuresMax) return;
    this.#state = 'open';
    this.#openedNs = nowNs;
  }
}
