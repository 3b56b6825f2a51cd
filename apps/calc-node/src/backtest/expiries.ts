// Orders of a backtest that end by themselves, by when. Always: the earliest comes first, and of
// one time the one that was asked for first; times are those of the venue's current day.

import type { SimulatedOrder } from './order.js';

interface Expiry {
  dueNs: number;
  readonly order: SimulatedOrder;
}

/** So many that were taken are dropped together. */
const takenMax = 1024;

export class Expiries {
  /** Of the first one. */
  nextNs = Number.POSITIVE_INFINITY;
  /** The earliest first, from #first on: what is asked for later mostly ends later. */
  #waiting: Expiry[] = [];
  #first = 0;

  add(dueNs: number, order: SimulatedOrder): void {
    const waiting = this.#waiting;
    let low = this.#first;
    let high = waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (waiting[middle]!.dueNs <= dueNs) low = middle + 1;
      else high = middle;
    }
    waiting.splice(low, 0, { dueNs, order });
    this.#lookAgain();
  }

  /** The first one, which is no longer kept; it may have ended otherwise. */
  take(): SimulatedOrder | undefined {
    const first = this.#waiting[this.#first];
    if (first === undefined) return undefined;
    this.#first += 1;
    if (this.#first === takenMax) {
      this.#waiting = this.#waiting.slice(takenMax);
      this.#first = 0;
    }
    this.#lookAgain();
    return first.order;
  }

  /** Time is counted from so much later. */
  moveDay(ns: number): void {
    for (let at = this.#first; at < this.#waiting.length; at += 1) this.#waiting[at]!.dueNs -= ns;
    this.#lookAgain();
  }

  clear(): void {
    this.#waiting = [];
    this.#first = 0;
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.nextNs = this.#waiting[this.#first]?.dueNs ?? Number.POSITIVE_INFINITY;
  }
}
