// hot: no allocation after init
// A strategy's loop in its own process: the second half of the tick path on one page. Always:
// hooks see ticks in the order of the ring, each once, and books between them; a signal leaves
// before the next hook is called. Time goes on without ticks, too, a little late so that no tick
// comes from before it: timers fire. Without ticks it spins for spinMs and then waits as `wait`
// says. Asleep it is woken by the first tick after a pause; where it only spins, that tick may be
// taken a few milliseconds late (AgentLoop).

import { nextBeatNs, nsPerDay, nsPerMs, type RingWait, type TickBatch } from '@ndts/protocol';
import { type Agent, SpinRule } from '@ndts/runtime/loop';
import type { LiveBooks } from '../source/live-books.js';
import type { LiveRows } from '../source/live-rows.js';
import type { SignalWriter } from '../emit/signal-writer.js';
import type { FactorRowWriter } from '../factor/factor-rows.js';
import type { StrategyDriver } from './driver.js';
import type { ReportMessage } from './host-protocol.js';
import type { InputJournal } from './input-journal.js';
import type { InputPositions } from './input-log.js';

/** What is read live, until the next market. */
export interface LiveMarket {
  readonly ticks: LiveRows<TickBatch>;
  /** undefined: the strategy has no use for them, or nobody takes them. */
  readonly books: LiveBooks | undefined;
}

export interface HostParts {
  readonly driver: StrategyDriver;
  /** Through which the driver gets all its inputs. */
  readonly journal: Pick<InputJournal, 'run' | 'advance' | 'bytes'>;
  readonly batch: TickBatch;
  readonly factorRows: FactorRowWriter;
  readonly signals: SignalWriter;
  /** How long a poll spins natively while there is nothing. */
  readonly spinUs: number;
  /** How long after the last tick polls still spin where ticks come often; Infinity: always. */
  readonly spinMs: number;
  /** What a poll does after that, and for how long; asleep ten times as long after a second without
   * ticks: who has something to say rings the bell. */
  readonly wait: RingWait;
  readonly waitMs: number;
  readonly reportIntervalMs: number;
  monotonicNs(): number;
  report(message: ReportMessage): void;
  /** The strategy has asked for something since the last one. */
  snapshot(): void;
  /** Ticks have come since the last one; seldom. */
  state(): void;
  /** Rows are missing: it waits until follow(). */
  behind(): void;
}

const stateNs = 10_000 * nsPerMs;
/** Who waits for what rings no bell of ticks sleeps no longer at it. */
const otherWaitUs = 1000;
/** The same where no book came for a second. */
const quietBookWaitUs = 5000;

const quietNs = 1000 * nsPerMs;
/** So much seldomer a strategy reports while nothing comes. */
const quietReports = 4;
const waitUsMax = 1_000_000;

/** A longer log is cut off at once, not at its time. */
const logBytesMax = 1 << 22;
const logTicksMax = 200_000;

/** Ticks are no later than this, or a timer that is due between them fires first. */
const silenceNs = 500 * nsPerMs;

export class StrategyHost implements Agent {
  readonly name = 'strategy';
  readonly #parts: HostParts;
  readonly #rule: SpinRule;
  #live: LiveMarket;
  /** Nothing is read, and time stands, until rows that are missing were received. */
  #isWaiting = false;
  /** Of markets before. */
  #lapped = 0;
  #nowNs: number;
  #factorRows = 0;
  #reportAtNs = 0;
  #snapshotSignals = 0;
  #stateAtNs: number;
  #stateTicks = 0;
  /** The newest tick, and when it came. */
  #day = 0;
  #nsOfDay = 0;
  #arrivedNs = Number.POSITIVE_INFINITY;

  constructor(parts: HostParts, live: LiveMarket) {
    this.#parts = parts;
    this.#live = live;
    this.#nowNs = parts.monotonicNs();
    this.#rule = new SpinRule(parts.spinMs, this.#nowNs);
    this.#stateAtNs = this.#nowNs + stateNs;
  }

  doWork(): number {
    if (this.#isWaiting) {
      const nowNs = this.#parts.monotonicNs();
      if (nowNs >= this.#reportAtNs) this.#report(nowNs);
      return 0;
    }
    return this.#work();
  }

  #work(): number {
    const { journal, batch } = this.#parts;
    const { books } = this.#live;
    const rows = this.#pollTicks();
    const bookRows = books === undefined ? 0 : this.#pollBooks(books);
    if (this.#live.ticks.isBehind || books?.isBehind === true) {
      // The books that were read meanwhile are not taken: they come again.
      if (rows > 0) journal.run(batch);
      this.#wait();
      return 0;
    }
    if (rows > 0 || bookRows > 0) journal.run(batch, books);
    // After the hooks: a signal is in a hurry, a factor row is not.
    if (rows > 0) this.#publishFactors(batch);
    const nowNs = this.#parts.monotonicNs();
    this.#nowNs = nowNs;
    if (rows + bookRows > 0) this.#reportSoon(nowNs);
    if (rows > 0) this.#noteTick(batch, nowNs);
    else if (bookRows === 0) this.#advance(nowNs);
    books?.endRound();
    if (nowNs >= this.#reportAtNs) this.#report(nowNs);
    return rows + bookRows;
  }

  /** Who published ends: what is there is received, then it waits. Once is enough. */
  leave(): void {
    if (this.#isWaiting) return;
    while (this.#work() > 0);
    if (!this.#isWaiting) this.#wait();
  }

  /** By shard: rows that were not received yet. */
  positions(): InputPositions {
    const { ticks, books } = this.#live;
    return { ticks: ticks.positions(), books: books?.positions() ?? [] };
  }

  /** Rows that were missing were received; it goes on here. */
  follow(live: LiveMarket): void {
    const { ticks, books } = this.#live;
    this.#lapped += ticks.lapped();
    ticks.close();
    books?.close();
    this.#live = live;
    this.#isWaiting = false;
    this.#arrivedNs = this.#parts.monotonicNs();
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#parts.behind();
  }

  #pollTicks(): number {
    const { batch, spinUs, wait } = this.#parts;
    const { ticks, books } = this.#live;
    if (books?.isWaiting === true) return ticks.waitPoll(batch, 0);
    if (this.#rule.spins(this.#nowNs)) return ticks.waitPoll(batch, spinUs);
    return ticks.waitPoll(batch, 0, wait, this.#waitUs());
  }

  #waitUs(): number {
    const { wait, waitMs } = this.#parts;
    const { ticks, books } = this.#live;
    const isLong = wait === 'sleep' && this.#nowNs - this.#rule.lastNs > quietNs;
    // A book rings no bell of ticks, nor does a watermark.
    if (ticks.isHolding) return Math.min(waitMs * 1000, otherWaitUs);
    if (books !== undefined) return Math.min(waitMs * 1000, isLong ? quietBookWaitUs : otherWaitUs);
    return Math.min(waitUsMax, waitMs * (isLong ? 10_000 : 1000));
  }

  /** How many there are, with those that have waited for this round. */
  #pollBooks(books: LiveBooks): number {
    const waiting = books.isWaiting ? 1 : 0;
    const fresh = books.poll();
    if (fresh > 0) this.#rule.note(this.#nowNs);
    return waiting + fresh;
  }

  #noteTick(batch: TickBatch, nowNs: number): void {
    this.#rule.note(nowNs);
    this.#day = batch.day[batch.count - 1]!;
    this.#nsOfDay = batch.nsOfDay[batch.count - 1]!;
    this.#arrivedNs = nowNs;
  }

  /** By what has passed since the newest tick, so that ticks of any time have timers. */
  #advance(nowNs: number): void {
    const passedNs = nowNs - this.#arrivedNs - silenceNs;
    if (!(passedNs > 0)) return;
    const nsOfDay = this.#nsOfDay + passedNs;
    const days = Math.floor(nsOfDay / nsPerDay);
    this.#parts.journal.advance(this.#day + days, nsOfDay - days * nsPerDay);
  }

  #publishFactors(batch: TickBatch): void {
    const { driver, factorRows } = this.#parts;
    const { factors } = driver.plan;
    for (let index = 0; index < factors.length; index += 1) {
      const { id, cursor, firsts } = factors[index]!;
      factorRows.publish(batch, id, cursor.columns, firsts);
      this.#factorRows += batch.count;
    }
  }

  #reportSoon(nowNs: number): void {
    this.#reportAtNs = Math.min(this.#reportAtNs, nowNs + this.#parts.reportIntervalMs * nsPerMs);
  }

  #report(nowNs: number): void {
    const { driver, signals, reportIntervalMs } = this.#parts;
    const isQuiet = nowNs - this.#rule.lastNs > quietNs;
    const everyNs = reportIntervalMs * nsPerMs * (isQuiet ? quietReports : 1);
    this.#reportAtNs = nextBeatNs(nowNs, everyNs);
    this.#parts.report({
      type: 'report',
      ticks: driver.ticks,
      signals: signals.count,
      factorRows: this.#factorRows,
      lapped: this.#lapped + this.#live.ticks.lapped(),
      latency: signals.latency.snapshot(),
    });
    const isFull =
      this.#parts.journal.bytes > logBytesMax || driver.ticks - this.#stateTicks > logTicksMax;
    const isDue = (isFull || nowNs >= this.#stateAtNs) && driver.ticks > this.#stateTicks;
    if (isDue && !this.#isWaiting) {
      this.#stateAtNs = nowNs + stateNs;
      this.#stateTicks = driver.ticks;
      this.#parts.state();
    }
    if (signals.count === this.#snapshotSignals) return;
    this.#snapshotSignals = signals.count;
    this.#parts.snapshot();
  }
}
