// Whether the venue works an order as the journal has it: somebody may have changed it there by
// hand. What always holds: what the venue does not tell is no difference, nor is an order of which
// a change is on its way or fills are still to come.

import { type BrokerOrderStatus, moneyText, OrderState, type WorkingTerms } from '@ndts/protocol';
import type { Order } from '../order/order.js';
import { isFinal } from '../order/transitions.js';

/** As the journal has it. */
export function termsOf({ intent, terms }: Order): WorkingTerms {
  const { quantity, limitPrice } = intent;
  return { quantity, limitPrice, stopPrice: terms.stopPrice };
}

/** What the order is at the venue, where that is something else; undefined: it is not. */
export function changedTerms(order: Order, status: BrokerOrderStatus): WorkingTerms | undefined {
  const { closed, asked, filled } = order;
  const { state, working, filledQuantity } = status;
  if (closed || asked !== undefined || filled !== filledQuantity) return undefined;
  const isFilled = state === OrderState.filled;
  if (isFinal(state) && !isFilled) return undefined;
  // What it executed is not told yet.
  if (isFilled && filledQuantity === 0n) return undefined;
  const ours = termsOf(order);
  // One that is filled was for no more.
  const quantity = isFilled ? filledQuantity : told(working?.quantity, ours.quantity);
  const theirs = {
    quantity,
    limitPrice: price(working?.limitPrice, ours.limitPrice),
    stopPrice: price(working?.stopPrice, ours.stopPrice),
  };
  return isSame(ours, theirs) ? undefined : theirs;
}

export function isSame(a: WorkingTerms, b: WorkingTerms): boolean {
  return a.quantity === b.quantity && a.limitPrice === b.limitPrice && a.stopPrice === b.stopPrice;
}

/** For people: `2 at 99, stop 101`. */
export function termsText({ quantity, limitPrice, stopPrice }: WorkingTerms): string {
  const limit = limitPrice > 0n ? ` at ${moneyText(limitPrice)}` : '';
  const stop = stopPrice > 0n ? `, stop ${moneyText(stopPrice)}` : '';
  return `${moneyText(quantity)}${limit}${stop}`;
}

function told(theirs: bigint | undefined, ours: bigint): bigint {
  return theirs === undefined || theirs === 0n ? ours : theirs;
}

/** A market order is sent to some venues with a price that is none of ours. */
function price(theirs: bigint | undefined, ours: bigint): bigint {
  return ours === 0n ? 0n : told(theirs, ours);
}
