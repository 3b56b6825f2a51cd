// What of an order that is worked here should be at the venue now. Pure functions of the order, the
// market and the time. What always holds: an order whose trigger was not reached wants nothing; the
// wanted quantity never exceeds what is open of it; a schedule only grows.

import { moneyFromFloat, nsBetween, OrderState, OrderType } from '@ndts/protocol';
import type { Order } from '../order/order.js';
import type { MarketPoint } from '../risk/market.js';

export interface Wanted {
  /** Of all its children together, not yet executed. */
  readonly quantity: bigint;
  /** OrderType of a child: market or limit. */
  readonly type: number;
  readonly limitPrice: bigint;
  /** Orders of the same group step back for it. */
  readonly urgent: boolean;
}

const nothing: Wanted = { quantity: 0n, type: OrderType.market, limitPrice: 0n, urgent: false };

/** `open`: what may be executed of it now. `lot`: slices are whole multiples of it. */
export function planOf(
  order: Order,
  open: bigint,
  point: MarketPoint,
  elapsed: number,
  lot: bigint,
): Wanted {
  const { orderType, limitPrice } = order.intent;
  switch (orderType) {
    case OrderType.stop:
    case OrderType.trailing:
    case OrderType.stopLimit:
      if (order.state !== OrderState.triggered) return nothing;
      return childOf(open, orderType === OrderType.stopLimit ? limitPrice : 0n, true);
    case OrderType.iceberg: {
      // One part at a time: the next is shown when this one is gone.
      const shown = order.children.size > 0 ? order.childrenOpen : order.terms.shown;
      return childOf(shown < open ? shown : open, limitPrice, false);
    }
    case OrderType.twap:
    case OrderType.vwap: {
      const due = dueQuantity(order, elapsed, lot) - order.filled;
      return childOf(due < 0n ? 0n : due < open ? due : open, limitPrice, false);
    }
    case OrderType.limit:
      return childOf(open, limitPrice, isTouched(order, point));
    default:
      return childOf(open, 0n, true);
  }
}

function childOf(quantity: bigint, limitPrice: bigint, urgent: boolean): Wanted {
  const type = limitPrice === 0n ? OrderType.market : OrderType.limit;
  return { quantity, type, limitPrice, urgent };
}

/** The market has reached the stop price: a buy from below, a sell from above. */
export function isTriggered(order: Order, point: MarketPoint): boolean {
  const { stopPrice } = order.terms;
  if (stopPrice <= 0n) return false;
  const last = moneyFromFloat(point.last);
  return order.intent.side > 0 ? last >= stopPrice : last <= stopPrice;
}

/** Where the stop of a trailing order belongs now; never further away than it is. */
export function trailedStop(order: Order, point: MarketPoint): bigint {
  const { stopPrice, distance } = order.terms;
  const last = moneyFromFloat(point.last);
  const { side } = order.intent;
  const follows = side > 0 ? last + distance : last - distance;
  if (stopPrice <= 0n) return follows > 0n ? follows : 1n;
  return side > 0 === follows < stopPrice ? follows : stopPrice;
}

/** How much of a schedule is due after a part of its time, 0 to 1; all of it at the end. */
export function dueQuantity(order: Order, elapsed: number, lot: bigint): bigint {
  const { quantity } = order.intent;
  const slices = Math.max(1, order.terms.slices);
  const begun = Math.min(slices, Math.floor(elapsed * slices) + 1);
  if (begun >= slices) return quantity;
  const weights = order.terms.profile === '' ? undefined : weightsOf(order.terms.profile);
  let [part, all] = [BigInt(begun), BigInt(slices)];
  if (weights !== undefined) {
    all = weights.reduce((sum, weight) => sum + weight, 0n);
    part = weights.slice(0, begun).reduce((sum, weight) => sum + weight, 0n);
  }
  const due = (quantity * part) / all;
  return due - (due % lot);
}

/** The weights of a profile; undefined: it is none. */
export function weightsOf(profile: string): bigint[] | undefined {
  const words = profile.split(',');
  if (!words.every((word) => /^\d{1,9}$/.test(word))) return undefined;
  const weights = words.map((word) => BigInt(word));
  return weights.some((weight) => weight > 0n) ? weights : undefined;
}

/** The part of its time that has passed, 0 to 1. */
export function elapsedPart(order: Order, now: { day: number; nsOfDay: number }): number {
  const whole = nsBetween(order.terms.expireTime, order.intent.time);
  if (whole <= 0) return 1;
  return Math.min(1, Math.max(0, nsBetween(now, order.intent.time) / whole));
}

/** The market has reached its limit price. */
export function isTouched(order: Order, point: MarketPoint): boolean {
  const { side, limitPrice } = order.intent;
  const touch = side > 0 ? point.ask || point.last : point.bid || point.last;
  const price = moneyFromFloat(touch);
  return side > 0 ? price <= limitPrice : price >= limitPrice;
}
