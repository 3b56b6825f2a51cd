// Which symbols are wanted of a source that has them all: a file, a recording, the simulator.
// Always: until the first subscribe() everything is wanted but what was given up.

import type { FeedSymbol } from './feed.js';

export class Subscriptions {
  #only: Set<number> | undefined;
  readonly #not = new Set<number>();

  add(symbols: readonly FeedSymbol[]): void {
    this.#only ??= new Set();
    for (const { id } of symbols) {
      this.#only.add(id);
      this.#not.delete(id);
    }
  }

  remove(symbols: readonly FeedSymbol[]): void {
    for (const { id } of symbols) {
      this.#only?.delete(id);
      this.#not.add(id);
    }
  }

  /** Every symbol is wanted: nothing need be looked up. */
  get isAll(): boolean {
    return this.#only === undefined && this.#not.size === 0;
  }

  has(symbol: number): boolean {
    if (this.isAll) return true;
    return !this.#not.has(symbol) && (this.#only?.has(symbol) ?? true);
  }
}
