// What the venue's numbers and words mean for an order. What always holds: only a number that says
// the order was refused makes it rejected; one that is not known here changes nothing and is
// logged.

import { OrderState } from '@ndts/protocol';

/** The venue lost its own servers: what is sent now may be lost. The second is also how a new
 * connection is told that they are away. */
export const serversLost: ReadonlySet<number> = new Set([1100, 2110]);
/** It is back and has forgotten what was subscribed, or has not. */
export const serversBack: ReadonlySet<number> = new Set([1101, 1102]);
/** The order was canceled, by whomever. */
export const orderCanceled = 202;
/** The number of the order was used before: numbers must be asked for again. */
export const numberUsed = 103;

/** Refusals of an order, before or by the exchange. Not those that only ignore a part of it (131),
 * refuse a change (134, 329, 440), or are about history (166). */
const refusals: ReadonlySet<number> = new Set([
  ...[103, 105, 106, 107, 109, 110, 111, 113, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125],
  ...[129, 132, 133, 138, 139, 140, 141, 142, 144, 145, 146, 147, 148, 151, 152, 153, 154, 155],
  ...[156, 157, 158, 159, 160, 163, 167, 168, 200, 201, 203, 321, 325, 328, 335, 336, 337, 355],
  ...[358, 360, 363, 382, 383, 387, 388, 391, 392, 394, 403, 405, 409, 412, 434, 435, 436, 437],
  ...[439, 442, 443, 460, 461, 463],
]);
/** By the exchange, also of an order that was taken. */
const lateRefusal = 201;
/** A cancel or a change was refused. */
const unchanged: ReadonlySet<number> = new Set([134, 136, 137, 161, 329, 440, 10_148]);

/** Before the venue works an order, and after it has stopped. */
const idle: ReadonlySet<string> = new Set(['', 'ApiPending', 'PendingSubmit', 'Inactive']);

/** `status`: the venue's last word of the order. While it works it, its other refusals are of what
 * else was asked of it, unless it stops working it: then the doubted one was of the order. */
export function meaningOf(
  code: number,
  status: string,
): 'refused' | 'doubted' | 'unchanged' | undefined {
  if (unchanged.has(code)) return 'unchanged';
  if (!refusals.has(code)) return undefined;
  return idle.has(status) || code === lateRefusal ? 'refused' : 'doubted';
}

/** Refusals that are no fault of the order: no account is named that may trade. */
const failures: ReadonlySet<number> = new Set([435, 436]);

export function isFailure(code: number): boolean {
  return failures.has(code);
}

/** About connections to market data and to history: told all day, and nothing to do. */
export function isChatter(code: number): boolean {
  return code >= 2100 && code < 2170 && !serversLost.has(code);
}

const ended: Readonly<Record<string, OrderState>> = {
  Filled: OrderState.filled,
  Cancelled: OrderState.canceled,
  ApiCancelled: OrderState.canceled,
};

/** Where an order stands by the venue's word. An inactive one may become active again: it counts
 * as open unless a refusal was told with it. */
export function stateOf(status: string, filled: bigint, refused: boolean): OrderState {
  const over = ended[status];
  const isRefused = refused && (status === 'Inactive' || over === OrderState.canceled);
  if (isRefused) return filled > 0n ? OrderState.canceled : OrderState.rejected;
  if (over !== undefined) return over;
  return filled > 0n ? OrderState.partiallyFilled : OrderState.accepted;
}
