// Messages that came too early: what is missing was asked for, and these wait until it is there.
// What always holds: at most one request is under way; a message is given back in the order of its
// number and once; beyond the limit the newest are let go, and are asked for again later.

import type { FixMessage } from './message.js';
import { FixStream } from './stream.js';

const waitingMax = 10_000;

export class FixGap {
  readonly #waiting = new Map<number, Uint8Array>();
  readonly #stream = new FixStream(Number.MAX_SAFE_INTEGER);
  /** The last number that was asked for; 0: nothing is. */
  until = 0;
  askedNs = 0;
  attempts = 0;

  get isOpen(): boolean {
    return this.until > 0;
  }

  asked(until: number, nowNs: number): void {
    this.attempts = this.until === until ? this.attempts + 1 : 1;
    this.until = until;
    this.askedNs = nowNs;
  }

  wait(number: number, message: FixMessage): void {
    if (this.#waiting.size < waitingMax) this.#waiting.set(number, message.copy());
  }

  /** The message with this number, if it waits; valid until the next call. */
  take(number: number): FixMessage | undefined {
    const bytes = this.#waiting.get(number);
    if (bytes === undefined) return undefined;
    this.#waiting.delete(number);
    this.#stream.push(bytes);
    return this.#stream.next() ? this.#stream.message : undefined;
  }

  /** The lowest number that waits, if it is below this one; 0: none is. */
  lowestBelow(next: number): number {
    let lowest = 0;
    for (const number of this.#waiting.keys())
      if (number < next && (lowest === 0 || number < lowest)) lowest = number;
    return lowest;
  }

  /** All up to `expected` are there. Returns the lowest number that waits behind a further gap; 0:
   * none does. */
  reached(expected: number): number {
    // Only then: each message of a long gap comes by here.
    if (expected <= this.until) return 0;
    for (const number of this.#waiting.keys()) if (number < expected) this.#waiting.delete(number);
    this.until = 0;
    this.attempts = 0;
    return this.lowestBelow(Infinity);
  }

  clear(): void {
    this.#waiting.clear();
    this.#stream.clear();
    this.until = 0;
    this.attempts = 0;
  }
}
