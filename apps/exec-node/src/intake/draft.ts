// What a strategy or a person asks for, before it is an order: read from a signal slot, or made of
// a request. And what becomes of it: terms, and the legs of a bracket. What always holds: a draft
// that is not a whole order of its type makes none, and the answer says so before risk is asked.

import {
  addNs,
  type Clock,
  nsPerMs,
  OrderFlags,
  OrderType,
  type OrderTerms,
  plainTerms,
  type Time,
  TimeInForce,
} from '@ndts/protocol';
import { personInstance } from '../order/order.js';
import { isScheduled } from '../work/abilities.js';
import { weightsOf } from '../work/plan.js';

export interface OrderDraft {
  readonly instance: number;
  readonly ordinal: number;
  readonly symbol: number;
  readonly side: number;
  readonly orderType: number;
  readonly quantity: bigint;
  readonly limitPrice: bigint;
  /** Stop: price that triggers; trailing: distance; iceberg: quantity shown; TWAP, VWAP: slices. */
  readonly parameter: bigint;
  /** Prices of the legs of a bracket; 0: no such leg. */
  readonly takeProfit: bigint;
  readonly stopLoss: bigint;
  /** GTD, TWAP, VWAP: from the time of the draft. */
  readonly workForMs: number;
  /** 0: gtc. */
  readonly timeInForce: number;
  readonly offset: number;
  readonly flags: number;
  readonly profile: string;
  readonly time: Time;
  readonly tickTime: Time;
  readonly validForMs: number;
  readonly shard: number;
  readonly epoch: bigint;
  readonly sequence: bigint;
  readonly factorValue: number;
}

const slicesMax = 10_000n;
const scale = 100_000_000n;
const { postOnly, reduceOnly, pair } = OrderFlags;

/** Two orders of which what one executes the other can't; undefined: the draft is one order. */
export function pairOf(draft: OrderDraft): readonly [OrderDraft, OrderDraft] | undefined {
  if ((draft.flags & pair) === 0) return undefined;
  const flags = draft.flags & ~pair;
  const stops = { orderType: OrderType.stop, limitPrice: 0n, flags: flags & ~postOnly };
  return [
    { ...draft, flags, parameter: 0n },
    { ...draft, ...stops },
  ];
}

/** True when two orders may share what they execute. */
export function isPair(first: OrderDraft, second: OrderDraft): boolean {
  return [first, second].every(
    (draft) =>
      isWhole(draft) &&
      draft.symbol === first.symbol &&
      draft.quantity === first.quantity &&
      (draft.orderType === OrderType.limit ||
        draft.orderType === OrderType.stop ||
        draft.orderType === OrderType.stopLimit ||
        draft.orderType === OrderType.trailing) &&
      (draft.timeInForce <= TimeInForce.gtc || draft.timeInForce === TimeInForce.gtd) &&
      draft.takeProfit === 0n &&
      draft.stopLoss === 0n,
  );
}

/** True when type, prices and terms make one whole order. */
export function isWhole(draft: OrderDraft): boolean {
  const { side, orderType, limitPrice, parameter, workForMs, profile } = draft;
  if (side !== 1 && side !== -1) return false;
  if (limitPrice < 0n || parameter < 0n || draft.takeProfit < 0n || draft.stopLoss < 0n)
    return false;
  if (draft.timeInForce > TimeInForce.day || draft.offset > 4) return false;
  if ((draft.flags & ~(postOnly | reduceOnly)) !== 0) return false;
  const timed = workForMs > 0;
  if (draft.timeInForce === TimeInForce.gtd && !timed) return false;
  if (profile !== '' && orderType !== OrderType.vwap) return false;
  switch (orderType) {
    case OrderType.market:
      return limitPrice === 0n && parameter === 0n;
    case OrderType.limit:
      return limitPrice > 0n && parameter === 0n;
    case OrderType.stop:
    case OrderType.trailing:
      return limitPrice === 0n && parameter > 0n;
    case OrderType.stopLimit:
      return limitPrice > 0n && parameter > 0n;
    case OrderType.iceberg:
      return limitPrice > 0n && parameter > 0n && parameter < draft.quantity;
    case OrderType.twap:
      return timed && isSliceCount(parameter);
    case OrderType.vwap:
      return (
        timed && isSliceCount(parameter) && weightsOf(profile)?.length === Number(parameter / scale)
      );
    default:
      return false;
  }
}

/** The bracket's legs lie on the right sides of the price it is entered at. */
export function isBracketSound(draft: OrderDraft, price: bigint): boolean {
  const { side, takeProfit, stopLoss } = draft;
  if (takeProfit !== 0n && side > 0 !== takeProfit > price) return false;
  return stopLoss === 0n || side > 0 === stopLoss < price;
}

/** undefined: a plain order. */
export function termsOf(draft: OrderDraft, clientOrderId: string): OrderTerms | undefined {
  const { orderType, parameter } = draft;
  const plain =
    orderType <= OrderType.limit &&
    draft.timeInForce <= TimeInForce.gtc &&
    draft.flags === 0 &&
    draft.offset === 0;
  if (plain) return undefined;
  const scheduled = isScheduled(orderType);
  const stops = orderType === OrderType.stop || orderType === OrderType.stopLimit;
  const timed = scheduled || draft.timeInForce === TimeInForce.gtd;
  return {
    ...plainTerms,
    clientOrderId,
    timeInForce: draft.timeInForce === 0 ? TimeInForce.gtc : draft.timeInForce,
    flags: draft.flags,
    offset: draft.offset,
    stopPrice: stops ? parameter : 0n,
    distance: orderType === OrderType.trailing ? parameter : 0n,
    shown: orderType === OrderType.iceberg ? parameter : 0n,
    expireTime: timed ? addNs(draft.time, draft.workForMs * nsPerMs) : plainTerms.expireTime,
    slices: scheduled ? Number(parameter / scale) : 0,
    profile: draft.profile,
  };
}

export interface Leg {
  readonly orderType: number;
  readonly limitPrice: bigint;
  readonly terms: OrderTerms;
}

/** Take profit and stop loss, which only reduce what the entry has made, and share it. */
export function legsOf(draft: OrderDraft, entry: string): Leg[] {
  const legs: Leg[] = [];
  const common = { ...plainTerms, entry, group: entry, flags: reduceOnly };
  const base = entry.slice(0, entry.lastIndexOf('-'));
  if (draft.takeProfit > 0n)
    legs.push({
      ...{ orderType: OrderType.limit, limitPrice: draft.takeProfit },
      terms: { ...common, clientOrderId: `${base}-1` },
    });
  if (draft.stopLoss > 0n)
    legs.push({
      ...{ orderType: OrderType.stop, limitPrice: 0n },
      terms: { ...common, clientOrderId: `${base}-2`, stopPrice: draft.stopLoss },
    });
  return legs;
}

function isSliceCount(value: bigint): boolean {
  return value > 0n && value % scale === 0n && value / scale <= slicesMax;
}

/** A market order of a person, to be made particular. */
export function personDraft(ordinal: number, clock: Clock): OrderDraft {
  const now = clock.now();
  return {
    ...{ instance: personInstance, ordinal, symbol: 0, side: 0, orderType: OrderType.market },
    ...{ quantity: 0n, limitPrice: 0n, parameter: 0n, takeProfit: 0n, stopLoss: 0n },
    ...{ workForMs: 0, timeInForce: 0, offset: 0, flags: 0, profile: plainTerms.profile },
    ...{ time: now, tickTime: now, validForMs: 60_000, shard: 0, epoch: 0n, sequence: 0n },
    factorValue: 0,
  };
}
