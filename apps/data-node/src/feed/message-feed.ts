// A feed of messages: opens its source, subscribes, decodes, waits when nobody polls, and when the
// source is lost or silent opens it again, later each time. Always: of one connection at a time
// anything is taken; what an older one still says is passed over, and what one says before it is
// open waits until it is, so that a recording of it gives the same rows.

import {
  addNs,
  type Clock,
  type FeedProcessView,
  errorLine,
  NdtsError,
  nsPerDay,
  nsPerMs,
  type Random,
  type TickBatch,
  type Time,
  type Timer,
  timeToMs,
  type TradeBatch,
} from '@ndts/protocol';
import { BackOff, type BackOffOptions, backOffDefault } from '@ndts/runtime';
import type { MarketDecimals } from '../book/venue-books.js';
import type { BookChangeBatch } from './batches.js';
import {
  type Feed,
  type FeedAbilities,
  type FeedReject,
  type FeedRule,
  type FeedState,
  type FeedStats,
  type FeedSymbol,
  noStats,
  type TakeHalt,
} from './feed.js';
import { allRowKinds, FeedRows, type RowKind } from './feed-rows.js';
import type {
  MessageConnection,
  MessageDecoder,
  MessageRecorder,
  MessageSource,
} from './message-source.js';

export interface MessageFeedOptions {
  readonly name: string;
  readonly abilities: FeedAbilities;
  readonly source: MessageSource;
  readonly decoder: MessageDecoder;
  readonly clock: Clock;
  readonly random: Random;
  readonly symbols: readonly FeedSymbol[];
  /** Kinds of rows that are polled; default: all. */
  readonly kinds?: readonly RowKind[];
  /** Rows of each kind that may wait; the source is told to wait at half of it. */
  readonly backlogRows?: number;
  /** A connection without a message for so long is given up; 0: never. */
  readonly silenceMs?: number;
  readonly backOff?: BackOffOptions;
  /** Larger messages are refused. */
  readonly messageBytesMax?: number;
  readonly recorder?: MessageRecorder;
  readonly bookVenue?: string | undefined;
}

const backlogRowsDefault = 65_536;
const silenceMsDefault = 30_000;
const messageBytesMaxDefault = 8 * 1024 * 1024;
/** A connection that says more before it is open is given up. */
const earlyMax = 1024;

export class MessageFeed implements Feed {
  readonly name: string;
  readonly abilities: FeedAbilities;
  readonly bookVenue?: string;
  readonly #options: MessageFeedOptions;
  readonly #rows: FeedRows;
  readonly #backOff: BackOff;
  readonly #highRows: number;
  readonly #lowRows: number;
  onRows: (() => void) | undefined;
  #state: FeedState = 'disconnected';
  #reason = '';
  #isWanted = false;
  /** Of the connection; grows with each. */
  #life = 0;
  #connection: MessageConnection | undefined;
  #opening: AbortController | undefined;
  #retry: Timer | undefined;
  #silence: Timer | undefined;
  #heardNs = 0;
  #isPaused = false;
  #isProven = false;
  #isDecoding = false;
  readonly #inbox: (() => void)[] = [];
  /** What a connection that is being opened has said. */
  #early: (() => void)[] = [];
  #polled = 0;
  #trades = 0;
  #bookRows = 0;
  #messages = 0;
  #reconnects = 0;
  #pauses = 0;

  constructor(options: MessageFeedOptions) {
    this.name = options.name;
    this.abilities = options.abilities;
    if (options.bookVenue !== undefined) this.bookVenue = options.bookVenue;
    this.#options = options;
    const capacity = options.backlogRows ?? backlogRowsDefault;
    this.#highRows = Math.ceil(capacity / 2);
    this.#lowRows = Math.floor(capacity / 8);
    const kinds = options.kinds ?? allRowKinds;
    this.#rows = new FeedRows(capacity, kinds, (gap) => this.#connection?.resync?.(gap));
    this.#rows.add(options.symbols);
    this.#backOff = new BackOff(options.random, options.backOff ?? backOffDefault);
  }

  async connect(): Promise<void> {
    if (this.#isWanted) return;
    this.#isWanted = true;
    await this.#open();
  }

  async disconnect(): Promise<void> {
    this.#isWanted = false;
    this.#state = 'disconnected';
    this.#reason = '';
    this.#rows.clear();
    await this.#letGo();
  }

  subscribe(symbols: readonly FeedSymbol[]): void {
    const fresh = this.#rows.add(symbols);
    const connection = this.#connection;
    if (fresh.length === 0 || connection === undefined) return;
    this.#options.recorder?.subscribed(fresh, this.#options.clock.now());
    connection.subscribe(fresh);
  }

  unsubscribe(symbols: readonly FeedSymbol[]): void {
    const known = this.#rows.remove(symbols);
    this.#resumeWhenLow();
    const connection = this.#connection;
    if (known.length === 0 || connection === undefined) return;
    this.#options.recorder?.unsubscribed(known, this.#options.clock.now());
    connection.unsubscribe(known);
  }

  poll(batch: TickBatch): number {
    const count = this.#rows.takeTicks(batch);
    this.#polled += count;
    this.#resumeWhenLow();
    return count;
  }

  pollTrades(batch: TradeBatch): number {
    const count = this.#rows.takeTrades(batch);
    this.#trades += count;
    this.#resumeWhenLow();
    return count;
  }

  pollBook(batch: BookChangeBatch): number {
    const count = this.#rows.takeBook(batch);
    this.#bookRows += count;
    this.#resumeWhenLow();
    return count;
  }

  resyncBook(symbols: readonly FeedSymbol[]): void {
    for (const { name } of symbols) this.#connection?.resync?.({ name, from: 0, to: 0 });
  }

  bookDecimals(symbol: number): MarketDecimals | undefined {
    return this.#options.decoder.decimals?.(symbol);
  }

  get tradesConnection(): number {
    return this.#rows.tradesConnection;
  }

  get process(): FeedProcessView | undefined {
    return this.#connection?.process;
  }

  pollHalts(take: TakeHalt): void {
    this.#rows.takeHalts(take);
  }

  stats(): FeedStats {
    const rows = this.#rows;
    return {
      ...noStats,
      state: this.#state,
      polled: this.#polled,
      skipped: rows.skipped,
      backlog: rows.backlog,
      reconnects: this.#reconnects,
      reason: this.#reason,
      trades: this.#trades,
      bookRows: this.#bookRows,
      messages: this.#messages,
      malformed: rows.malformed,
      malformedBy: { ...rows.malformedBy },
      gaps: rows.gaps,
      gapsRepaired: rows.gapsRepaired,
      pauses: this.#pauses,
      clockOffsetNs: rows.clockOffsetNs(rows.receivedNs),
    };
  }

  rejects(limit: number): readonly FeedReject[] {
    return this.#rows.rejects(limit);
  }

  /** For feeds that find something wrong beside what is decoded. */
  protected noteReject(rule: FeedRule, reason: string, what: string): void {
    this.#rows.reject(this.#options.clock.nowMs(), rule, reason, what);
  }

  async #open(): Promise<void> {
    this.#life += 1;
    const life = this.#life;
    this.#state = 'connecting';
    const opening = new AbortController();
    this.#opening = opening;
    try {
      const events = {
        message: (bytes: Uint8Array, receivedAt?: Time) => this.#hear(life, bytes, receivedAt),
        reopened: () => this.#whenOpen(life, () => this.#beginConnection()),
        closed: (reason: string) => this.#lose(life, reason),
      };
      const connection = await this.#options.source.open(events, opening.signal);
      if (life !== this.#life) await connection.close();
      else this.#use(connection);
    } catch (error) {
      if (life !== this.#life) return;
      if (isFinal(error)) {
        this.#isWanted = false;
        this.#state = 'failed';
        this.#reason = errorLine(error);
        throw error;
      }
      this.#lose(life, errorLine(error));
    }
  }

  #use(connection: MessageConnection): void {
    this.#connection = connection;
    this.#opening = undefined;
    this.#beginConnection();
    this.#isProven = false;
    this.#isPaused = false;
    this.#state = 'connected';
    this.#reason = '';
    this.#heardNs = this.#options.clock.monotonicNs();
    this.#watchSilence();
    const { names } = this.#rows;
    const { recorder, clock } = this.#options;
    recorder?.opened(clock.now());
    if (names.length > 0) recorder?.subscribed(names, clock.now());
    const early = this.#early;
    this.#early = [];
    for (const take of early) take();
    if (this.#connection !== connection) return;
    if (names.length > 0) connection.subscribe(names);
    this.#pauseWhenHigh();
  }

  #beginConnection(): void {
    this.#options.decoder.reset();
    this.#rows.beginConnection();
  }

  /** Now, or once the connection is open. */
  #whenOpen(life: number, take: () => void): void {
    if (life !== this.#life || !this.#isWanted) return;
    if (this.#connection !== undefined) take();
    else if (this.#early.length < earlyMax) this.#early.push(take);
    else this.#lose(life, `said more than ${earlyMax} messages before it was open`);
  }

  #hear(life: number, bytes: Uint8Array, receivedAt: Time | undefined): void {
    if (this.#connection !== undefined) {
      this.#receive(life, bytes, receivedAt);
      return;
    }
    const at = receivedAt ?? this.#options.clock.now();
    this.#whenOpen(life, () => this.#receive(life, bytes, at));
  }

  /** A source may answer while it is asked: one message after the other, in the order they came. */
  #receive(life: number, bytes: Uint8Array, receivedAt: Time | undefined): void {
    if (this.#isDecoding) {
      this.#inbox.push(() => this.#take(life, bytes, receivedAt));
      return;
    }
    this.#isDecoding = true;
    try {
      this.#take(life, bytes, receivedAt);
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) next();
    } finally {
      this.#isDecoding = false;
    }
  }

  #take(life: number, bytes: Uint8Array, receivedAt: Time | undefined): void {
    if (life !== this.#life || !this.#isWanted) return;
    const { clock, recorder, decoder, messageBytesMax } = this.#options;
    const rows = this.#rows;
    const nowNs = clock.monotonicNs();
    const now = receivedAt ?? addNs(clock.wallOffset, nowNs);
    this.#heardNs = nowNs;
    this.#messages += 1;
    rows.receivedAt = now;
    rows.receivedNs = now.day * nsPerDay + now.nsOfDay; // of a recording that day's, not today's
    recorder?.message(bytes, now);
    if (bytes.length > (messageBytesMax ?? messageBytesMaxDefault))
      rows.reject(timeToMs(now), 'length', `${bytes.length} bytes: too long`, bytes);
    else decoder.decode(bytes, rows);
    if (!this.#isProven) this.#backOff.reset();
    this.#isProven = true;
    this.#pauseWhenHigh();
    this.onRows?.();
  }

  dueNs(): number | undefined {
    return Number.POSITIVE_INFINITY;
  }

  /** The connection is over; the next try comes by itself. */
  #lose(life: number, reason: string): void {
    if (life !== this.#life || !this.#isWanted) return;
    this.#state = 'failed';
    this.#reason = reason;
    this.#reconnects += 1;
    void this.#letGo();
    this.#retry = this.#options.clock.setTimer(this.#backOff.nextMs(), () => {
      this.#retry = undefined;
      this.#open().catch(() => undefined); // the state and the reason say it
    });
  }

  async #letGo(): Promise<void> {
    this.#life += 1;
    this.#opening?.abort();
    this.#opening = undefined;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#silence?.cancel();
    this.#silence = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#early = [];
    this.#isPaused = false;
    await connection?.close().catch(() => undefined); // it is given up either way
  }

  #watchSilence(): void {
    const silenceMs = this.#options.silenceMs ?? silenceMsDefault;
    if (silenceMs === 0) return;
    const { clock } = this.#options;
    const life = this.#life;
    const look = (): void => {
      if (this.#isPaused) this.#heardNs = clock.monotonicNs();
      const quietMs = (clock.monotonicNs() - this.#heardNs) / nsPerMs;
      if (quietMs >= silenceMs) this.#lose(life, `silent for ${silenceMs} ms`);
      else this.#silence = clock.setTimer(silenceMs - quietMs, look);
    };
    this.#silence = clock.setTimer(silenceMs, look);
  }

  #pauseWhenHigh(): void {
    const flow = this.#connection?.flow;
    if (flow === undefined || this.#isPaused || this.#rows.fullest < this.#highRows) return;
    this.#isPaused = true;
    this.#pauses += 1;
    flow.pause();
  }

  #resumeWhenLow(): void {
    if (!this.#isPaused || this.#rows.fullest > this.#lowRows) return;
    this.#isPaused = false;
    this.#heardNs = this.#options.clock.monotonicNs();
    this.#connection?.flow?.resume();
  }
}

function isFinal(error: unknown): boolean {
  return (
    error instanceof NdtsError &&
    (error.code === 'INVALID_ARGUMENT' || error.code === 'NOT_FOUND' || error.code === 'CORRUPT')
  );
}
