// hot: no allocation after init
// Trades on their way through the data node, beside ticks and by the same stages: polled, cleaned,
// chosen among sources, appended, published. Always: a trade is accepted before it is on a ring; a
// polled trade is accepted, among the rejects of trades, or a copy of another source that was
// counted; a refusing engine stops polling instead of losing trades.

import {
  type Clock,
  copyTradeRow,
  createTradeBatch,
  type KindStatus,
  type TickBatch,
  type Time,
  type TradeBatch,
  TradeFlags,
  tradeSchema,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { type Database, TableBatch, type TradeRingWriter, TradeRows } from '@ndts/storage';
import { feedOf, namedSources, polledSource, sourceName } from '../arbitrate/feed-sources.js';
import type { ArbitratedRows } from '../arbitrate/seen-rows.js';
import { type NamedSource, SourceDesk, type TradeChoice } from '../arbitrate/source-desk.js';
import type { SkewTable } from '../arbitrate/skew-table.js';
import { countsByRule, sumByRule } from '../clean/rejects.js';
import { type Feed, isPolledLive } from '../feed/feed.js';
import { Publisher } from '../ring/publisher.js';
import { RecentRate } from '../serve/rate.js';
import type { SymbolDirectory } from '../serve/symbols.js';
import { Appender } from '../store/appender.js';
import { TradeRejects } from '../store/trade-rejects.js';
import { TradeCleaner } from './trade-cleaner.js';
import { tradeIdWindow } from './trade-ids.js';

export interface MarketPathDeps {
  readonly feed: Feed;
  readonly database: Database;
  readonly symbols: SymbolDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rows polled at once. */
  readonly capacity: number;
}

export interface TradePathDeps extends MarketPathDeps {
  readonly rings: TradeRingWriter;
  readonly skew: SkewTable;
  /** The wall clock, read once for a batch. */
  readonly now: () => Time;
}

export class TradePath {
  readonly cleaner: TradeCleaner;
  /** Symbols of these rows get their rules first. */
  cover: (rows: TickBatch) => void = () => undefined;
  readonly #deps: TradePathDeps;
  readonly #batch: TradeBatch;
  readonly #rows: TradeRows;
  readonly #desk: SourceDesk;
  /** By source: which of its connections brought its last rows. */
  readonly #connections = new Map<number, number>();
  #connection = 0;
  #choice: TradeChoice = 'none';
  readonly #rejects: TradeRejects;
  readonly #appender: Appender<TradeBatch>;
  readonly #publisher: Publisher<TradeBatch>;
  readonly #rate = new RecentRate();
  #sources: readonly NamedSource[] = [];
  #source = 0;
  #isLive = true;
  #isClean = true;
  #polled = 0;
  #copies = 0;

  constructor(deps: TradePathDeps) {
    const { database, capacity, clock, logger, rings } = deps;
    this.#deps = deps;
    this.#batch = createTradeBatch(capacity);
    this.#rows = new TradeRows(database, capacity);
    const { table } = this.#rows;
    this.#rejects = new TradeRejects(deps, table);
    this.#appender = new Appender((rows) => this.#rows.append(rows), clock, logger);
    this.#publisher = new Publisher(rings, database, table);
    const stored = new TableBatch(tradeSchema, tradeIdWindow);
    const before = createTradeBatch(tradeIdWindow);
    const recall = (symbol: number): void => {
      database.lastRows(table, symbol, stored);
      this.#rows.take(stored, before);
    };
    this.#desk = new SourceDesk({
      skew: deps.skew,
      countsAlike: true,
      recall: (symbol) => {
        recall(symbol);
        return arbitrated(before);
      },
    });
    this.cleaner = new TradeCleaner(capacity, (symbol, take) => {
      recall(symbol);
      for (let row = 0; row < before.count; row += 1) {
        const isOfBefore = before.epoch[row] !== database.epoch(before.shard[row]!);
        if (isOfBefore && (before.flags[row]! & TradeFlags.id) !== 0) take(before.tradeId[row]!);
      }
    });
  }

  /** Why trades are held; empty when none are. */
  get reason(): string {
    return this.#appender.reason === '' ? this.#rejects.reason : this.#appender.reason;
  }

  doWork(nowNs: number): number {
    const batch = this.#batch;
    if (batch.count === 0 && !this.#rejects.isWaiting) this.#poll();
    if (!this.#isClean) this.#clean(nowNs);
    let rows = 0;
    if (this.#appender.append(batch)) {
      this.#publisher.publish(batch);
      rows = batch.count;
      this.#rejects.place(batch);
      this.#appender.release(batch);
    } else if (batch.count === 0) this.#rejects.place(batch);
    this.#rejects.append();
    this.#publisher.refresh(nowNs);
    return rows;
  }

  /** Undefined: rows are held. */
  dueNs(): number | undefined {
    const isHeld = this.#batch.count > 0 || this.#rejects.isWaiting;
    return isHeld ? undefined : this.#publisher.dueNs();
  }

  #poll(): void {
    const { feed } = this.#deps;
    if (feed.pollTrades(this.#batch) === 0) return;
    this.#polled += this.#batch.count;
    this.#source = polledSource(feed);
    this.#isLive = isPolledLive(feed);
    this.#connection = feed.tradesConnection ?? 0;
    this.#isClean = false;
  }

  #clean(nowNs: number): void {
    const { feed } = this.#deps;
    const batch = this.#batch;
    const source = this.#source;
    const isLive = this.#isLive;
    const ticks = this.cleaner.asTicks(batch);
    this.cover(ticks);
    const received = this.#deps.now();
    if (this.cleaner.clean(batch, ticks, source, isLive ? received : undefined) > 0)
      this.#refuse({ source: sourceName(feed, source), isLive, received });
    else for (let row = 0; row < batch.count; row += 1) batch.sequence[row] = row;
    if (this.#desk.isUnknown(source)) this.setSources(namedSources(feed), nowNs);
    this.#choose(nowNs);
    this.#rejects.order(batch);
    this.#isClean = true;
  }

  #choose(nowNs: number): void {
    const source = this.#source;
    const before = this.#connections.get(source);
    // Of a live feed the first connection, too: the node may have been there before.
    const isAnew = before === undefined ? this.#isLive : before !== this.#connection;
    if (before !== this.#connection) this.#connections.set(source, this.#connection);
    if (isAnew) this.#desk.sendsAgain(source, nowNs);
    const { choice } = this.#desk;
    if (choice !== this.#choice && choice !== 'none') this.#desk.begin();
    this.#choice = choice;
    this.#copies += this.#desk.chooseTrades(this.#batch, source, nowNs);
  }

  /** Good rows move to the front and keep their places as sequences. */
  #refuse(origin: { source: string; isLive: boolean; received: Time }): void {
    const batch = this.#batch;
    const { reasons } = this.cleaner;
    const from = feedOf(this.#deps.feed, this.#source);
    this.#rejects.begin();
    let kept = 0;
    for (let row = 0; row < batch.count; row += 1) {
      if (reasons[row] !== 0) {
        this.#rejects.take(batch, row, reasons[row]!, origin);
        from?.noteRefused?.('trade', row, reasons[row]!);
        continue;
      }
      if (row !== kept) copyTradeRow(batch, row, batch, kept);
      batch.sequence[kept] = row;
      kept += 1;
    }
    batch.count = kept;
  }

  setSources(sources: readonly NamedSource[], nowNs: number): void {
    this.#sources = sources;
    this.#desk.setSources(sources, nowNs);
    const known = new Set(sources.map(({ source }) => source));
    this.cleaner.keep(known);
    for (const source of this.#connections.keys())
      if (!known.has(source)) this.#connections.delete(source);
  }

  status(nowNs: number): KindStatus {
    const counts = this.#sources.map(({ source }) => countsByRule(this.cleaner.counts(source)));
    return {
      kind: 'trade',
      rowsPerSecond: this.#rate.sample(this.#appender.accepted, nowNs),
      polled: this.#polled,
      accepted: this.#appender.accepted,
      rejected: sumByRule(counts),
      copies: this.#copies,
    };
  }

  close(): void {
    this.cleaner.close();
  }
}

function arbitrated({ flags, tradeId, ...rows }: TradeBatch): ArbitratedRows {
  const id = new Float64Array(rows.count);
  for (let row = 0; row < rows.count; row += 1)
    id[row] = (flags[row]! & TradeFlags.id) === 0 ? Number.NaN : tradeId[row]!;
  return { ...rows, id };
}
