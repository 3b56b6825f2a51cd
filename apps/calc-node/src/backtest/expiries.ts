// Orders of a backtest that end by themselves, by when. Always: the earliest comes first, and of
// one time the one that was asked for first; times are those of the venue's current day.

import type { SimulatedOrder } from './order.js';

interface Expiry {
  dueNs: number;
  readonly order: SimulatedOrder;
}

export class Expiries {
  /** Of the first one. */
  nextNs = Number.POSITIVE_INFINITY;
  /** The latest first. */
  readonly #waiting: Expiry[] = [];

  add(dueNs: number, order: SimulatedOrder): void {
    const waiting = this.#waiting;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1]!.dueNs <= dueNs) at -= 1;
    waiting.splice(at, 0, { dueNs, order });
    this.#lookAgain();
  }

  /** The first one, which is no longer kept; it may have ended otherwise. */
  take(): SimulatedOrder | undefined {
    const first = this.#waiting.pop();
    this.#lookAgain();
    return first?.order;
  }

  /** Time is counted from so much later. */
  moveDay(ns: number): void {
    for (const expiry of this.#waiting) expiry.dueNs -= ns;
    this.#lookAgain();
  }

  clear(): void {
    this.#waiting.length = 0;
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.nextNs = this.#waiting.at(-1)?.dueNs ?? Number.POSITIVE_INFINITY;
  }
}
