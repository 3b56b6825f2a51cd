// What orders that only reduce may execute. What always holds: those of a strategy, symbol and side
// together never execute more than it holds, whichever of them the market reaches first; those of
// persons reduce what the node holds, whosever it is; what has triggered comes before what rests,
// of equals the older one; what another one still has at the venue is not sent a second time. What
// closes by its offset can do nothing else: how much there is to close bounds its parts.

import { OrderFlags, OrderOffset, OrderState } from '@ndts/protocol';
import { type Order, type OrderGroup, personInstance } from '../order/order.js';
import type { PositionBooks } from '../position/books.js';
import type { Position } from '../position/position.js';

export interface Share {
  /** What of the order may be executed. */
  readonly open: bigint;
  /** What of it may be at the venue now, with what its group has there. */
  readonly room: bigint;
}

export function isReduceOnly({ terms }: Order): boolean {
  return (terms.flags & OrderFlags.reduceOnly) !== 0 && terms.offset < OrderOffset.close;
}

/** What it reduces; undefined: there is nothing. */
export function reducedBy({ intent }: Order, books: PositionBooks): Position | undefined {
  const { instance, symbol } = intent;
  return (instance === personInstance ? books.all : books.strategy(instance))?.get(symbol);
}

/** `held`: what it reduces; `others`: worked here in the symbol, the order among them. */
export function shareOf(order: Order, held: Position | undefined, others: Iterable<Order>): Share {
  const { open } = order;
  if (!isReduceOnly(order)) return { open, room: open };
  const quantity = held?.quantity ?? 0n;
  const against = order.intent.side > 0 ? -quantity : quantity;
  if (held === undefined || against <= 0n) return { open: 0n, room: 0n };
  const all = order.intent.side > 0 ? held.openBuy : held.openSell;
  // There is enough for all of them.
  if (all <= against) return { open: least(open, against), room: open };
  const { before, sent } = claimsOf(order, others);
  return { open: least(open, against - before), room: least(open, against - sent) };
}

/** Of those that share with it: what comes before it, and what is at the venue already. */
function claimsOf(order: Order, others: Iterable<Order>): { before: bigint; sent: bigint } {
  const claims = new Map<Order | OrderGroup, bigint>();
  let sent = 0n;
  for (const other of others) {
    if (!isShared(order, other)) continue;
    sent += other.childrenOpen;
    if (!isBefore(other, order)) continue;
    const whose = other.group ?? other;
    const claim = claims.get(whose) ?? 0n;
    if (other.open > claim) claims.set(whose, other.open);
  }
  let before = 0n;
  for (const claim of claims.values()) before += claim;
  return { before, sent };
}

function isShared(order: Order, other: Order): boolean {
  const { instance, side } = order.intent;
  if (other === order || other.closed || !isReduceOnly(other)) return false;
  if (other.group !== undefined && other.group === order.group) return false;
  const isAmongThem = instance === personInstance || other.intent.instance === instance;
  return isAmongThem && other.intent.side === side;
}

function isBefore(other: Order, order: Order): boolean {
  const [theirs, ours] = [hasTriggered(other), hasTriggered(order)];
  return theirs === ours ? other.sequence < order.sequence : theirs;
}

/** It, or one that it shares its quantity with. */
function hasTriggered({ state, group }: Order): boolean {
  if (state === OrderState.triggered) return true;
  for (const other of group?.open ?? []) if (other.state === OrderState.triggered) return true;
  return false;
}

function least(a: bigint, b: bigint): bigint {
  const less = a < b ? a : b;
  return less > 0n ? less : 0n;
}
