// An order a person asks for, as the draft it is. What always holds: what is no number or no known
// word is INVALID_ARGUMENT, with what was expected; whether it makes a whole order is judged where
// every draft is.

import {
  NdtsError,
  OrderFlags,
  OrderType,
  parseMoney,
  type SubmitRequest,
  TimeInForce,
} from '@ndts/protocol';
import type { OrderDraft } from './draft.js';

/** `plain`: a market order of the person, with its ordinal and time. */
export function draftOf(request: SubmitRequest, plain: OrderDraft): OrderDraft {
  const { symbol, side, quantity, limitPrice, slices } = request;
  const usual = limitPrice === undefined ? 'market' : 'limit';
  const parameter =
    slices === undefined
      ? (request.stopPrice ?? request.distance ?? request.shown ?? '0')
      : String(slices);
  return {
    ...plain,
    ...{ symbol, side: side === 'buy' ? 1 : -1, quantity: parseMoney(quantity) },
    orderType: numberOf('order type', OrderType, request.type ?? usual),
    limitPrice: parseMoney(limitPrice ?? '0'),
    parameter: parseMoney(parameter),
    takeProfit: parseMoney(request.takeProfit ?? '0'),
    stopLoss: parseMoney(request.stopLoss ?? '0'),
    workForMs: request.workForMs ?? 0,
    timeInForce: numberOf('time in force', TimeInForce, request.timeInForce ?? 'gtc'),
    flags:
      (request.postOnly === true ? OrderFlags.postOnly : 0) |
      (request.reduceOnly === true ? OrderFlags.reduceOnly : 0),
    profile: request.profile ?? '',
  };
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
