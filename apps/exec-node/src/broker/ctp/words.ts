// Our words and those of CTP: directions, offsets, conditions, states, and which of its numbers
// say that a refusal is no fault of the order.

import {
  type BrokerAbilities,
  moneyFromFloat,
  moneyToFloat,
  type OrderIntent,
  OrderOffset,
  OrderState,
  type OrderTerms,
  OrderType,
  TimeInForce,
  type WorkingTerms,
} from '@ndts/protocol';
import type { CtpInstrument } from './settings.js';
import type { CtpOrder, CtpOrderInput } from './trader.js';

const { market, limit } = OrderType;
const { ioc, fok, day } = TimeInForce;

/** An order until canceled is for the day: none outlives its trading day there. */
export const ctpAbilities: BrokerAbilities = {
  orderTypes: [market, limit],
  timesInForce: [ioc, fok, day],
  ...{ postOnly: false, reduceOnly: false, replace: false, offsets: true },
};

/** Where an order at the market is one at the limit of the day. */
const lacksMarketOrders = new Set(['SHFE', 'INE']);
const offsets: Readonly<Record<number, string>> = {
  [OrderOffset.open]: '0',
  [OrderOffset.close]: '1',
  [OrderOffset.closeToday]: '3',
  [OrderOffset.closeYesterday]: '4',
};
const scale = 100_000_000n;

/** A text says why it can't be told there. */
export function inputOf(
  intent: OrderIntent,
  terms: OrderTerms,
  instrument: CtpInstrument,
  orderRef: string,
): CtpOrderInput | string {
  const { exchangeId, instrumentId } = instrument;
  const offset = offsets[terms.offset];
  if (offset === undefined) return `${exchangeId} wants an offset`;
  if (intent.quantity % scale !== 0n) return `${exchangeId} trades whole lots`;
  const isMarket = intent.orderType === market;
  const price = isMarket ? marketPrice(intent.side, instrument) : moneyToFloat(intent.limitPrice);
  if (price === undefined)
    return `${exchangeId} has no market orders, and no limit of the day is known`;
  const atOnce = isMarket || terms.timeInForce === ioc || terms.timeInForce === fok;
  return {
    ...{ instrumentId, exchangeId, orderRef, offset },
    direction: intent.side > 0 ? '0' : '1',
    priceType: isMarket && price === 0 ? '1' : '2',
    limitPrice: price,
    volume: Number(intent.quantity / scale),
    timeCondition: atOnce ? '1' : '3',
    volumeCondition: terms.timeInForce === fok ? '3' : '1',
  };
}

/** 0: the exchange knows orders at the market; undefined: there is no way. */
function marketPrice(side: number, { exchangeId, priceLimits }: CtpInstrument): number | undefined {
  if (!lacksMarketOrders.has(exchangeId)) return 0;
  const limits = priceLimits?.();
  return side > 0 ? limits?.upper : limits?.lower;
}

/** undefined: the exchange has not said a word of it. */
export function stateOf(order: CtpOrder): OrderState | undefined {
  switch (order.status) {
    case '0':
      return OrderState.filled;
    case '5':
      return order.submitStatus === '4' ? OrderState.rejected : OrderState.canceled;
    default:
      if (order.volumeTraded > 0) return OrderState.partiallyFilled;
      return order.orderSysId.trim() === '' ? undefined : OrderState.accepted;
  }
}

/** What the exchange works; a price that is none is not told. */
export function termsOf({ volume, limitPrice: price }: CtpOrder): WorkingTerms {
  const limitPrice = price > 0 && price < 9e9 ? moneyFromFloat(price) : 0n;
  return { quantity: BigInt(volume) * scale, limitPrice, stopPrice: 0n };
}

/** CTP: duplicate reference. Whose order has it is not said, so it refuses nothing. */
export const duplicateReference = 22;
/** Not ready yet: what was asked is asked again. */
export const needsRetry = 90;

/** No fault of the order: of log-in, settlement, front, rights, or the way to the exchange. */
const failures = new Set([4, 6, 7, 8, 9, 21, 42]);
/** A log-in with these is tried again; with others the account would be locked. */
const passing = new Set([6, 7, 8, needsRetry]);

export function isFailure(code: number): boolean {
  return failures.has(code);
}

export function mayLogInAgain(code: number): boolean {
  return passing.has(code);
}
