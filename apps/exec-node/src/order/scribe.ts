// The one way an event comes to be while the node lives: it is appended to the journal and applied
// to the ledger in one step, so that the two never differ. What always holds: nothing leaves the
// node because of an event before flush() wrote it.

import {
  type Clock,
  encodeDayMarked,
  encodeFill,
  encodeFillInferred,
  encodeInstrumentTerms,
  encodeOperatorAction,
  encodeOrderChange,
  encodeOrderDenied,
  encodeOrderEvent,
  encodeOrderIntent,
  encodeOrderTerms,
  encodePositionAdjusted,
  encodeRiskDayBegan,
  encodeTradingDayBegan,
  errorLine,
  type Fill,
  type FillInferred,
  type InstrumentTerms,
  nsBetween,
  type OperatorAction,
  type OrderDenied,
  type OrderIntent,
  type OrderState,
  type OrderTerms,
  type PositionAdjusted,
  type RiskDayBegan,
  type Time,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { offsetRuleOf } from '../position/exchange.js';
import { startOfTradingDay, tradingDayOf } from '../position/trading-day.js';
import { aheadMaxNs } from './inferred.js';
import type { EventJournal } from './journal.js';
import type { Ledger } from './ledger.js';
import { type Order, revise, reviseAll } from './order.js';

const retryNs = 100e6;

export class Scribe {
  readonly #journal: EventJournal;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onChange: (order: Order) => void;
  #retryAtNs = 0;
  /** Why the journal can't be written; empty when it can. */
  failure = '';
  /** By which days begin: the clock may be in doubt. */
  dayTime: (wall: Time) => Time = (wall) => wall;

  constructor(
    journal: EventJournal,
    ledger: Ledger,
    clock: Clock,
    logger: Logger,
    onChange: (order: Order) => void,
  ) {
    this.#journal = journal;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#logger = logger;
    this.#onChange = onChange;
  }

  /** `terms`: undefined for a plain order. */
  intent(intent: OrderIntent, terms?: OrderTerms): Order {
    if (terms !== undefined) {
      this.#journal.append(encodeOrderTerms(terms));
      this.#ledger.applyTerms(terms);
    }
    const sequence = this.#journal.append(encodeOrderIntent(intent));
    return this.#changed(this.#ledger.applyIntent(sequence, intent));
  }

  denied(denied: OrderDenied): void {
    const sequence = this.#journal.append(encodeOrderDenied(denied));
    this.#changed(this.#ledger.applyDenied(sequence, denied));
  }

  /** A change of state that was found legal. */
  state(order: Order, state: OrderState, venueOrderId: string, reason: string): void {
    const clientOrderId = order.intent.clientOrderId;
    const event = { clientOrderId, state, venueOrderId, reason, time: this.#clock.now() };
    const sequence = this.#journal.append(encodeOrderEvent(event));
    this.#ledger.applyEvent(event);
    revise(order, sequence);
    this.#changed(order);
  }

  /** A change of quantity or prices, at the phase it has come to. */
  change(order: Order, phase: number, terms: WorkingTerms, reason: string): void {
    const { quantity, limitPrice, stopPrice } = terms;
    const time = this.#clock.now();
    const clientOrderId = order.id;
    const change = { clientOrderId, phase, quantity, limitPrice, stopPrice, reason, time };
    const sequence = this.#journal.append(encodeOrderChange(change));
    this.#ledger.applyChange(change);
    revise(order, sequence);
    this.#changed(order);
  }

  instrument(terms: InstrumentTerms): void {
    this.#journal.append(encodeInstrumentTerms(terms));
    this.#ledger.applyInstrument(terms);
  }

  /** Begins the trading day of each exchange that has come to one by then; returns how many. */
  beginDays(wall: Time): number {
    const now = this.dayTime(wall);
    let begun = 0;
    for (const terms of this.#ledger.books.instruments())
      if (this.#beginDay(terms, now)) begun += 1;
    return begun;
  }

  /** Of the exchange of these terms, where it keeps long and short apart; false: none has. */
  #beginDay({ exchange, dayStartMinute }: InstrumentTerms, now: Time): boolean {
    if (offsetRuleOf(exchange) === undefined) return false;
    const day = tradingDayOf(now, dayStartMinute);
    if (day <= (this.#ledger.books.offsets.day(dayStartMinute) ?? -1)) return false;
    this.#tradingDay(dayStartMinute, day);
    return true;
  }

  /** Begins those again that a wrong clock began ahead of now, so that what is opened is of today;
   * returns how many. What is held stays of before: what of it is not, the venue knows. */
  correctDays(now: Time): number {
    let corrected = 0;
    for (const { dayStartMinute, day } of [...this.#ledger.books.offsets.days()]) {
      const right = tradingDayOf(now, dayStartMinute);
      if (day <= right) continue;
      this.#tradingDay(dayStartMinute, right);
      corrected += 1;
    }
    return corrected;
  }

  #tradingDay(dayStartMinute: number, day: number): void {
    const began = { dayStartMinute, day, time: startOfTradingDay(day, dayStartMinute) };
    this.#journal.append(encodeTradingDayBegan(began));
    this.#ledger.applyTradingDay(began);
  }

  /** Begins a day of the account, with what each symbol that is held is worth. */
  beginRiskDay(began: RiskDayBegan, prices: ReadonlyMap<number, bigint>): void {
    for (const [symbol, price] of prices) {
      const marked = { symbol, price };
      this.#journal.append(encodeDayMarked(marked));
      this.#ledger.applyDayMark(marked);
    }
    this.#journal.append(encodeRiskDayBegan(began));
    this.#ledger.applyRiskDay(began);
  }

  /** With a time that is no later than now: it would begin a trading day that has not begun. */
  dated(fill: Fill): Fill {
    const time = this.#clock.now();
    return nsBetween(fill.time, time) < aheadMaxNs ? fill : { ...fill, time };
  }

  /** An execution that was found new and legal, dated. The first one of a trading day begins it:
   * what it opens is of that day, also before anyone here has looked at the clock. */
  fill(fill: Fill): void {
    const terms = this.#ledger.books.instrument(fill.symbol);
    if (terms !== undefined) this.#beginDay(terms, fill.time);
    const sequence = this.#journal.appendFill(encodeFill(fill), fill.venue, fill.tradeId);
    this.#filled(this.#ledger.applyFill(fill), sequence);
  }

  /** An execution that nobody told and that the venue must have had. */
  inferred(inferred: FillInferred): void {
    const { venue, tradeId } = inferred;
    const sequence = this.#journal.appendFill(encodeFillInferred(inferred), venue, tradeId);
    this.#filled(this.#ledger.applyInferred(inferred), sequence);
  }

  #filled(order: Order | undefined, sequence: number): void {
    reviseAll(order, sequence);
    for (let one = order; one !== undefined; one = one.parent) this.#changed(one);
  }

  action(action: OperatorAction): void {
    this.#journal.append(encodeOperatorAction(action));
    this.#ledger.applyAction(action);
  }

  adjustment(adjusted: PositionAdjusted): void {
    this.#journal.append(encodePositionAdjusted(adjusted));
    this.#ledger.applyAdjustment(adjusted);
  }

  /** Writes what was appended. False: it can't be written now; it is tried again, and until then
   * nothing may leave the node. */
  flush(): boolean {
    if (this.failure !== '' && this.#clock.monotonicNs() < this.#retryAtNs) return false;
    try {
      this.#journal.flush();
      if (this.failure !== '') this.#logger.warn('the order journal can be written again');
      this.failure = '';
      return true;
    } catch (error) {
      const failure = errorLine(error);
      if (failure !== this.failure)
        this.#logger.error({ failure }, 'the order journal cannot be written; trading waits');
      this.failure = failure;
      this.#retryAtNs = this.#clock.monotonicNs() + retryNs;
      return false;
    }
  }

  #changed(order: Order): Order {
    this.#onChange(order);
    return order;
  }
}
