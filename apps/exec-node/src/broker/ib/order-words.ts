// An intent in the words of the venue's client library.

import {
  type BrokerAbilities,
  moneyFromFloat,
  moneyToFloat,
  type OrderIntent,
  type OrderTerms,
  OrderType,
  type Time,
  TimeInForce,
  timeToMs,
  type WorkingTerms,
} from '@ndts/protocol';
import type {
  Contract,
  Order,
  OrderAction,
  OrderType as IbOrderType,
  SecType,
  TimeInForce as IbTimeInForce,
} from '@stoqey/ib';
import type { IbContract } from './instruments.js';

/** What the venue does itself; the rest is worked by the exec node. */
export const ibAbilities: BrokerAbilities = {
  orderTypes: [OrderType.market, OrderType.limit, OrderType.stop, OrderType.stopLimit],
  timesInForce: [
    TimeInForce.gtc,
    TimeInForce.ioc,
    TimeInForce.fok,
    TimeInForce.gtd,
    TimeInForce.day,
  ],
  postOnly: false,
  reduceOnly: false,
  replace: false,
  offsets: false,
};

const types: Readonly<Record<number, string>> = {
  [OrderType.market]: 'MKT',
  [OrderType.limit]: 'LMT',
  [OrderType.stop]: 'STP',
  [OrderType.stopLimit]: 'STP LMT',
};

const times: Readonly<Record<number, string>> = {
  [TimeInForce.gtc]: 'GTC',
  [TimeInForce.ioc]: 'IOC',
  [TimeInForce.fok]: 'FOK',
  [TimeInForce.gtd]: 'GTD',
  [TimeInForce.day]: 'DAY',
};

export function orderOf(intent: OrderIntent, terms: OrderTerms, account: string): Order {
  const { orderType } = intent;
  const isLimit = orderType === OrderType.limit || orderType === OrderType.stopLimit;
  const isStop = orderType === OrderType.stop || orderType === OrderType.stopLimit;
  const isDated = terms.timeInForce === TimeInForce.gtd;
  return {
    action: (intent.side > 0 ? 'BUY' : 'SELL') as OrderAction,
    totalQuantity: moneyToFloat(intent.quantity),
    orderType: (types[orderType] ?? '') as IbOrderType,
    ...(isLimit ? { lmtPrice: moneyToFloat(intent.limitPrice) } : {}),
    ...(isStop ? { auxPrice: moneyToFloat(terms.stopPrice) } : {}),
    tif: (times[terms.timeInForce] ?? 'GTC') as IbTimeInForce,
    ...(isDated ? { goodTillDate: dateOf(terms.expireTime) } : {}),
    account,
    orderRef: intent.clientOrderId,
    transmit: true,
  };
}

/** What the venue says of an order; a price that its type has not is none. */
export function termsOf({ orderType, totalQuantity, lmtPrice, auxPrice }: Order): WorkingTerms {
  const type = String(orderType ?? '');
  return {
    quantity: moneyOf(totalQuantity),
    limitPrice: type.endsWith('LMT') ? moneyOf(lmtPrice) : 0n,
    stopPrice: type.startsWith('STP') ? moneyOf(auxPrice) : 0n,
  };
}

/** Where nothing is told the library writes the largest double, and the venue 2^127 - 1. */
export function moneyOf(told: number | undefined): bigint {
  return told === undefined || !(told > 0) || told > 9e9 ? 0n : moneyFromFloat(told);
}

/** `20260105-14:30:00`, which is UTC. */
function dateOf(time: Time): string {
  const [day = '', rest = ''] = new Date(timeToMs(time)).toISOString().split('T');
  return `${day.replaceAll('-', '')}-${rest.slice(0, 8)}`;
}

export function contractOf({
  conId,
  symbol,
  secType,
  exchange,
  currency,
  ...rest
}: IbContract): Contract {
  return {
    ...(conId === undefined ? {} : { conId }),
    ...{ symbol, exchange, currency, secType: secType as SecType },
    ...(rest.localSymbol === undefined ? {} : { localSymbol: rest.localSymbol }),
    ...(rest.multiplier === undefined ? {} : { multiplier: rest.multiplier }),
  };
}
