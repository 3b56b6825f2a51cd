// What an order of a backtest has beside its limit price: a stop that it waits for, and how long
// and on what conditions it works. Always: a term that the simulated venue does not have is refused
// where the order is asked for; nothing is left out silently.

import { NdtsError, nsPerDay, nsPerMs, OrderFlags, OrderType, TimeInForce } from '@ndts/protocol';
import type { SignalDraft } from '../emit/signal-writer.js';
import { isPlain } from '../strategy/order-terms.js';
import { isWithin } from './fill-model.js';

export interface SimulatedTerms {
  /** For the last price to reach the stop price; fills from the tick after that on. */
  isWaiting: boolean;
  /** 0n: no stop, or a trailing one that has seen no price. */
  stopPrice: bigint;
  /** Of a trailing stop; 0n: it stays where it is. */
  readonly distance: bigint;
  /** What the first tick that it meets does not fill is canceled. */
  readonly isImmediate: boolean;
  /** All of it at that tick, or nothing. */
  readonly isWhole: boolean;
  readonly isPostOnly: boolean;
  readonly isReduceOnly: boolean;
  /** A TimeInForce. */
  readonly timeInForce: number;
  readonly workForMs: number;
}

/** undefined: a plain order. INVALID_ARGUMENT: no backtest simulates it. */
export function simulatedTerms(draft: SignalDraft): SimulatedTerms | undefined {
  if (isPlain(draft)) return undefined;
  const { orderType, parameter, timeInForce, flags, workForMs } = draft;
  if (orderType === OrderType.iceberg) refuse('iceberg orders (shown)');
  if (orderType === OrderType.twap) refuse('TWAP orders (slices)');
  if (draft.takeProfit !== 0n || draft.stopLoss !== 0n) refuse('brackets (takeProfit, stopLoss)');
  if ((flags & OrderFlags.pair) !== 0) refuse('pairs (orStopPrice)');
  if (draft.offset !== 0) refuse('venues that keep long and short apart (offset)');
  const isTrailing = orderType === OrderType.trailing;
  return {
    isWaiting: orderType !== OrderType.market && orderType !== OrderType.limit,
    stopPrice: isTrailing ? 0n : parameter,
    distance: isTrailing ? parameter : 0n,
    isImmediate: timeInForce === TimeInForce.ioc || timeInForce === TimeInForce.fok,
    isWhole: timeInForce === TimeInForce.fok,
    isPostOnly: (flags & OrderFlags.postOnly) !== 0,
    isReduceOnly: (flags & OrderFlags.reduceOnly) !== 0,
    ...{ timeInForce, workForMs },
  };
}

/** When an order that is asked for now is over. */
export function endOf({ timeInForce, workForMs }: SimulatedTerms, nowNs: number): number {
  if (timeInForce === TimeInForce.gtd) return nowNs + workForMs * nsPerMs;
  if (timeInForce !== TimeInForce.day) return Number.POSITIVE_INFINITY;
  return (Math.floor(nowNs / nsPerDay) + 1) * nsPerDay;
}

/** A stop sees a last price: it triggers, or follows. */
export function watchPrice(terms: SimulatedTerms, side: number, price: bigint): void {
  if (price === 0n) return;
  const { stopPrice, distance } = terms;
  if (stopPrice > 0n && isWithin(-side, price, stopPrice)) {
    terms.isWaiting = false;
    return;
  }
  if (distance === 0n) return;
  const followed = side > 0 ? price + distance : price - distance;
  if (followed > 0n && (stopPrice === 0n || isWithin(side, followed, stopPrice)))
    terms.stopPrice = followed;
}

function refuse(what: string): never {
  throw new NdtsError('INVALID_ARGUMENT', `a backtest does not simulate ${what}`);
}
