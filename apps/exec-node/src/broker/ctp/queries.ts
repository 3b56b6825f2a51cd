// Questions to a front that takes one query at a time and one a second. What always holds: two
// queries are never closer than that; who asks while the same is waiting shares its answer, which
// begins after both asked; an answer that does not come, or a session that ends, fails who waits.

import { type Clock, NdtsError, nsPerMs } from '@ndts/protocol';
import { needsRetry } from './words.js';
import type { CtpError } from './trader.js';

interface Waiting {
  readonly kind: string;
  /** What the request function returns. */
  readonly send: (requestId: number) => number;
  readonly promise: Promise<void>;
  readonly done: () => void;
  readonly failed: (error: NdtsError) => void;
}

export class CtpQueries {
  readonly #clock: Clock;
  readonly #everyNs: number;
  readonly #answerNs: number;
  readonly #waiting: Waiting[] = [];
  #current: Waiting | undefined;
  #requestId = 0;
  #nextNs = 0;
  #sentNs = 0;

  constructor(clock: Clock, everyMs: number, answerMs: number) {
    this.#clock = clock;
    this.#everyNs = everyMs * nsPerMs;
    this.#answerNs = answerMs * nsPerMs;
  }

  ask(kind: string, send: (requestId: number) => number): Promise<void> {
    const same = this.#waiting.find((one) => one.kind === kind);
    if (same !== undefined) return same.promise;
    let done: () => void = () => undefined;
    let failed: (error: NdtsError) => void = () => undefined;
    const promise = new Promise<void>((resolve, reject) => {
      done = resolve;
      failed = reject;
    });
    promise.catch(() => undefined);
    this.#waiting.push({ kind, send, promise, done, failed });
    return promise;
  }

  /** Whether a record belongs to the question that is asked now. */
  concerns(requestId: number): boolean {
    return this.#current !== undefined && requestId === this.#requestId;
  }

  /** The answer ended. */
  end(requestId: number, error: CtpError | undefined): void {
    const current = this.#current;
    if (current === undefined || requestId !== this.#requestId) return;
    this.#current = undefined;
    if (error === undefined) current.done();
    else if (error.code === needsRetry) this.#waiting.unshift(current);
    else
      current.failed(
        new NdtsError('UNAVAILABLE', `CTP refused the query of ${current.kind}: ${textOf(error)}`),
      );
  }

  /** Sends what may be sent now; returns how many. Part of the duty cycle. */
  doWork(): number {
    const now = this.#clock.monotonicNs();
    if (this.#current !== undefined) {
      if (now - this.#sentNs < this.#answerNs) return 0;
      this.#current.failed(
        new NdtsError('UNAVAILABLE', `CTP did not answer the query of ${this.#current.kind}`),
      );
      this.#current = undefined;
    }
    const [next] = this.#waiting;
    if (next === undefined || now < this.#nextNs) return 0;
    this.#nextNs = now + this.#everyNs;
    this.#sentNs = now;
    this.#requestId += 1;
    // The answer may come from inside.
    this.#waiting.shift();
    this.#current = next;
    if (next.send(this.#requestId) === 0) return 1;
    this.#current = undefined;
    this.#waiting.unshift(next);
    return 0;
  }

  /** The session ended. */
  fail(why: string): void {
    const waiting = this.#waiting.splice(0);
    if (this.#current !== undefined) waiting.push(this.#current);
    this.#current = undefined;
    for (const one of waiting) one.failed(new NdtsError('UNAVAILABLE', `CTP: ${why}`));
  }
}

export function textOf({ code, message }: CtpError): string {
  return `${code} ${message}`.trim();
}
