// Orders as the exec node tells of them, for the strategy that asked for them, and the other way
// round. Always: what is no order of a strategy is nothing.

import {
  type CancelRequest,
  OrderState,
  type OrderStateName,
  type OrderView,
  parseMoney,
} from '@ndts/protocol';
import type { OrderUpdate } from '../strategy/define.js';

/** Some venues send whole pages. */
const reasonLengthMax = 2000;

function isStateName(name: string): name is OrderStateName {
  return Object.hasOwn(OrderState, name);
}

export function orderUpdate(
  payload: unknown,
): { readonly instance: number; readonly update: OrderUpdate } | undefined {
  const view = payload as OrderView;
  const order = Number(view.ordinal);
  if (!Number.isSafeInteger(order) || !isStateName(view.state)) return undefined;
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
  return { instance: view.instance, update };
}

/** An order is called after its signal; a signal has one leg. */
export function cancelRequest(instance: number, name: string, order: number): CancelRequest {
  return {
    clientOrderId: `${instance}-${order}-0`,
    actor: `strategy ${name}`,
    why: 'asked for by the strategy',
  };
}
