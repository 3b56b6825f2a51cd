// hot: no allocation after init
// Line protocol as a feed: rows of ticks and trades that come over TCP and HTTP wait here to be
// polled like those of any feed. Always: rows leave in the order of their lines; a sender waits
// while there is no room; and what was polled is settled once the next poll asks for more, since
// nobody polls while a batch is held.

import {
  CleanReasonNames,
  type Clock,
  copyTickRow,
  copyTradeRow,
  createTickBatch,
  createTradeBatch,
  NdtsError,
  type TickBatch,
  tickSchema,
  type TradeBatch,
  TradeFlags,
  tradeSchema,
} from '@ndts/protocol';
import {
  type EnsureSymbols,
  flagsOfSide,
  type LineIntake,
  type LineRefusal,
  type LineSink,
  type TableBatch,
} from '@ndts/storage';
import {
  type Feed,
  type FeedAbilities,
  type FeedReject,
  type FeedState,
  type FeedStats,
  type FeedSymbol,
  noStats,
  pollNothing,
} from './feed.js';
import type { RowKind } from './feed-rows.js';
import { LineRefusals } from './line-refusals.js';
import { RejectLog } from './reject-log.js';
import { RowQueue } from './row-queue.js';
import { Subscriptions } from './subscriptions.js';
import { tradeNumber } from './trade-number.js';

export interface LineFeedOptions {
  readonly clock: Clock;
  /** Makes ids of names; 0: it may be no symbol. */
  readonly ensure: EnsureSymbols;
  /** Kinds that are polled; lines of the others go into their tables. */
  readonly kinds: readonly RowKind[];
  /** Rows of each kind that may wait. */
  readonly capacity?: number;
  /** A sender that waited so long without anybody polling is refused. */
  readonly waitMs?: number;
}

const capacityDefault = 32_768;
const waitMsDefault = 10_000;

interface Lane<B extends TickBatch | TradeBatch> {
  readonly kind: RowKind;
  /** The sequence of a row is the intake that it came by. */
  readonly queue: RowQueue<B>;
  taken: number;
  /** Handed out by polls. */
  polled: number;
  /** Of those: stored, or refused by a rule. */
  settled: number;
}

type Lanes = readonly [Lane<TickBatch>, Lane<TradeBatch>];

export class LineFeed implements Feed, LineSink {
  readonly name = 'line';
  readonly live = true;
  readonly abilities: FeedAbilities;
  readonly tables: ReadonlySet<string>;
  readonly pollBook = pollNothing;
  readonly #options: LineFeedOptions;
  readonly #lanes: Lanes;
  readonly #rejects = new RejectLog();
  readonly #wanted = new Subscriptions();
  readonly #refusals = new LineRefusals();
  /** Whoever waits for a poll, once. */
  #waiting: (() => void)[] = [];
  onRows: (() => void) | undefined;
  #state: FeedState = 'disconnected';
  #skipped = 0;

  constructor(options: LineFeedOptions) {
    this.#options = options;
    const capacity = options.capacity ?? capacityDefault;
    const [trades, ticks] = [options.kinds.includes('trade'), options.kinds.includes('tick')];
    this.abilities = { trades, book: false, waits: true, repairs: false };
    this.tables = new Set([
      ...(ticks ? [tickSchema.name] : []),
      ...(trades ? [tradeSchema.name] : []),
    ]);
    const counts = { taken: 0, polled: 0, settled: 0 };
    this.#lanes = [
      { kind: 'tick', queue: new RowQueue(createTickBatch(capacity), copyTickRow), ...counts },
      { kind: 'trade', queue: new RowQueue(createTradeBatch(capacity), copyTradeRow), ...counts },
    ];
  }

  async connect(): Promise<void> {
    this.#state = 'connected';
  }

  async disconnect(): Promise<void> {
    this.#state = 'disconnected';
    for (const lane of this.#lanes) {
      const left = lane.queue.clear();
      this.#skipped += left;
      lane.polled += left;
      lane.settled = lane.polled;
    }
    this.#wake();
  }

  dueNs(): number {
    return Number.POSITIVE_INFINITY;
  }

  subscribe(symbols: readonly FeedSymbol[]): void {
    this.#wanted.add(symbols);
  }

  unsubscribe(symbols: readonly FeedSymbol[]): void {
    this.#wanted.remove(symbols);
    for (const { id } of symbols)
      for (const lane of this.#lanes) lane.polled += lane.queue.drop(id);
  }

  poll(batch: TickBatch): number {
    return this.#poll(this.#lanes[0], batch);
  }

  pollTrades(batch: TradeBatch): number {
    return this.#poll(this.#lanes[1], batch);
  }

  #poll<B extends TickBatch | TradeBatch>(lane: Lane<B>, batch: B): number {
    lane.settled = lane.polled;
    const count = lane.queue.take(batch);
    this.#refusals.notePolled(lane.kind, batch);
    lane.polled += count;
    if (this.#waiting.length > 0) this.#wake();
    return count;
  }

  noteRefused(kind: RowKind, place: number, reason: number): void {
    this.#refusals.note(kind, place, CleanReasonNames[reason] ?? String(reason));
  }

  open(): LineIntake {
    const { tables } = this;
    const { id, counts } = this.#refusals.open();
    return {
      tables,
      refusedBy: counts,
      ensure: (names) => this.#options.ensure(names),
      take: (table, rows) => this.take(table, rows, id),
      settled: () => this.settled(),
      refused: (refusal, words) => this.#noteLine(refusal, words),
      close: () => this.#refusals.close(id),
    };
  }

  #noteLine({ reason }: LineRefusal, words: string): void {
    const rule = reason === 'symbolName' ? 'symbol' : reason === 'length' ? reason : 'message';
    this.#rejects.note(this.#options.clock.nowMs(), rule, words, '');
  }

  /** By an intake; 0: by none that counts what is refused. */
  async take(table: string, rows: TableBatch, intake = 0): Promise<void> {
    for (let from = 0; from < rows.count; ) {
      if (this.#state !== 'connected')
        throw new NdtsError('UNAVAILABLE', 'the data node takes no lines now');
      const to =
        table === tickSchema.name
          ? this.#putTicks(rows, from, intake)
          : this.#putTrades(rows, from, intake);
      if (to < rows.count) await this.#nextPoll();
      else this.onRows?.();
      from = to;
    }
  }

  async settled(): Promise<void> {
    const goals = this.#lanes.map(({ taken }) => taken);
    const isOpen = (): boolean => this.#lanes.some(({ settled }, at) => settled < (goals[at] ?? 0));
    while (isOpen()) await this.#nextPoll();
  }

  /** @returns the row that found no room */
  #putTicks(rows: TableBatch, from: number, intake: number): number {
    const lane = this.#lanes[0];
    const { rows: ticks } = lane.queue;
    const [price, volume] = [rows.doubles('price'), rows.doubles('volume')];
    const [bid, ask] = [rows.doubles('bid1'), rows.doubles('ask1')];
    const [bidVolume, askVolume] = [rows.doubles('bid_vol1'), rows.doubles('ask_vol1')];
    const flags = rows.column('flags');
    for (let row = from; row < rows.count; row += 1) {
      if (!this.#isWanted(rows.symbol[row]!, intake)) continue;
      const at = lane.queue.claim();
      if (at < 0) return row;
      ticks.day[at] = rows.day[row]!;
      ticks.nsOfDay[at] = rows.nsOfDay[row]!;
      ticks.sequence[at] = intake;
      ticks.symbol[at] = rows.symbol[row]!;
      ticks.price[at] = price[row]!;
      ticks.volume[at] = volume[row]!;
      ticks.bid[at] = bid[row]!;
      ticks.ask[at] = ask[row]!;
      ticks.bidVolume[at] = bidVolume[row]!;
      ticks.askVolume[at] = askVolume[row]!;
      ticks.flags[at] = Number(flags[row]);
      lane.taken += 1;
    }
    return rows.count;
  }

  #putTrades(rows: TableBatch, from: number, intake: number): number {
    const lane = this.#lanes[1];
    const { rows: trades } = lane.queue;
    const [price, volume] = [rows.doubles('price'), rows.doubles('volume')];
    const side = rows.column('side');
    for (let row = from; row < rows.count; row += 1) {
      if (!this.#isWanted(rows.symbol[row]!, intake)) continue;
      const at = lane.queue.claim();
      if (at < 0) return row;
      const id = rows.isNull('trade_id', row)
        ? Number.NaN
        : tradeNumber(rows.text('trade_id', row));
      trades.day[at] = rows.day[row]!;
      trades.nsOfDay[at] = rows.nsOfDay[row]!;
      trades.sequence[at] = intake;
      trades.symbol[at] = rows.symbol[row]!;
      trades.price[at] = price[row]!;
      trades.volume[at] = volume[row]!;
      trades.tradeId[at] = Number.isNaN(id) ? 0 : id;
      trades.flags[at] = flagsOfSide(Number(side[row])) | (Number.isNaN(id) ? 0 : TradeFlags.id);
      lane.taken += 1;
    }
    return rows.count;
  }

  #isWanted(symbol: number, intake: number): boolean {
    if (this.#wanted.isAll || this.#wanted.has(symbol)) return true;
    this.#skipped += 1;
    this.#refusals.count(intake, 'unsubscribed');
    return false;
  }

  /** Rejects when nobody polls any more. */
  #nextPoll(): Promise<void> {
    const { clock, waitMs } = this.#options;
    return new Promise((resolve, reject) => {
      const limitMs = waitMs ?? waitMsDefault;
      const timer = clock.setTimer(limitMs, () =>
        reject(new NdtsError('UNAVAILABLE', `the data node took no rows for ${limitMs} ms`)),
      );
      this.#waiting.push(() => {
        timer.cancel();
        resolve();
      });
      this.onRows?.();
    });
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  stats(): FeedStats {
    const [ticks, trades] = this.#lanes;
    return {
      ...noStats,
      state: this.#state,
      polled: ticks.polled,
      trades: trades.polled,
      skipped: this.#skipped,
      backlog: ticks.queue.count + trades.queue.count,
      messages: ticks.taken + trades.taken + this.#rejects.count,
      malformed: this.#rejects.count,
      malformedBy: { ...this.#rejects.counts },
    };
  }

  rejects(limit: number): readonly FeedReject[] {
    return this.#rejects.list(limit);
  }
}
