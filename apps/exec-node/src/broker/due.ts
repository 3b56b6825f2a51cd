// What a gateway has to tell and its duty cycle tells.

import type { BrokerListener, BrokerOrderUpdate, Fill } from '@ndts/protocol';

export type Due = BrokerOrderUpdate | Fill;

/** Takes all of it and tells it in its order, or nobody; returns how many. */
export function tellDue(waiting: Due[], listener: BrokerListener | undefined): number {
  const due = waiting.splice(0);
  for (const answer of due)
    if ('tradeId' in answer) listener?.onFill(answer);
    else listener?.onOrderUpdate(answer);
  return due.length;
}
