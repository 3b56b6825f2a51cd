// How often a login from one address may fail. Always: bounded; an address is forgotten a minute
// after its last failure, and never more than addressesMax are kept.

import { type Clock, nsPerSecond } from '@ndts/protocol';

interface Failures {
  count: number;
  lastNs: number;
}

export const loginFailuresMax = 10;
const forgetNs = 60 * nsPerSecond;
const addressesMax = 10_000;

export class LoginLimit {
  readonly #clock: Clock;
  /** In the order of the last failure. */
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  allows(address: string): boolean {
    this.#forget();
    return (this.#failures.get(address)?.count ?? 0) < loginFailuresMax;
  }

  fail(address: string): void {
    this.#forget();
    const count = (this.#failures.get(address)?.count ?? 0) + 1;
    this.#failures.delete(address);
    this.#failures.set(address, { count, lastNs: this.#clock.monotonicNs() });
  }

  succeed(address: string): void {
    this.#failures.delete(address);
  }

  get size(): number {
    return this.#failures.size;
  }

  #forget(): void {
    const nowNs = this.#clock.monotonicNs();
    for (const [address, { lastNs }] of this.#failures) {
      if (nowNs - lastNs < forgetNs && this.#failures.size < addressesMax) return;
      this.#failures.delete(address);
    }
  }
}
