// Questions to the counterparty that wait for their answers. What always holds: each is settled
// once: by its last answer, by a refusal, by the loss of the session, or when its time is over.

import { type Clock, NdtsError, type Timer } from '@ndts/protocol';

interface Waiting {
  /** The order it is about; '': none. */
  readonly about: string;
  /** What it collected so far. */
  readonly items: unknown[];
  readonly done: (items: unknown[]) => void;
  readonly fail: (error: NdtsError) => void;
  readonly timer: Timer;
}

export class FixQueries {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** `send` is given the id of the question; what it throws fails it. */
  ask<T>(kind: string, salt: number, send: (id: string) => void, about: string): Promise<T[]> {
    this.#count += 1;
    const id = `${kind}${salt}-${this.#count}`;
    return new Promise<T[]>((resolve, reject) => {
      const timer = this.#clock.setTimer(this.#timeoutMs, () =>
        this.fail(id, 'TIMEOUT', `no answer within ${this.#timeoutMs} ms`),
      );
      const done = (items: unknown[]): void => resolve(items as T[]);
      this.#waiting.set(id, { about, items: [], done, fail: reject, timer });
      try {
        send(id);
      } catch (error) {
        this.#end(id);
        reject(error instanceof Error ? error : new NdtsError('INTERNAL', String(error)));
      }
    });
  }

  /** The oldest question about this order; '': there is none. */
  idAbout(clientOrderId: string): string {
    for (const [id, { about }] of this.#waiting) if (about === clientOrderId) return id;
    return '';
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** A part of the answer; returns how many there are now. */
  add(id: string, item: unknown): number {
    const waiting = this.#waiting.get(id);
    waiting?.items.push(item);
    return waiting?.items.length ?? 0;
  }

  /** The answer is complete. */
  finish(id: string): void {
    const waiting = this.#end(id);
    waiting?.done(waiting.items);
  }

  fail(id: string, code: 'TIMEOUT' | 'UNAVAILABLE', why: string): void {
    const waiting = this.#end(id);
    waiting?.fail(new NdtsError(code, `the FIX counterparty: ${why}`));
  }

  failAll(why: string): void {
    for (const id of [...this.#waiting.keys()]) this.fail(id, 'UNAVAILABLE', why);
  }

  #end(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.timer.cancel();
    return waiting;
  }
}
