// hot: no allocation while messages come in their order
// Books on their way through the data node: changes polled and stored as they came, put together in
// a book for each source and symbol, and the five best levels of the source that leads the symbol
// appended and published. Always: a book is accepted before it is on a ring; a book that is not
// known to be whole is not shown, its symbol is GAPPED until it is, and its source is asked for it.

import {
  type BookBatch,
  type Clock,
  type ConfigValues,
  createBookBatch,
  type KindStatus,
  nsPerSecond,
} from '@ndts/protocol';
import { type BookRingWriter, BookRows, type TableBatch } from '@ndts/storage';
import { namedSources, polledSource, sourceName, sourcesOf } from '../arbitrate/feed-sources.js';
import type { NamedSource } from '../arbitrate/source-desk.js';
import { type BookCounts, type BookRules, noBookCounts } from '../book/book.js';
import { BookAssembler, type ShownBook } from '../book/book-assembler.js';
import { levelColumns, putShownBook } from '../book/shown-books.js';
import { venueBooks } from '../book/venue-books.js';
import { type BookChangeBatch, createBookChangeBatch } from '../feed/batches.js';
import { Publisher } from '../ring/publisher.js';
import { RecentRate } from '../serve/rate.js';
import { Appender } from '../store/appender.js';
import { BookChangeRows } from './book-change-rows.js';
import type { MarketPathDeps } from './trade-path.js';

export interface BookPathDeps extends MarketPathDeps {
  readonly crossed: ConfigValues['feed']['crossedBooks'];
  readonly rings: BookRingWriter;
  /** The source that leads a symbol; 0: none in particular. */
  readonly lead: (symbol: number) => number;
  /** Changes of a symbol's book were lost, or it is whole again. */
  readonly onGap: (symbol: number, nowNs: number) => void;
  readonly onWhole: (symbol: number, nowNs: number) => void;
}

/** A snapshot that did not come for so long is asked for again. */
const askAgainNs = 5 * nsPerSecond;
const heldMax = 64;
const anyBooks = { sequence: 'range', checksum: undefined, snapshots: 'stream' } as const;

export class BookPath {
  readonly #deps: BookPathDeps;
  readonly #clock: Clock;
  /** Of rows whose numbers are not the venue's own. */
  readonly #rules: BookRules;
  readonly #changes: BookChangeBatch;
  readonly #changeRows: BookChangeRows;
  readonly #changeAppender: Appender<TableBatch>;
  readonly #shown: BookBatch;
  readonly #columns: readonly Float64Array[];
  readonly #appender: Appender<BookBatch>;
  readonly #publisher: Publisher<BookBatch>;
  readonly #assemblers = new Map<number, BookAssembler>();
  readonly #connected = new Set<number>();
  /** Symbols whose book of a source was lost, by source. */
  readonly #lost = new Map<number, Set<number>>();
  readonly #rate = new RecentRate();
  /** Of sources that are gone. */
  #gone: BookCounts = noBookCounts;
  #source = 0;
  #isTaken = true;
  #polled = 0;

  constructor(deps: BookPathDeps) {
    const { database, capacity, clock, logger, rings, crossed } = deps;
    this.#deps = deps;
    this.#clock = clock;
    this.#rules = { ...anyBooks, crossed, depth: 0, heldMax };
    this.#changes = createBookChangeBatch(capacity);
    this.#changeRows = new BookChangeRows(database, capacity);
    const changeTable = this.#changeRows.table;
    this.#changeAppender = new Appender(
      (rows) => database.appendRows(changeTable, rows),
      clock,
      logger,
    );
    this.#shown = createBookBatch(capacity);
    this.#columns = levelColumns(this.#shown);
    const rows = new BookRows(database, capacity);
    this.#appender = new Appender((batch) => rows.append(batch), clock, logger);
    this.#publisher = new Publisher(rings, database, rows.table);
  }

  /** Why books are held; empty when none are. */
  get reason(): string {
    const { reason } = this.#appender;
    return reason === '' ? this.#changeAppender.reason : reason;
  }

  doWork(nowNs: number): number {
    const { rows: changes } = this.#changeRows;
    const shown = this.#shown;
    if (changes.count === 0 && shown.count === 0) this.#poll();
    if (!this.#isTaken) this.#take(nowNs);
    let rows = 0;
    if (this.#changeAppender.append(changes)) {
      rows += changes.count;
      this.#changeAppender.release(changes);
    }
    if (this.#appender.append(shown)) {
      this.#publisher.publish(shown);
      rows += shown.count;
      this.#appender.release(shown);
    }
    for (const assembler of this.#assemblers.values()) assembler.doWork(nowNs);
    this.#publisher.refresh(nowNs);
    return rows;
  }

  dueNs(): number {
    return this.#publisher.dueNs();
  }

  #poll(): void {
    const { feed } = this.#deps;
    if (feed.pollBook(this.#changes) === 0) return;
    this.#polled += this.#changes.count;
    this.#source = polledSource(feed);
    this.#isTaken = false;
  }

  #take(nowNs: number): void {
    const { feed } = this.#deps;
    this.#changeRows.take(this.#changes, sourceName(feed, this.#source));
    this.#shown.count = 0;
    if (!this.#connected.has(this.#source)) this.setSources(namedSources(feed));
    this.#assembler(this.#source).take(this.#changes, nowNs);
    this.#isTaken = true;
  }

  #assembler(source: number): BookAssembler {
    let assembler = this.#assemblers.get(source);
    if (assembler === undefined) {
      assembler = new BookAssembler({
        rulesOf: (symbol) => this.#rulesOf(source, symbol),
        askAgainNs,
        onShown: (book) => this.#show(book, source),
        onGap: (symbol) => this.#gap(symbol, source),
        askSnapshot: (symbol) => this.#ask(symbol, source),
      });
      this.#assemblers.set(source, assembler);
      this.#lost.set(source, new Set());
    }
    return assembler;
  }

  #rulesOf(source: number, symbol: number): BookRules {
    const feed = sourcesOf(this.#deps.feed).find((one) => one.source === source)?.feed;
    if (feed?.bookVenue === undefined) return this.#rules;
    return { ...this.#rules, ...venueBooks(feed.bookVenue, feed.bookDecimals?.(symbol)) };
  }

  #show(book: ShownBook, source: number): void {
    if (this.#lost.get(source)?.delete(book.symbol) === true)
      this.#deps.onWhole(book.symbol, this.#clock.monotonicNs());
    if (this.#leads(book.symbol, source)) putShownBook(book, this.#shown, this.#columns);
  }

  #gap(symbol: number, source: number): void {
    this.#lost.get(source)?.add(symbol);
    if (this.#leads(symbol, source)) this.#deps.onGap(symbol, this.#clock.monotonicNs());
  }

  #ask(symbol: number, source: number): void {
    const { feed, symbols } = this.#deps;
    const entry = symbols.all().find(({ id }) => id === symbol);
    const asked = sourcesOf(feed).find((one) => one.source === source);
    if (entry !== undefined) asked?.feed.resyncBook?.([entry]);
  }

  /** Who leads the ticks of a symbol does, where it has a whole book; else the first that has. */
  #leads(symbol: number, source: number): boolean {
    if (this.#assemblers.size === 1) return true;
    const lead = this.#deps.lead(symbol);
    if (lead === source) return true;
    if (this.#hasBook(lead, symbol)) return false;
    for (const other of this.#assemblers.keys())
      if (this.#hasBook(other, symbol)) return other === source;
    return true;
  }

  #hasBook(source: number, symbol: number): boolean {
    return this.#assemblers.get(source)?.book(symbol)?.state === 'live';
  }

  /** A source that lost its connection has no whole books until snapshots come. */
  setSources(sources: readonly NamedSource[]): void {
    for (const [source, assembler] of this.#assemblers)
      if (!sources.some((one) => one.source === source)) {
        this.#gone = addCounts(this.#gone, assembler.counts());
        this.#assemblers.delete(source);
        this.#lost.delete(source);
        this.#connected.delete(source);
      }
    for (const { source, isConnected } of sources)
      if (isConnected) this.#connected.add(source);
      else if (this.#connected.delete(source)) this.#assemblers.get(source)?.lost();
  }

  status(nowNs: number): KindStatus {
    const sum = [...this.#assemblers.values()]
      .map((assembler) => assembler.counts())
      .reduce(addCounts, this.#gone);
    const { gaps, checksumErrors, crossed, malformed, dropped } = sum;
    const found = { gaps, checksumErrors, crossed, malformed, dropped };
    return {
      kind: 'book',
      rowsPerSecond: this.#rate.sample(this.#appender.accepted, nowNs),
      polled: this.#polled,
      accepted: this.#appender.accepted,
      copies: 0,
      rejected: Object.fromEntries(Object.entries(found).filter(([, count]) => count > 0)),
    };
  }
}

function addCounts(sum: BookCounts, counts: BookCounts): BookCounts {
  const names = Object.keys(noBookCounts) as (keyof BookCounts)[];
  const added = names.map((name) => [name, sum[name] + counts[name]] as const);
  return Object.fromEntries(added) as Record<keyof BookCounts, number>;
}
