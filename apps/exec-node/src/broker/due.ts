// What a gateway has to tell and its duty cycle tells.

import {
  type BrokerListener,
  type BrokerOrderUpdate,
  type Fill,
  OrderState,
  type Time,
} from '@ndts/protocol';

export type Due = BrokerOrderUpdate | Fill;

export type Failure = NonNullable<BrokerOrderUpdate['failure']>;

export function updateOf(
  clientOrderId: string,
  venueOrderId: string,
  state: OrderState,
  reason: string,
  time: Time,
  failure: Failure | undefined,
  filledQuantity: bigint,
): BrokerOrderUpdate {
  const update = { clientOrderId, venueOrderId, state, reason, time, filledQuantity };
  return failure === undefined ? update : { ...update, failure };
}

/** Of an order that was never sent: definitely, and by no fault of its own. */
export function notSent(clientOrderId: string, venue: string, time: Time): BrokerOrderUpdate {
  const reason = `not sent: ${venue} is not reachable`;
  const state = OrderState.rejected;
  return { clientOrderId, venueOrderId: '', state, reason, time, failure: 'transport' };
}

/** Takes all of it and tells it in its order, or nobody; returns how many. */
export function tellDue(waiting: Due[], listener: BrokerListener | undefined): number {
  const due = waiting.splice(0);
  for (const answer of due)
    if ('tradeId' in answer) listener?.onFill(answer);
    else listener?.onOrderUpdate(answer);
  return due.length;
}
