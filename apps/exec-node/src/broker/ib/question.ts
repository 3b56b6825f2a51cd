// A question to the venue whose answer is a list with an end: one at a time, because most answers
// do not say what they answer. Who asks while one is under way waits for the next, which then
// serves everybody who came meanwhile. What always holds: an answer begins after the question was
// asked.

import { type Clock, NdtsError } from '@ndts/protocol';

export class Question {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #ask: () => void;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: NdtsError) => void) | undefined;

  constructor(name: string, clock: Clock, limitMs: number, ask: () => void) {
    this.#name = name;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#ask = ask;
  }

  get asked(): boolean {
    return this.#resolve !== undefined;
  }

  /** Resolves when the whole answer is there; UNAVAILABLE when it does not come. */
  answer(): Promise<void> {
    if (this.#current === undefined) {
      this.#current = this.#begin();
      return this.#current;
    }
    this.#next ??= this.#current.catch(ignore).then(() => {
      this.#next = undefined;
      this.#current = this.#begin();
      return this.#current;
    });
    return this.#next;
  }

  end(): void {
    this.#resolve?.();
  }

  fail(reason: string): void {
    this.#reject?.(new NdtsError('UNAVAILABLE', reason));
  }

  #begin(): Promise<void> {
    const { name, limit } = { name: this.#name, limit: this.#limitMs };
    const begun = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#ask();
    });
    const timer = this.#clock.setTimer(limit, () =>
      this.fail(`the venue did not answer about ${name} within ${limit} ms`),
    );
    return begun.finally(() => {
      timer.cancel();
      this.#resolve = undefined;
      this.#reject = undefined;
      if (this.#next === undefined) this.#current = undefined;
    });
  }
}

function ignore(): void {}
