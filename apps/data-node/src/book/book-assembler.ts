// hot: no allocation while messages come in their order
// The books of all symbols of one source: rows in by batch, the five best levels out whenever they
// changed, and the full depth for whoever asks. Always: a message counts when its last row came; a
// book that is not whole is asked for again, one request a symbol at a time, and shows nothing
// meanwhile.

import { bookChangeFlags } from '../feed/batches.js';
import { Book, type BookCounts, type BookRules, noBookCounts, shownLevels } from './book.js';
import { type BookRows, BookRowStore } from './book-rows.js';

/** The best five levels of a book; the object is used again for the next one. */
export interface ShownBook {
  symbol: number;
  day: number;
  nsOfDay: number;
  isCrossed: boolean;
  /** Level by level: bid, bid size, ask, ask size; NaN where there is none. */
  readonly levels: Float64Array;
}

export interface BookAssemblerOptions {
  readonly rulesOf: (symbol: number) => BookRules;
  /** May not call back. */
  readonly onShown: (book: ShownBook) => void;
  /** A book that was whole is not any more. May not call back. */
  readonly onGap?: (symbol: number, reason: string) => void;
  /** Asks the source for a snapshot of the symbol; it comes as rows. */
  readonly askSnapshot: (symbol: number, reason: string) => void;
  /** A request that was not answered for so long is made again. */
  readonly askAgainNs: number;
}

export class BookAssembler {
  readonly #options: BookAssemblerOptions;
  readonly #books = new Map<number, Book>();
  /** Messages whose last row has not come yet, by symbol. */
  readonly #open = new Map<number, BookRowStore>();
  /** When a snapshot was asked for, of those that wait for one. */
  readonly #askedNs = new Map<number, number>();
  readonly #shown: ShownBook = {
    ...{ symbol: 0, day: 0, nsOfDay: 0, isCrossed: false },
    levels: new Float64Array(4 * shownLevels),
  };

  constructor(options: BookAssemblerOptions) {
    this.#options = options;
  }

  /** Undefined: no row of the symbol came. */
  book(symbol: number): Book | undefined {
    return this.#books.get(symbol);
  }

  /** Rows of the source, in the order they came. */
  take(rows: BookRows, nowNs: number): void {
    for (let first = 0; first < rows.count; ) {
      const symbol = rows.symbol[first]!;
      let last = first;
      while (
        (rows.flags[last]! & bookChangeFlags.end) === 0 &&
        last + 1 < rows.count &&
        rows.symbol[last + 1] === symbol
      )
        last += 1;
      const isWhole = (rows.flags[last]! & bookChangeFlags.end) !== 0;
      const open = this.#open.size === 0 ? undefined : this.#open.get(symbol);
      if (!isWhole || open !== undefined) this.#gather(rows, first, last, isWhole, nowNs);
      else this.#message(symbol, rows, first, last, nowNs);
      first = last + 1;
    }
  }

  #gather(rows: BookRows, first: number, last: number, isWhole: boolean, nowNs: number): void {
    const symbol = rows.symbol[first]!;
    const open = this.#open.get(symbol) ?? new BookRowStore();
    open.append(rows, first, last);
    this.#open.set(symbol, open);
    if (!isWhole) return;
    this.#open.delete(symbol);
    this.#message(symbol, open, 0, open.count - 1, nowNs);
  }

  #message(symbol: number, rows: BookRows, first: number, last: number, nowNs: number): void {
    let book = this.#books.get(symbol);
    if (book === undefined) {
      book = new Book(this.#options.rulesOf(symbol));
      this.#books.set(symbol, book);
    }
    const isWhole = book.state === 'live';
    book.message(rows, first, last);
    if (isWhole && book.state !== 'live') this.#options.onGap?.(symbol, book.wanted);
    if (book.wanted !== '') this.#ask(symbol, book, nowNs);
    else if (this.#askedNs.size > 0) this.#askedNs.delete(symbol);
    if (book.takeChanged()) this.#show(symbol, book);
  }

  #ask(symbol: number, book: Book, nowNs: number): void {
    const askedNs = this.#askedNs.get(symbol);
    if (askedNs !== undefined && nowNs - askedNs < this.#options.askAgainNs) return;
    this.#askedNs.set(symbol, nowNs);
    this.#options.askSnapshot(symbol, book.wanted);
  }

  /** Part of the duty cycle: what was asked for and never came is asked for again. */
  doWork(nowNs: number): void {
    for (const symbol of this.#askedNs.keys()) {
      const book = this.#books.get(symbol);
      if (book === undefined || book.wanted === '') this.#askedNs.delete(symbol);
      else this.#ask(symbol, book, nowNs);
    }
  }

  /** The source is gone: every book needs a snapshot, and no half message counts. */
  lost(): void {
    this.#open.clear();
    for (const book of this.#books.values()) book.resync('source lost');
  }

  #show(symbol: number, book: Book): void {
    const shown = this.#shown;
    shown.symbol = symbol;
    shown.day = book.day;
    shown.nsOfDay = book.nsOfDay;
    shown.isCrossed = book.isCrossed;
    for (let level = 0; level < shownLevels; level += 1) {
      shown.levels[4 * level] = book.bids.price(level);
      shown.levels[4 * level + 1] = book.bids.size(level);
      shown.levels[4 * level + 2] = book.asks.price(level);
      shown.levels[4 * level + 3] = book.asks.size(level);
    }
    this.#options.onShown(shown);
  }

  /** Sums over all books. */
  counts(): BookCounts {
    const sum: BookCounts = { ...noBookCounts };
    for (const { counts } of this.#books.values())
      for (const key of Object.keys(sum) as (keyof BookCounts)[]) sum[key] += counts[key];
    return sum;
  }
}
