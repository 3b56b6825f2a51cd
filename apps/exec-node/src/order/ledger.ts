// The state that follows from the journal: orders, highest ordinals, positions, trading state. Live
// and at start the same functions change it, one event at a time; a test rebuilds it and compares.
// What always holds: nothing here looks at a clock, a market or a broker, and an event is applied
// only after it was found legal (live) or was journaled (at start).

import {
  type DayMarked,
  decodeDayMarked,
  decodeFill,
  decodeFillInferred,
  decodeInstrumentTerms,
  decodeOperatorAction,
  decodeOrderChange,
  decodeOrderDenied,
  decodeOrderEvent,
  decodeOrderIntent,
  decodeOrderTerms,
  decodePositionAdjusted,
  decodeRiskDayBegan,
  decodeTradingDayBegan,
  type Fill,
  type FillInferred,
  type InstrumentTerms,
  MessageKind,
  messageKind,
  NdtsError,
  type OperatorAction,
  type OrderChange,
  type OrderDenied,
  type OrderEvent,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  OrderType,
  type PositionAdjusted,
  type RiskDayBegan,
  RiskReasonNames,
  type Time,
  type TradingDayBegan,
  type TradingStateName,
} from '@ndts/protocol';
import { PositionBooks } from '../position/books.js';
import type { Positions } from '../position/positions.js';
import { Controls } from '../risk/controls.js';
import { Families } from './families.js';
import { Inferred } from './inferred.js';
import { Order, personInstance, revise, reviseAll } from './order.js';
import { Orders, type OrdersKept } from './orders.js';
import { type RequestKept, Requests } from './requests.js';
import { isFinal, nextState } from './transitions.js';

export interface LedgerCounts {
  intents: number;
  denied: number;
  fills: number;
}

/** Where a change of an order stands. */
export const changePhase = { asked: 1, done: 2, refused: 3 } as const;

/** Of orders that are made here: instance, ordinal, leg, and parts. */
const ownId = /^(\d{1,9})-(\d{1,15})-\d+(?:\.\d+)*$/;
const defaultKept: OrdersKept = { orders: 4_000, denied: 1_000 };

export class Ledger {
  readonly orders: Orders;
  readonly families: Families;
  readonly books = new PositionBooks();
  readonly requests = new Requests();
  readonly inferred = new Inferred();
  readonly counts: LedgerCounts = { intents: 0, denied: 0, fills: 0 };
  readonly #highest = new Map<number, number>();
  readonly #lastTradeIds = new Map<string, string>();
  /** The day of the account; undefined: none has begun. */
  riskDay: RiskDayBegan | undefined = undefined;
  readonly #dayMarks = new Map<number, bigint>();
  /** Told right before the intent they belong to. */
  #terms: OrderTerms | undefined;
  readonly controls = new Controls();

  constructor(kept: OrdersKept = defaultKept) {
    this.orders = new Orders(kept);
    this.families = new Families(this.orders, (order, side, change) =>
      this.books.expose(order.intent, side, change),
    );
  }

  /** Of everything; a part may be stricter. */
  get tradingState(): TradingStateName {
    return this.controls.state;
  }

  /** Who set the state and why; empty while it is ACTIVE. */
  get tradingReason(): string {
    return this.controls.reason;
  }

  /** Positions of all strategies and accounts together, by symbol. */
  get positions(): Positions {
    return this.books.all;
  }

  /** Highest ordinal ever taken from the instance, -1 when none. */
  highest(instance: number): number {
    return this.#highest.get(instance) ?? -1;
  }

  /** The ordinal that the next order of a person has. */
  nextOfPersons(): number {
    return this.highest(personInstance) + 1;
  }

  /** Whether the id is one that was made here, also of an order that is long forgotten. */
  hasTaken(clientOrderId: string): boolean {
    const [, instance, ordinal] = /^(\d+)-(\d+)-\d+(?:\.\d+)*$/.exec(clientOrderId) ?? [];
    return ordinal !== undefined && Number(ordinal) <= this.highest(Number(instance));
  }

  instances(): IterableIterator<[number, number]> {
    return this.#highest.entries();
  }

  /** Venues and the id of the last execution of each. */
  venues(): IterableIterator<[string, string]> {
    return this.#lastTradeIds.entries();
  }

  /** Id of the last execution of the venue; undefined when none. */
  lastTradeId(venue: string): string | undefined {
    return this.#lastTradeIds.get(venue);
  }

  /** From a snapshot. */
  restoreTradeId(venue: string, tradeId: string): void {
    this.#lastTradeIds.set(venue, tradeId);
  }

  /** The ordinal was taken from the instance. */
  raise(instance: number, ordinal: bigint): void {
    const value = Number(ordinal);
    if (value > this.highest(instance)) this.#highest.set(instance, value);
  }

  /** Applies an encoded event of the journal. */
  applyEncoded(sequence: number, value: Uint8Array): void {
    const kind = messageKind(value);
    switch (kind) {
      case MessageKind.OrderIntent:
        this.applyIntent(sequence, decodeOrderIntent(value));
        return;
      case MessageKind.OrderTerms:
        this.applyTerms(decodeOrderTerms(value));
        return;
      case MessageKind.OrderChange:
        revise(this.applyChange(decodeOrderChange(value)), sequence);
        return;
      case MessageKind.InstrumentTerms:
        this.applyInstrument(decodeInstrumentTerms(value));
        return;
      case MessageKind.OrderDenied:
        this.applyDenied(sequence, decodeOrderDenied(value));
        return;
      case MessageKind.OrderEvent:
        revise(this.applyEvent(decodeOrderEvent(value)), sequence);
        return;
      case MessageKind.Fill:
        reviseAll(this.applyFill(decodeFill(value)), sequence);
        return;
      case MessageKind.FillInferred:
        reviseAll(this.applyInferred(decodeFillInferred(value)), sequence);
        return;
      case MessageKind.OperatorAction:
        this.applyAction(decodeOperatorAction(value));
        return;
      case MessageKind.PositionAdjusted:
        this.applyAdjustment(decodePositionAdjusted(value));
        return;
      case MessageKind.TradingDayBegan:
        this.applyTradingDay(decodeTradingDayBegan(value));
        return;
      case MessageKind.DayMarked:
        this.applyDayMark(decodeDayMarked(value));
        return;
      case MessageKind.RiskDayBegan:
        this.applyRiskDay(decodeRiskDayBegan(value));
        return;
      default:
        throw new NdtsError('CORRUPT', `journal event ${sequence} has unknown kind ${kind}`);
    }
  }

  /** Of the intent that comes next. */
  applyTerms(terms: OrderTerms): void {
    this.#terms = terms;
  }

  applyIntent(sequence: number, intent: OrderIntent): Order {
    const terms = this.#terms?.clientOrderId === intent.clientOrderId ? this.#terms : undefined;
    this.#terms = undefined;
    const state = intent.broker === '' ? OrderState.emulated : OrderState.intended;
    const order = new Order(intent, state, sequence, terms);
    this.raise(intent.instance, intent.ordinal);
    this.counts.intents += 1;
    this.orders.add(order);
    if (terms !== undefined) this.families.join(order);
    this.families.changed(order);
    return order;
  }

  applyDenied(sequence: number, denied: OrderDenied): Order {
    this.raise(denied.instance, denied.ordinal);
    this.counts.denied += 1;
    const order = new Order(intentOfDenied(denied), OrderState.denied, sequence);
    order.reason = RiskReasonNames[denied.reason] ?? String(denied.reason);
    order.closed = true;
    this.orders.addDenied(order);
    return order;
  }

  applyEvent(event: OrderEvent): Order | undefined {
    const order = this.orders.get(event.clientOrderId);
    if (order === undefined) return undefined;
    if (event.venueOrderId !== '') order.venueOrderId = event.venueOrderId;
    if (event.reason !== '') order.reason = event.reason;
    order.time = event.time;
    const state = event.state as OrderState;
    if (state === OrderState.pendingCancel) order.cancelWanted = event.reason || 'asked before';
    else if (order.state === OrderState.pendingCancel && isAnswer(event)) order.cancelWanted = '';
    this.orders.setState(order, state, isFinal(state));
    this.families.changed(order);
    return order;
  }

  /** A fill of an order that is no longer in memory changes the position, and what the order is a
   * part of. What was inferred of it before it was told goes. */
  applyFill(fill: Fill): Order | undefined {
    this.counts.fills += 1;
    this.#lastTradeIds.set(fill.venue, fill.tradeId);
    const order = this.orders.get(fill.clientOrderId);
    let [rest, quantity, value] = [fill, fill.quantity, fill.quantity * fill.price];
    for (const part of this.inferred.take(fill, order)) {
      const owner = this.inferred.isSettled(part.inferred) ? part.inferred : order?.intent;
      this.books.replace(part.inferred, part.quantity, rest, owner);
      rest = { ...rest, quantity: rest.quantity - part.quantity, fee: 0n };
      if (part.inferred.clientOrderId !== fill.clientOrderId) continue;
      quantity -= part.quantity;
      value -= part.quantity * part.inferred.price;
    }
    const { account } = this.controls.node;
    if (rest.quantity > 0n)
      this.books.execute(rest, order?.intent, order?.terms.offset ?? 0, account);
    if (order === undefined) return this.#executeForgotten(fill, quantity, value);
    order.tradeIds.push(fill.tradeId);
    this.#execute(order, quantity, value, fill.time);
    return order;
  }

  applyInferred(inferred: FillInferred): Order | undefined {
    const { clientOrderId, tradeId, quantity, price, offset, time } = inferred;
    this.inferred.note(inferred);
    this.books.execute({ ...inferred, fee: 0n }, inferred, offset);
    const order = this.orders.get(clientOrderId);
    if (order === undefined) return undefined;
    order.tradeIds.push(tradeId);
    this.#execute(order, quantity, quantity * price, time);
    return order;
  }

  applyChange(change: OrderChange): Order | undefined {
    const order = this.orders.get(change.clientOrderId);
    if (order === undefined) return undefined;
    const { phase, quantity, limitPrice, stopPrice, reason, time } = change;
    order.time = time;
    if (reason !== '') order.reason = reason;
    order.asked = phase === changePhase.asked ? { quantity, limitPrice, stopPrice } : undefined;
    // Who changes it wants it.
    if (phase === changePhase.asked) order.cancelWanted = '';
    // All that it may execute now is theirs to work; until it is over no more than it has.
    if (phase !== changePhase.refused && quantity > order.intent.quantity)
      for (const leg of order.legs)
        if (!leg.closed && leg.intent.quantity < quantity) leg.intent = { ...leg.intent, quantity };
    if (phase === changePhase.done) {
      order.intent = { ...order.intent, quantity, limitPrice };
      if (stopPrice !== order.terms.stopPrice)
        order.terms = { ...order.terms, clientOrderId: order.id, stopPrice };
    }
    if (order.asked === undefined && !order.closed && order.filled >= order.intent.quantity)
      this.orders.setState(order, OrderState.filled, true);
    this.families.changed(order);
    return order;
  }

  applyInstrument(terms: InstrumentTerms): void {
    this.books.setInstrument(terms);
  }

  /** In front of the day that begins with it. */
  applyDayMark({ symbol, price }: DayMarked): void {
    this.#dayMarks.set(symbol, price);
  }

  applyRiskDay(began: RiskDayBegan): void {
    this.riskDay = began;
    this.books.beginDay(this.#dayMarks);
    this.#dayMarks.clear();
  }

  applyTradingDay(began: TradingDayBegan): void {
    this.books.offsets.begin(began);
  }

  /** Of an order that is forgotten, or that the journal lost with its tail: its number is used up,
   * also for the strategy that may give its signal again; of a part of another one, that would
   * send what was executed once more. */
  #executeForgotten(fill: Fill, quantity: bigint, value: bigint): Order | undefined {
    const { clientOrderId, symbol, side, time } = fill;
    const [, instance, ordinal] = ownId.exec(clientOrderId) ?? [];
    if (ordinal !== undefined) this.raise(Number(instance), BigInt(ordinal));
    const [, id = '', number] = /^(.+)\.(\d{1,9})$/.exec(clientOrderId) ?? [];
    const whole = this.orders.get(id);
    if (whole?.worksHere !== true) return undefined;
    if (whole.intent.symbol !== symbol || whole.intent.side !== side) return undefined;
    whole.childCount = Math.max(whole.childCount, Number(number));
    this.#execute(whole, quantity, value, time);
    return whole;
  }

  /** What was executed counts for the order, its group, and the order it is a child of. */
  #execute(order: Order, quantity: bigint, value: bigint, time: Time): void {
    order.filled += quantity;
    order.filledValue += value;
    order.time = time;
    if (order.group !== undefined) order.group.filled += quantity;
    const complete = order.filled >= order.quantity;
    // A parent shows by its state how it works, not what it has.
    if (quantity > 0n && (complete || !order.worksHere)) {
      const state = nextState(order.state, complete ? 'complete' : 'fill');
      if (state !== 0) this.orders.setState(order, state, isFinal(state));
    }
    this.families.changed(order);
    // One that is forgotten is closed: a restart would not know it.
    const { parent } = order;
    if (parent !== undefined && this.orders.get(parent.id) === parent)
      this.#execute(parent, quantity, value, time);
  }

  applyAction(action: OperatorAction): void {
    if (action.action === 'request') this.requests.note(JSON.parse(action.detail) as RequestKept);
    else if (action.action === 'day') this.riskDay = JSON.parse(action.detail) as RiskDayBegan;
    else {
      this.controls.apply(action);
      if (action.action !== 'flat') return;
      this.books.handOver(pricesIn(action.detail));
      this.inferred.flatAt = action.time;
    }
  }

  applyAdjustment(adjusted: PositionAdjusted): void {
    this.positions.adjust(adjusted.symbol, adjusted.averagePrice);
  }
}

/** By symbol; one of before strategies were flat, too, has none. */
function pricesIn(detail: string): ReadonlyMap<number, bigint> {
  if (detail === '') return new Map();
  const { prices } = JSON.parse(detail) as { readonly prices: Readonly<Record<string, string>> };
  return new Map(Object.entries(prices).map(([symbol, price]) => [Number(symbol), BigInt(price)]));
}

/** The venue says why an order was not canceled; that it works, it may say for other reasons. */
function isAnswer({ state, reason }: OrderEvent): boolean {
  return state !== OrderState.unknown && reason !== '';
}

/** What a denied signal would have been; only what the journal keeps of it. */
function intentOfDenied(denied: OrderDenied): OrderIntent {
  return {
    clientOrderId: denied.clientOrderId,
    account: '',
    instance: denied.instance,
    ordinal: denied.ordinal,
    symbol: denied.symbol,
    side: denied.side,
    orderType: OrderType.market,
    quantity: denied.quantity,
    limitPrice: 0n,
    time: denied.time,
    tickTime: denied.time,
    shard: 0,
    epoch: 0n,
    sequence: 0n,
    factorValue: 0,
    broker: '',
  };
}
