// Orders as the exec node tells of them, for the strategy that asked for them, and the other way
// round. Always: what is no order of a strategy is nothing.

import {
  type CancelRequest,
  type InstanceOrders,
  type OrderNews,
  OrderState,
  type OrderStateName,
  parseMoney,
} from '@ndts/protocol';
import type { NumberedUpdate } from '../strategy/host-protocol.js';
import type { OrdersFound } from '../strategy/order-feed.js';

/** Some venues send whole pages. */
const reasonLengthMax = 2000;

function isStateName(name: string): name is OrderStateName {
  return Object.hasOwn(OrderState, name);
}

export interface OrderOfInstance extends NumberedUpdate {
  readonly instance: number;
}

export function orderUpdate(payload: unknown): OrderOfInstance | undefined {
  const view = payload as OrderNews;
  const order = Number(view.ordinal);
  const isOne = Number.isSafeInteger(order) && Number.isSafeInteger(view.revision);
  if (!isOne || !isStateName(view.state)) return undefined;
  const update = {
    order,
    symbol: view.symbol,
    side: view.side,
    quantity: parseMoney(view.quantity),
    filled: parseMoney(view.filled),
    averagePrice: parseMoney(view.averagePrice),
    state: view.state,
    reason: view.reason.slice(0, reasonLengthMax),
  };
  return { instance: view.instance, number: view.revision, update };
}

/** The same of all that an exec node answers with. */
export function ordersFound({ revision, highest, orders }: InstanceOrders): OrdersFound {
  const updates = orders.map(orderUpdate).filter((one) => one !== undefined);
  return { revision, highest, updates: updates.map(({ number, update }) => ({ number, update })) };
}

/** An order is called after its signal; a signal has one leg. */
export function cancelRequest(instance: number, name: string, order: number): CancelRequest {
  return {
    clientOrderId: `${instance}-${order}-0`,
    actor: `strategy ${name}`,
    why: 'asked for by the strategy',
    ahead: true,
  };
}
