// Orders as people and other nodes see them: plain data, decimal text.

import {
  divideRound,
  type LineageView,
  moneyText,
  OrderStateNames,
  OrderTypeNames,
  type OrderView,
  parseOrderMoney,
  type ReplaceRequest,
  timeToMs,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Order } from './order.js';

export function orderView(order: Order, symbolName: string): OrderView {
  const { intent, filled } = order;
  return {
    clientOrderId: intent.clientOrderId,
    instance: intent.instance,
    ordinal: String(intent.ordinal),
    symbol: intent.symbol,
    symbolName,
    side: intent.side > 0 ? 'buy' : 'sell',
    quantity: moneyText(intent.quantity),
    filled: moneyText(filled),
    averagePrice: filled === 0n ? '0' : moneyText(divideRound(order.filledValue, filled)),
    state: OrderStateNames[order.state] ?? String(order.state),
    reason: order.reason,
    timeMs: timeToMs(order.time),
  };
}

/** All that led to an order, and what it led to. */
export function lineageView(order: Order, view: OrderView): LineageView {
  const { intent, terms } = order;
  return {
    order: view,
    type: OrderTypeNames[intent.orderType] ?? String(intent.orderType),
    account: intent.account,
    broker: intent.broker,
    parent: terms.parent,
    children: Array.from({ length: order.childCount }, (_, at) => `${order.id}.${at + 1}`),
    trades: [...order.tradeIds],
    signal: { instance: intent.instance, ordinal: String(intent.ordinal) },
    factor: { value: intent.factorValue, instance: intent.instance },
    tick: {
      shard: intent.shard,
      epoch: String(intent.epoch),
      sequence: String(intent.sequence),
      timeMs: timeToMs(intent.tickTime),
    },
  };
}

/** What a change gives, as exact numbers. */
export function moneyOf(
  to: Pick<ReplaceRequest, 'quantity' | 'limitPrice' | 'stopPrice'>,
): Partial<WorkingTerms> {
  const { quantity, limitPrice, stopPrice } = to;
  return {
    ...(quantity === undefined ? {} : { quantity: parseOrderMoney(quantity) }),
    ...(limitPrice === undefined ? {} : { limitPrice: parseOrderMoney(limitPrice) }),
    ...(stopPrice === undefined ? {} : { stopPrice: parseOrderMoney(stopPrice) }),
  };
}
