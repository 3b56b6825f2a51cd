// What the venue's numbers and words mean for an order. What always holds: only a number that says
// the order was refused makes it rejected; one that is not known here changes nothing and is
// logged.

import { OrderState } from '@ndts/protocol';

/** The venue lost its own servers: what is sent now may be lost. */
export const serversLost = 1100;
/** It is back and has forgotten what was subscribed, or has not. */
export const serversBack: ReadonlySet<number> = new Set([1101, 1102]);
/** The order was canceled, by whomever. */
export const orderCanceled = 202;
/** The number of the order was used before: numbers must be asked for again. */
export const numberUsed = 103;

/** Refusals of an order, before or by the exchange. */
const refusals: ReadonlySet<number> = new Set([
  ...[103, 105, 106, 107, 109, 110, 111, 113, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125],
  ...[129, 131, 132, 133, 134, 136, 137, 138, 139, 140, 141, 142, 144, 145, 146, 147, 148, 151],
  ...[152, 153, 154, 155, 156, 157, 158, 159, 160, 163, 164, 166, 167, 168, 200, 201, 203, 321],
  ...[325, 326, 328, 329, 335, 336, 337, 355, 358, 360, 363, 382, 383, 387, 388, 391, 392, 394],
  ...[403, 405, 409, 411, 412, 434, 435, 436, 437, 439, 440, 442, 443, 460, 461, 463],
]);

export function isRefusal(code: number): boolean {
  return refusals.has(code);
}

/** Refusals that are no fault of the order: trading is off, or the account may not trade this way
 * now. 321 is told of a read-only connection, too, but of wrong orders as well. */
const failures: ReadonlySet<number> = new Set([131, 160, 436, 437, 439, 440, 442, 443]);

export function isFailure(code: number): boolean {
  return failures.has(code);
}

/** About connections to market data and to history: told all day, and nothing to do. */
export function isChatter(code: number): boolean {
  return code >= 2100 && code < 2170;
}

const ended: Readonly<Record<string, OrderState>> = {
  Filled: OrderState.filled,
  Cancelled: OrderState.canceled,
  ApiCancelled: OrderState.canceled,
};

/** Where an order stands by the venue's word. An inactive one may become active again: it counts
 * as open unless a refusal was told with it. */
export function stateOf(status: string, filled: bigint, refused: boolean): OrderState {
  if (status === 'Inactive' && refused) return OrderState.rejected;
  const over = ended[status];
  if (over === OrderState.canceled && refused && filled === 0n) return OrderState.rejected;
  if (over !== undefined) return over;
  return filled > 0n ? OrderState.partiallyFilled : OrderState.accepted;
}
