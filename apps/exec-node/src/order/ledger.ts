// The state that follows from the journal: orders, highest ordinals, positions, trading state. Live
// and at start the same functions change it, one event at a time; a test rebuilds it and compares.
// What always holds: nothing here looks at a clock, a market or a broker, and an event is applied
// only after it was found legal (live) or was journaled (at start).

import {
  decodeFill,
  decodeOperatorAction,
  decodeOrderDenied,
  decodeOrderEvent,
  decodeOrderIntent,
  decodePositionAdjusted,
  type Fill,
  MessageKind,
  messageKind,
  NdtsError,
  type OperatorAction,
  type OrderDenied,
  type OrderEvent,
  type OrderIntent,
  OrderState,
  OrderType,
  type PositionAdjusted,
  RiskReasonNames,
  type TradingStateName,
} from '@ndts/protocol';
import { Positions } from '../position/positions.js';
import { Order } from './order.js';
import { Orders, type OrdersKept } from './orders.js';
import { isFinal, nextState } from './transitions.js';

export interface LedgerCounts {
  intents: number;
  denied: number;
  fills: number;
}

/** What an operator's action says it does. */
export const tradingActions: Readonly<Record<string, TradingStateName>> = {
  halt: 'HALTED',
  reduce: 'REDUCING',
  resume: 'ACTIVE',
};

const defaultKept: OrdersKept = { orders: 4_000, denied: 1_000 };

export class Ledger {
  readonly orders: Orders;
  readonly positions = new Positions();
  readonly counts: LedgerCounts = { intents: 0, denied: 0, fills: 0 };
  readonly #highest = new Map<number, number>();
  readonly #lastTradeIds = new Map<string, string>();
  tradingState: TradingStateName = 'ACTIVE';
  /** Who set the state and why; empty while it is ACTIVE. */
  tradingReason = '';

  constructor(kept: OrdersKept = defaultKept) {
    this.orders = new Orders(kept);
  }

  /** Highest ordinal ever taken from the instance, -1 when none. */
  highest(instance: number): number {
    return this.#highest.get(instance) ?? -1;
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
      case MessageKind.OrderDenied:
        this.applyDenied(sequence, decodeOrderDenied(value));
        return;
      case MessageKind.OrderEvent:
        this.applyEvent(decodeOrderEvent(value));
        return;
      case MessageKind.Fill:
        this.applyFill(decodeFill(value));
        return;
      case MessageKind.OperatorAction:
        this.applyAction(decodeOperatorAction(value));
        return;
      case MessageKind.PositionAdjusted:
        this.applyAdjustment(decodePositionAdjusted(value));
        return;
      default:
        throw new NdtsError('CORRUPT', `journal event ${sequence} has unknown kind ${kind}`);
    }
  }

  applyIntent(sequence: number, intent: OrderIntent): Order {
    const order = new Order(intent, OrderState.intended, sequence);
    this.raise(intent.instance, intent.ordinal);
    this.counts.intents += 1;
    this.orders.add(order);
    this.#expose(order, intent.quantity);
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
    const open = order.open;
    if (event.venueOrderId !== '') order.venueOrderId = event.venueOrderId;
    if (event.reason !== '') order.reason = event.reason;
    order.time = event.time;
    const state = event.state as OrderState;
    this.orders.setState(order, state, isFinal(state));
    this.#expose(order, order.open - open);
    return order;
  }

  /** A fill of an order that is no longer in memory changes the position alone. */
  applyFill(fill: Fill): Order | undefined {
    const { symbol, side, quantity, price, fee, time } = fill;
    this.counts.fills += 1;
    this.#lastTradeIds.set(fill.venue, fill.tradeId);
    this.positions.execute(symbol, side, quantity, price, fee, time.day);
    const order = this.orders.get(fill.clientOrderId);
    if (order === undefined) return undefined;
    const open = order.open;
    order.filled += quantity;
    order.filledValue += quantity * price;
    order.tradeIds.push(fill.tradeId);
    order.time = time;
    const complete = order.filled >= order.intent.quantity;
    const state = nextState(order.state, complete ? 'complete' : 'fill');
    if (state !== 0) this.orders.setState(order, state, isFinal(state));
    this.#expose(order, order.open - open);
    return order;
  }

  applyAction(action: OperatorAction): void {
    const state = tradingActions[action.action];
    if (state === undefined) return;
    this.tradingState = state;
    this.tradingReason = state === 'ACTIVE' ? '' : `${action.actor}: ${action.why}`;
  }

  applyAdjustment(adjusted: PositionAdjusted): void {
    this.positions.adjust(adjusted.symbol, adjusted.averagePrice, adjusted.time.day);
  }

  #expose(order: Order, change: bigint): void {
    if (change === 0n) return;
    const position = this.positions.ensure(order.intent.symbol);
    if (order.intent.side > 0) position.openBuy += change;
    else position.openSell += change;
  }
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
