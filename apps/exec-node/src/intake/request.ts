// An order a person asks for, as the draft it is. What always holds: what is no number or no known
// word, or of another type than the order's, is INVALID_ARGUMENT, with what was expected; whether
// it makes a whole order is judged where every draft is.

import {
  NdtsError,
  OrderFlags,
  OrderOffset,
  OrderType,
  type OtherOrder,
  parseOrderMoney,
  type SubmitRequest,
  TimeInForce,
} from '@ndts/protocol';
import type { OrderDraft } from './draft.js';

/** What each type has beside a limit price; a draft has room for one of them. */
export const parameterNames = ['stopPrice', 'distance', 'shown', 'slices'] as const;
const parameterOf: Readonly<Partial<Record<string, (typeof parameterNames)[number]>>> = {
  ...{ stop: 'stopPrice', stopLimit: 'stopPrice', trailing: 'distance', iceberg: 'shown' },
  ...{ twap: 'slices', vwap: 'slices' },
};

/** `plain`: a market order of the person, with its ordinal and time. */
export function draftOf(request: SubmitRequest, plain: OrderDraft): OrderDraft {
  const { symbol, side, quantity, limitPrice } = request;
  const type = request.type ?? (limitPrice === undefined ? 'market' : 'limit');
  return {
    ...plain,
    ...{ symbol, side: side === 'buy' ? 1 : -1, quantity: parseOrderMoney(quantity) },
    orderType: numberOf('order type', OrderType, type),
    limitPrice: parseOrderMoney(limitPrice ?? '0'),
    parameter: parameterIn(request, type),
    takeProfit: parseOrderMoney(request.takeProfit ?? '0'),
    stopLoss: parseOrderMoney(request.stopLoss ?? '0'),
    workForMs: request.workForMs ?? 0,
    timeInForce: numberOf('time in force', TimeInForce, request.timeInForce ?? 'gtc'),
    offset: request.offset === undefined ? 0 : numberOf('offset', OrderOffset, request.offset),
    flags:
      (request.postOnly === true ? OrderFlags.postOnly : 0) |
      (request.reduceOnly === true ? OrderFlags.reduceOnly : 0),
    profile: request.profile ?? '',
  };
}

/** The other order of a pair; undefined: there is none. What it does not say is as in the first. */
export function otherDraftOf(request: SubmitRequest, plain: OrderDraft): OrderDraft | undefined {
  const { other, symbol, side, quantity, reduceOnly, timeInForce, workForMs, offset } = request;
  if (other === undefined) return undefined;
  const shared = { reduceOnly, timeInForce, workForMs, offset };
  const given = Object.entries(shared).filter(([, value]) => value !== undefined);
  const own = { type: typeOf(other), ...Object.fromEntries(given), ...other };
  return draftOf({ symbol, side, quantity, ...own }, plain);
}

/** What the prices of an order say it is. */
function typeOf({ limitPrice, stopPrice, distance }: OtherOrder): string {
  if (distance !== undefined) return 'trailing';
  if (stopPrice === undefined) return 'limit';
  return limitPrice === undefined ? 'stop' : 'stopLimit';
}

function parameterIn(request: SubmitRequest, type: string): bigint {
  const own = parameterOf[type];
  for (const name of parameterNames)
    if (name !== own && request[name] !== undefined)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `order of type ${type}: expected ${own === undefined ? 'no' : `${own}, not`} ${name}`,
      );
  return parseOrderMoney(String((own === undefined ? undefined : request[own]) ?? '0'));
}

function numberOf(what: string, names: Readonly<Record<string, number>>, name: string): number {
  const number = Object.hasOwn(names, name) ? names[name] : undefined;
  if (number === undefined)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${what}: expected one of ${Object.keys(names).join(', ')}, found '${name}'`,
    );
  return number;
}
