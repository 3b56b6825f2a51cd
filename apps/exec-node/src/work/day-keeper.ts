// Begins the day of the account, from which its loss counts, and watches the clock that days go by.
// What always holds: a day begins once, whatever becomes of the clock; a clock that jumps far ahead
// begins none before a person says that it is right: days go on by the time that has passed; one
// that began by a wrong clock is set right by a person alone, and what was lost since it began
// still counts.

import {
  addNs,
  type Clock,
  NdtsError,
  nsBetween,
  nsPerSecond,
  type Time,
  timeText,
} from '@ndts/protocol';
import type { Logger, Metrics } from '@ndts/runtime';
import { aheadMaxNs } from '../order/inferred.js';
import type { Ledger } from '../order/ledger.js';
import type { Scribe } from '../order/scribe.js';
import { AccountDay } from '../position/account-day.js';
import { tradingDayOf } from '../position/trading-day.js';
import type { Market } from '../risk/market.js';

export interface DayKeeperDeps {
  readonly dayStart: string;
  readonly dayZone: string;
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly market: Market;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** How often it is looked. */
const everyNs = 1e9;
/** Less than that clocks are set by those who keep them right. */
const jumpNs = 10 * nsPerSecond;
/** Less than that begins a day so much too early; more is in doubt. */
const doubtNs = 300 * nsPerSecond;

export class DayKeeper {
  readonly #deps: DayKeeperDeps;
  readonly #day: AccountDay;
  readonly #countJump: () => void;
  #nextNs = 0;
  /** When it was last looked and the clock was not in doubt, by both clocks. */
  #seen: { readonly wall: Time; readonly ns: number } | undefined;
  /** How far it jumped ahead, which nobody has confirmed; 0: not. */
  #doubtNs = 0;
  #isToldAhead = false;

  constructor(deps: DayKeeperDeps) {
    this.#deps = deps;
    const { metrics } = deps;
    this.#day = new AccountDay(deps.dayStart, deps.dayZone);
    const jumps = metrics.counter('exec_clock_jumps_total', 'jumps of the clock of the machine');
    this.#countJump = () => jumps.inc();
    deps.scribe.dayTime = (wall) => this.#timeOf(wall);
    metrics.gauge('exec_clock_in_doubt', '1 while the clock is ahead by a jump', [], (gauge) =>
      gauge.set(this.#doubtNs === 0 ? 0 : 1),
    );
    metrics.gauge('exec_day_ahead', '1 while the day of the account is not yet', [], (gauge) =>
      gauge.set(this.ahead === '' ? 0 : 1),
    );
  }

  /** That the day began at a time that has not come: by a clock that was wrong, as this one is or
   * was. Until it comes no day begins. Empty: no. */
  get ahead(): string {
    return this.#accountAhead || this.#tradingAhead;
  }

  /** That the clock jumped ahead, or one of the above; empty: neither. */
  get trouble(): string {
    return this.#doubt || this.ahead;
  }

  get #doubt(): string {
    if (this.#doubtNs === 0) return '';
    const seconds = Math.round(this.#doubtNs / nsPerSecond);
    return (
      `the clock of the machine jumped ahead by ${seconds} s, or the machine slept: days go on ` +
      'by the time that has passed; if it is right, ndts risk day takes it, else set it right'
    );
  }

  get #accountAhead(): string {
    const { ledger, clock } = this.#deps;
    const began = ledger.riskDay?.time;
    const now = clock.now();
    if (began === undefined || this.#day.at(began) <= this.#day.at(now)) return '';
    return (
      `the day of the account began at ${timeText(began)} and it is ${timeText(now)}: no day ` +
      'begins before; if the clock is right now, ndts risk day sets the day right'
    );
  }

  /** Of an exchange that tells today's positions apart. */
  get #tradingAhead(): string {
    const { ledger, clock } = this.#deps;
    const now = clock.now();
    // A venue may be a little ahead.
    for (const { dayStartMinute, day, time } of ledger.books.offsets.days())
      if (day > tradingDayOf(addNs(now, aheadMaxNs), dayStartMinute))
        return (
          `a trading day began at ${timeText(time)} and it is ${timeText(now)}: what is opened ` +
          'counts as of before; if the clock is right now, ndts risk day sets the day right, ' +
          'then ndts reconcile --adopt what is held'
        );
    return '';
  }

  /** Takes the clock for right and sets trading days right; what is to be journaled to set that of
   * the account right. INVALID_ARGUMENT: all are. */
  correction(): { day: number; time: Time } {
    const { ledger, scribe, clock } = this.#deps;
    const time = clock.now();
    const wasInDoubt = this.#doubtNs !== 0;
    this.#doubtNs = 0;
    this.#seen = { wall: time, ns: clock.monotonicNs() };
    const corrected = scribe.correctDays(time);
    if (this.#accountAhead !== '') return { day: this.#day.at(time), time };
    const { riskDay } = ledger;
    if ((corrected > 0 || wasInDoubt) && riskDay !== undefined) return riskDay;
    throw new NdtsError('INVALID_ARGUMENT', 'the day of the account is not ahead of the clock');
  }

  /** Part of the duty cycle. True: it is time to look at days. */
  isDue(): boolean {
    const nowNs = this.#deps.clock.monotonicNs();
    if (nowNs < this.#nextNs) return false;
    this.#nextNs = nowNs + everyNs;
    return true;
  }

  /** Begins the day that has come; returns how many have. What is lost from then on is of it. */
  begin(wall: Time): number {
    const now = this.#timeOf(wall);
    const { ledger, market, scribe } = this.#deps;
    const day = this.#day.at(now);
    // The last one may have begun by another time of another zone.
    if (ledger.riskDay !== undefined && day <= this.#day.at(ledger.riskDay.time)) return 0;
    const prices = new Map<number, bigint>();
    for (const symbol of ledger.books.held()) {
      const last = market.sureMoney(symbol);
      prices.set(symbol, last > 0n ? last : ledger.books.markOf(symbol));
    }
    scribe.beginRiskDay({ day, time: now }, prices);
    return 1;
  }

  /** By which days begin: that of the clock, or what it would be without its jump. */
  #timeOf(wall: Time): Time {
    const ns = this.#deps.clock.monotonicNs();
    const seen = this.#seen ?? { wall, ns };
    const jumped = nsBetween(wall, seen.wall) - (ns - seen.ns);
    const wasInDoubt = this.#doubtNs !== 0;
    this.#doubtNs = jumped >= doubtNs ? jumped : 0;
    if (!wasInDoubt && Math.abs(jumped) >= jumpNs) this.#tell(jumped, seen.wall, wall);
    if (this.#doubtNs !== 0) return addNs(seen.wall, ns - seen.ns);
    if (wasInDoubt) this.#deps.logger.info({}, 'the clock of the machine is back');
    this.#seen = { wall, ns };
    const { ahead } = this;
    if (ahead !== '' && !this.#isToldAhead) this.#deps.logger.error(ahead);
    this.#isToldAhead = ahead !== '';
    return wall;
  }

  #tell(jumped: number, from: Time, to: Time): void {
    const { logger } = this.#deps;
    this.#countJump();
    if (this.#doubtNs !== 0) {
      logger.error(this.#doubt);
      return;
    }
    logger.warn(
      { seconds: Math.round(jumped / nsPerSecond), from: timeText(from), to: timeText(to) },
      'the clock of the machine jumped, or the machine slept; days begin by it',
    );
  }
}
