// An intent in the words of the venue's client library.

import { moneyToFloat, type OrderIntent, OrderType } from '@ndts/protocol';
import type {
  Contract,
  Order,
  OrderAction,
  OrderType as IbOrderType,
  SecType,
  TimeInForce,
} from '@stoqey/ib';
import type { IbContract } from './instruments.js';

export function orderOf(intent: OrderIntent, account: string): Order {
  const isLimit = intent.orderType === OrderType.limit;
  return {
    action: (intent.side > 0 ? 'BUY' : 'SELL') as OrderAction,
    totalQuantity: moneyToFloat(intent.quantity),
    orderType: (isLimit ? 'LMT' : 'MKT') as IbOrderType,
    ...(isLimit ? { lmtPrice: moneyToFloat(intent.limitPrice) } : {}),
    tif: 'DAY' as TimeInForce,
    account,
    orderRef: intent.clientOrderId,
    transmit: true,
  };
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
