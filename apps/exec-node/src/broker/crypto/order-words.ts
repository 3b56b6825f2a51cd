// Orders in the words of ccxt, and what all its venues can do.

import {
  type BrokerAbilities,
  type BrokerOrderStatus,
  OrderFlags,
  type OrderTerms,
  OrderType,
  TimeInForce,
} from '@ndts/protocol';
import type { CcxtParams } from './ccxt-trading.js';
import { type CryptoOrder, stateOf } from './crypto-orders.js';

/** What ccxt says the same way for every venue; the rest is worked by the exec node. */
export const ccxtAbilities: BrokerAbilities = {
  orderTypes: [OrderType.market, OrderType.limit],
  timesInForce: [TimeInForce.gtc, TimeInForce.ioc, TimeInForce.fok],
  postOnly: true,
  reduceOnly: false,
  replace: false,
  offsets: false,
};

export function paramsOf({ timeInForce, flags }: OrderTerms): CcxtParams {
  if ((flags & OrderFlags.postOnly) !== 0) return { postOnly: true };
  if (timeInForce === TimeInForce.ioc) return { timeInForce: 'IOC' };
  return timeInForce === TimeInForce.fok ? { timeInForce: 'FOK' } : {};
}

export function statusOf(order: CryptoOrder): BrokerOrderStatus {
  const { clientOrderId, venueOrderId, filled: filledQuantity } = order;
  return { clientOrderId, venueOrderId, state: stateOf(order), filledQuantity };
}
