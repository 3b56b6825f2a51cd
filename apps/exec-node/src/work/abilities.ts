// Where an order is worked: at the venue, here by children, or nowhere. What always holds: the
// answer follows from the order and the venue's card alone; what the venue can't do and can't be
// done honestly from here is refused, never approximated: all-or-nothing, and never taking.

import {
  type BrokerAbilities,
  OrderFlags,
  OrderOffset,
  OrderType,
  type OrderTerms,
  TimeInForce,
} from '@ndts/protocol';

export type Place = 'venue' | 'here' | 'nowhere';

/** `type` is an OrderType. */
export function placeOf(type: number, terms: OrderTerms, can: BrokerAbilities): Place {
  const limited = type === OrderType.limit || type === OrderType.stopLimit || isSliced(type);
  const lacksPost = (terms.flags & OrderFlags.postOnly) !== 0 && !can.postOnly;
  if (lacksPost && limited) return 'nowhere';
  const inForce = terms.timeInForce as TimeInForce;
  const knowsTime = can.timesInForce.includes(inForce);
  const isPlainTime = inForce === TimeInForce.gtc;
  if (!knowsTime && !isWorkedTime(inForce)) return 'nowhere';
  if (terms.offset !== 0 && !can.offsets) return 'nowhere';
  if (terms.entry !== '' || terms.group !== '') return 'here';
  if (!(can.orderTypes as readonly number[]).includes(type)) return 'here';
  if (!knowsTime && !isPlainTime) return 'here';
  return restsToReduce(type, terms) && !can.reduceOnly ? 'here' : 'venue';
}

/** A limit order that may reduce more than is left by the time the market reaches it. */
function restsToReduce(type: number, { flags, offset, timeInForce }: OrderTerms): boolean {
  const { gtc, gtd } = TimeInForce;
  if (type !== OrderType.limit || (timeInForce !== gtc && timeInForce !== gtd)) return false;
  return (flags & OrderFlags.reduceOnly) !== 0 && offset < OrderOffset.close;
}

/** Worked by time or by parts. */
function isSliced(type: number): boolean {
  return type === OrderType.iceberg || isScheduled(type);
}

/** What it wants grows with time. */
export function isScheduled(type: number): boolean {
  return type === OrderType.twap || type === OrderType.vwap;
}

/** What the node's own clock and cancels can do for a venue that knows neither. */
export function isWorkedTime(inForce: number): boolean {
  const { gtc, ioc, gtd } = TimeInForce;
  return inForce === gtc || inForce === ioc || inForce === gtd;
}
