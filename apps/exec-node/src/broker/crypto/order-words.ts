// Orders in the words of ccxt, and what all its venues can do.

import {
  type BrokerAbilities,
  type BrokerOrderStatus,
  moneyFromFloat,
  OrderFlags,
  type OrderTerms,
  OrderType,
  TimeInForce,
  type WorkingTerms,
} from '@ndts/protocol';
import type { CcxtOrder, CcxtParams } from './ccxt-trading.js';
import { type CryptoOrder, filledOf, stateOf } from './crypto-orders.js';

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

/** Its trades may be told later than what it says it has executed. */
export function statusOf(order: CryptoOrder): BrokerOrderStatus {
  const { clientOrderId, venueOrderId, terms } = order;
  const filledQuantity = filledOf(order);
  const status = { clientOrderId, venueOrderId, state: stateOf(order), filledQuantity };
  return terms === undefined ? status : { ...status, working: terms };
}

/** `size`: units in a contract. undefined: the venue does not say. */
export function termsOf(
  { type, amount, price }: CcxtOrder,
  size: number,
): WorkingTerms | undefined {
  if (amount === undefined || amount === null || !(amount > 0)) return undefined;
  const limitPrice = type === 'limit' ? moneyFromFloat(price ?? 0) : 0n;
  return { quantity: moneyFromFloat(amount * size), limitPrice, stopPrice: 0n };
}
