// Orders as people and other nodes see them: plain data, decimal text.

import { divideRound, moneyText, OrderStateNames, type OrderView, timeToMs } from '@ndts/protocol';
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
