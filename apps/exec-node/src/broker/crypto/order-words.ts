// Orders in the words of ccxt, and what all its venues can do.

import {
  type BrokerAbilities,
  type BrokerOrderStatus,
  errorLine,
  moneyScale,
  moneyText,
  moneyToFloat,
  OrderFlags,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  OrderType,
  TimeInForce,
  type WorkingTerms,
} from '@ndts/protocol';
import { venueIdOf } from './client-ids.js';
import type { CcxtOrder, CcxtParams, CcxtTrading } from './ccxt-trading.js';
import { type CryptoOrder, filledOf, stateOf } from './crypto-orders.js';
import { exactOf } from './exact.js';
import type { VenueWords } from './venue-words.js';

/** What ccxt says the same way for every venue; the rest is worked by the exec node. */
export const ccxtAbilities: BrokerAbilities = {
  orderTypes: [OrderType.market, OrderType.limit],
  timesInForce: [TimeInForce.gtc, TimeInForce.ioc, TimeInForce.fok],
  postOnly: true,
  reduceOnly: false,
  replace: false,
  offsets: false,
};

/** As createOrder takes it, behind the market. */
export type CcxtRequest = readonly [
  type: string,
  side: string,
  amount: number,
  price: number | undefined,
  params: CcxtParams,
];

/** A text says why it cannot be told there: ccxt would cut the amount off and round the price, and
 * so make another order of it. */
export function requestOf(
  intent: OrderIntent,
  terms: OrderTerms,
  exchange: CcxtTrading,
  market: string,
  words: VenueWords,
): CcxtRequest | string {
  const { clientOrderId, quantity, limitPrice } = intent;
  const isLimit = intent.orderType === OrderType.limit;
  const price = isLimit ? moneyToFloat(limitPrice) : undefined;
  let amount = 0;
  try {
    const size = exactOf(exchange.markets?.[market]?.contractSize ?? 1);
    const units = quantity * moneyScale;
    amount = moneyToFloat(units / size);
    const isWhole = units % size === 0n;
    const told = isWhole ? (exchange.amountToPrecision?.(market, amount) ?? amount) : 0;
    if (Number(told) !== amount)
      return `${market}: quantity ${moneyText(quantity)} is finer than it trades; declare its lot`;
    const limit = price === undefined ? undefined : exchange.priceToPrecision?.(market, price);
    if (limit !== undefined && Number(limit) !== price)
      return `${market}: price ${moneyText(limitPrice)} is off its ticks; declare its tick size`;
  } catch (error) {
    return errorLine(error);
  }
  const id = venueIdOf(clientOrderId);
  if (id.length > words.idMax) return `${id}: it takes ids of at most ${words.idMax} characters`;
  const params = { ...(isLimit ? paramsOf(terms) : {}), [words.sendsId]: id };
  return [isLimit ? 'limit' : 'market', intent.side > 0 ? 'buy' : 'sell', amount, price, params];
}

function paramsOf({ timeInForce, flags }: OrderTerms): CcxtParams {
  if ((flags & OrderFlags.postOnly) !== 0) return { postOnly: true };
  if (timeInForce === TimeInForce.ioc) return { timeInForce: 'IOC' };
  return timeInForce === TimeInForce.fok ? { timeInForce: 'FOK' } : {};
}

/** As it came out of no answer; `isLimbo`: and will of none. */
export function unknownStatus(clientOrderId: string, isLimbo: boolean): BrokerOrderStatus {
  const status = { clientOrderId, venueOrderId: '', state: OrderState.unknown, filledQuantity: 0n };
  return isLimbo ? { ...status, isLimbo } : status;
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
  const limitPrice = type === 'limit' ? exactOf(price ?? 0) : 0n;
  return { quantity: exactOf(amount * size), limitPrice, stopPrice: 0n };
}
