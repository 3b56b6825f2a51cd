// The newest book of a symbol as the venue sees it: prices and volumes as exact money, converted
// when they are asked for. Always: what orders took of a level is gone until the next book.

import { type BookBatch, moneyFromFloat, nsPerDay, quantityFromFloat } from '@ndts/protocol';
import { BookCursor } from '../source/book-cursor.js';

const levels = 5;
const sides = 2;

/** Of a price as the market tells it; 0n: none. */
export function moneyOf(value: number): bigint {
  return value > 0 ? moneyFromFloat(value) : 0n;
}

/** A book that was not told of again for so long says nothing of the market any more. */
const staleNs = 10e9;

export class BookLadder {
  /** By side, of bids then asks: prices, then volumes. */
  readonly #numbers = new Float64Array(sides * 2 * levels);
  readonly #taken = new Array<bigint>(sides * levels).fill(0n);
  readonly #before = new Array<bigint>(sides * levels).fill(0n);
  readonly #cursor = new BookCursor();
  #day = 0;
  #nsOfDay = 0;

  set(batch: BookBatch, row: number): void {
    const cursor = this.#cursor;
    cursor.batch = batch;
    cursor.row = row;
    this.#day = cursor.day;
    this.#nsOfDay = cursor.nsOfDay;
    for (let level = 0; level < levels; level += 1) {
      this.#numbers[level] = cursor.bid(level + 1);
      this.#numbers[levels + level] = cursor.bidVolume(level + 1);
      this.#numbers[2 * levels + level] = cursor.ask(level + 1);
      this.#numbers[3 * levels + level] = cursor.askVolume(level + 1);
    }
    this.#taken.fill(0n);
  }

  isFresh(day: number, nsOfDay: number): boolean {
    return (day - this.#day) * nsPerDay + (nsOfDay - this.#nsOfDay) <= staleNs;
  }

  /** Of the side that an order of this side trades with; 0n: none. */
  best(side: number): bigint {
    return this.#price(-side, 0);
  }

  /** Takes what an order wants at the best level, within its limit (0n: none), where something is
   * left; its price is in `into`. How much; 0n: nothing is left. */
  take(side: number, wanted: bigint, limit: bigint, into: { price: bigint }): bigint {
    for (let level = 0; level < levels; level += 1) {
      const price = this.#price(-side, level);
      const isBeyond = limit !== 0n && (side > 0 ? price > limit : price < limit);
      if (price === 0n || isBeyond) break;
      const at = place(-side, level);
      const left = this.#volume(-side, level) - this.#taken[at]!;
      if (left <= 0n) continue;
      const taken = wanted < left ? wanted : left;
      this.#taken[at]! += taken;
      into.price = price;
      return taken;
    }
    return 0n;
  }

  /** What stands at a price on the side of an order; -1n: deeper than what is shown. */
  queueAt(side: number, limit: bigint): bigint {
    for (let level = 0; level < levels; level += 1) {
      const price = this.#price(side, level);
      if (price === 0n) return level === 0 ? 0n : -1n;
      if (price === limit) return this.#volume(side, level);
      if (side > 0 ? price < limit : price > limit) return 0n;
    }
    return -1n;
  }

  /** What is taken from now on may be given back. */
  remember(): void {
    for (const [at, taken] of this.#taken.entries()) this.#before[at] = taken;
  }

  giveBack(): void {
    for (const [at, taken] of this.#before.entries()) this.#taken[at] = taken;
  }

  #price(side: number, level: number): bigint {
    return moneyOf(this.#numbers[(side > 0 ? 0 : 2 * levels) + level]!);
  }

  #volume(side: number, level: number): bigint {
    return quantityFromFloat(this.#numbers[(side > 0 ? levels : 3 * levels) + level]!);
  }
}

function place(side: number, level: number): number {
  return (side > 0 ? 0 : levels) + level;
}
