// One tick, or one book, as the venue sees it: prices and volumes as exact money, converted when
// they are asked for. Where the symbol has a book, that is the quote and the tick only a trade.
// Always: it shows the row it was last moved to; volume that one order took is gone for the next
// one at the same tick, and at the same book.

import { createTickBatch, quantityFromFloat, type TickBatch } from '@ndts/protocol';
import { type BookLadder, moneyOf } from './book-ladder.js';

interface ShownTaken {
  price: bigint;
  hasMore: boolean;
}

export class MarketTick {
  batch: TickBatch = createTickBatch(1);
  row = 0;
  /** Taken by orders at this tick of what was traded. */
  takenTraded = 0n;
  #takenAsk = 0n;
  #takenBid = 0n;
  #tradedBefore = 0n;
  #askBefore = 0n;
  #bidBefore = 0n;
  #book: BookLadder | undefined;
  #isBook = false;

  moveTo(batch: TickBatch, row: number, book: BookLadder | undefined): void {
    this.batch = batch;
    this.row = row;
    this.#book = book;
    this.#isBook = false;
    this.takenTraded = 0n;
    this.#takenAsk = 0n;
    this.#takenBid = 0n;
  }

  /** Nothing was traded. */
  moveToBook(book: BookLadder): void {
    this.#book = book;
    this.#isBook = true;
    this.takenTraded = 0n;
  }

  get isBook(): boolean {
    return this.#isBook;
  }

  /** What is taken from now on may be given back. */
  remember(): void {
    this.#tradedBefore = this.takenTraded;
    this.#askBefore = this.#takenAsk;
    this.#bidBefore = this.#takenBid;
    this.#book?.remember();
  }

  giveBack(): void {
    this.takenTraded = this.#tradedBefore;
    this.#takenAsk = this.#askBefore;
    this.#takenBid = this.#bidBefore;
    this.#book?.giveBack();
  }

  /** 0n: no price. */
  price(): bigint {
    return this.#isBook ? 0n : moneyOf(this.batch.price[this.row]!);
  }

  /** What was traded at the price. */
  volume(): bigint {
    return this.#isBook ? 0n : quantityFromFloat(this.batch.volume[this.row]!);
  }

  /** Where an order of this side trades at once: the other side's quote, or else the price. */
  touch(side: number): bigint {
    const { ask, bid } = this.batch;
    const quote = this.#book?.best(side) ?? moneyOf(side > 0 ? ask[this.row]! : bid[this.row]!);
    return quote > 0n ? quote : this.price();
  }

  /** Takes what an order of this side wants of what is shown; all of it where no quote says how
   * much there is. Of a book level by level: what it took has one price, there may be more. */
  takeShown(side: number, wanted: bigint, limit: bigint, into: ShownTaken): bigint {
    into.price = this.touch(side);
    into.hasMore = false;
    const book = this.#book;
    if (book !== undefined && book.best(side) > 0n) {
      const taken = book.take(side, wanted, limit, into);
      into.hasMore = taken > 0n && taken < wanted;
      return taken;
    }
    return this.#takeQuoted(side, wanted);
  }

  #takeQuoted(side: number, wanted: bigint): bigint {
    const { askVolume, bidVolume } = this.batch;
    const shown = quantityFromFloat(side > 0 ? askVolume[this.row]! : bidVolume[this.row]!);
    if (shown === 0n) return wanted;
    const left = shown - (side > 0 ? this.#takenAsk : this.#takenBid);
    const taken = wanted < left ? wanted : left;
    if (side > 0) this.#takenAsk += taken;
    else this.#takenBid += taken;
    return taken;
  }

  /** What stands in front of an order of this side that is new at its price; -1n: not known. */
  queueAt(side: number, limit: bigint): bigint {
    if (this.#book !== undefined) return this.#book.queueAt(side, limit);
    const { ask, bid, askVolume, bidVolume } = this.batch;
    const quote = moneyOf(side > 0 ? bid[this.row]! : ask[this.row]!);
    if (quote === limit)
      return quantityFromFloat(side > 0 ? bidVolume[this.row]! : askVolume[this.row]!);
    // No quote, or a worse one: it is the first at its price.
    return quote === 0n || (side > 0 ? quote < limit : quote > limit) ? 0n : -1n;
  }
}
