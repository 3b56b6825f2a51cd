// A question to the venue whose answer is a list with an end: one at a time, because most answers
// do not say what they answer. Who asks while one is under way waits for the next, which then
// serves everybody who came meanwhile. What always holds: an answer begins after the question was
// asked; the end of one that nobody waits for any more ends no later one.

import { type Clock, NdtsError } from '@ndts/protocol';

export interface QuestionWay {
  readonly ask: () => void;
  /** Two in a row were not answered in time. */
  readonly stuck: () => void;
}

export class Question {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #way: QuestionWay;
  /** Ends that are still to come: one that was not waited for may come yet. */
  #owed = 0;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: NdtsError) => void) | undefined;

  constructor(name: string, clock: Clock, limitMs: number, way: QuestionWay) {
    this.#name = name;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#way = way;
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

  /** It left. */
  sent(): void {
    this.#owed += 1;
  }

  /** An answer ended. */
  end(): void {
    this.#owed = Math.max(0, this.#owed - 1);
    if (this.#owed === 0) this.#resolve?.();
  }

  /** What was asked of a connection that is over is never answered. */
  drop(reason: string): void {
    this.#owed = 0;
    this.fail(reason);
  }

  fail(reason: string): void {
    this.#reject?.(new NdtsError('UNAVAILABLE', reason));
  }

  #begin(): Promise<void> {
    const { name, limit } = { name: this.#name, limit: this.#limitMs };
    const begun = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#way.ask();
    });
    const timer = this.#clock.setTimer(limit, () => {
      this.fail(`the venue did not answer about ${name} within ${limit} ms`);
      if (this.#owed > 1) this.#way.stuck();
    });
    return begun.finally(() => {
      timer.cancel();
      this.#resolve = undefined;
      this.#reject = undefined;
      if (this.#next === undefined) this.#current = undefined;
    });
  }
}

function ignore(): void {}
