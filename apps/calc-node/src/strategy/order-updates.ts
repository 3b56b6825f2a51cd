// Changes of orders of one instance, numbered, until its process has them in a checkpoint: a start
// after a crash is told of those that the one before did not note. Always: bounded; the oldest go.

import type { OrderUpdate } from './define.js';

export interface NumberedUpdate {
  readonly number: number;
  readonly update: OrderUpdate;
}

const waitingMax = 10_000;

export class OrderUpdates {
  #waiting: NumberedUpdate[] = [];
  #last = 0;

  get last(): number {
    return this.#last;
  }

  /** Returns its number. */
  add(update: OrderUpdate): number {
    this.#last += 1;
    this.#waiting.push({ number: this.#last, update });
    if (this.#waiting.length >= 2 * waitingMax) this.#waiting = this.#waiting.slice(-waitingMax);
    return this.#last;
  }

  /** In the order of their numbers. */
  after(number: number): readonly NumberedUpdate[] {
    return this.#waiting.filter((one) => one.number > number);
  }

  drop(upTo: number): void {
    this.#waiting = this.#waiting.filter(({ number }) => number > upTo);
  }
}
