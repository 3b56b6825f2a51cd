// What changed between two states of a book: ccxt hands out the whole book after each change, and
// only what is new is worth a message.

import type { CcxtBook } from './ccxt-module.js';

export type Level = readonly [price: number, quantity: number];

class SideChanges {
  #shown = new Map<number, number>();

  reset(): void {
    this.#shown.clear();
  }

  /** @param levels the side now */
  next(levels: readonly (readonly number[])[]): Level[] {
    const now = new Map<number, number>();
    const changes: Level[] = [];
    for (const [price, quantity] of levels)
      if (price !== undefined && quantity !== undefined && quantity > 0) now.set(price, quantity);
    for (const price of this.#shown.keys()) if (!now.has(price)) changes.push([price, 0]);
    for (const [price, quantity] of now)
      if (this.#shown.get(price) !== quantity) changes.push([price, quantity]);
    this.#shown = now;
    return changes;
  }
}

export interface BookChanges {
  /** The first one: all levels. */
  readonly full: boolean;
  readonly previous: number | undefined;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export class BookTracker {
  readonly #bids = new SideChanges();
  readonly #asks = new SideChanges();
  #isFirst = true;
  #nonce: number | undefined;

  /** The next one is all levels again. */
  reset(): void {
    this.#bids.reset();
    this.#asks.reset();
    this.#isFirst = true;
  }

  /** Undefined: nothing changed. Nobody is told its number, so that the next change follows the one
   * that was told last. */
  next(book: CcxtBook): BookChanges | undefined {
    const changes = {
      full: this.#isFirst,
      previous: this.#isFirst ? undefined : this.#nonce,
      bids: this.#bids.next(book.bids),
      asks: this.#asks.next(book.asks),
    };
    if (!changes.full && changes.bids.length === 0 && changes.asks.length === 0) return undefined;
    this.#isFirst = false;
    this.#nonce = book.nonce;
    return changes;
  }
}
