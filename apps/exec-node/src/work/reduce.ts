// What orders that only reduce may execute. What always holds: those of a strategy, symbol and side
// together never execute more than it holds, whichever of them the market reaches first; those of
// persons reduce what the node holds, whosever it is; what persons have closed of what strategies
// hold is gone, and the orders of all strategies share what is left; what has triggered comes
// before what rests, of equals the older one; what another one still has at the venue is not sent a
// second time. What closes by its offset can do nothing else: how much there is to close bounds its
// parts.

import { OrderFlags, OrderOffset, OrderState } from '@ndts/protocol';
import { type Order, type OrderGroup, personInstance } from '../order/order.js';
import type { PositionBooks } from '../position/books.js';
import { least } from '../position/closing.js';
import type { Positions } from '../position/positions.js';

export interface Share {
  /** What of the order may be executed. */
  readonly open: bigint;
  /** What of it may be at the venue now, with what its group has there. */
  readonly room: bigint;
}

export function isReduceOnly({ terms }: Order): boolean {
  return (terms.flags & OrderFlags.reduceOnly) !== 0 && terms.offset < OrderOffset.close;
}

/** How much there is that it could reduce; not above 0: nothing. */
export function reducible(order: Order, books: PositionBooks): bigint {
  const own = ownOf(order, books);
  const left = leftByPersons(order, books);
  return left !== undefined && left < own ? left : own;
}

/** `others`: worked here in the symbol, the order among them. */
export function shareOf(order: Order, books: PositionBooks, others: Iterable<Order>): Share {
  const { open, intent } = order;
  if (!isReduceOnly(order)) return { open, room: open };
  const own = ownOf(order, books);
  if (own <= 0n) return { open: 0n, room: 0n };
  const left = leftByPersons(order, books);
  const held = bookOf(order, books)?.get(intent.symbol);
  const all = (intent.side > 0 ? held?.openBuy : held?.openSell) ?? 0n;
  // There is enough for all of them.
  if (left === undefined && all <= own) return { open: least(open, own), room: open };
  const share = restOf(order, own, claimsOf(order, others, isShared));
  if (left === undefined) return share;
  const common = restOf(order, left, claimsOf(order, others, isSharedByAll));
  return { open: least(share.open, common.open), room: least(share.room, common.room) };
}

function bookOf({ intent: { instance } }: Order, books: PositionBooks): Positions | undefined {
  return instance === personInstance ? books.all : books.strategy(instance);
}

/** What it reduces without what persons closed of it. */
function ownOf(order: Order, books: PositionBooks): bigint {
  return against(bookOf(order, books), order.intent);
}

/** Of all that strategies hold and its side reduces, what persons have not closed; undefined: they
 * have closed nothing. */
function leftByPersons({ intent }: Order, books: PositionBooks): bigint | undefined {
  const { instance, symbol, side } = intent;
  const closed = instance === personInstance ? 0n : books.closedByPersons(symbol, side);
  return closed === 0n ? undefined : books.heldAgainst(symbol, side) - closed;
}

/** What is held of the symbol on the other side. */
function against(book: Positions | undefined, { symbol, side }: Order['intent']): bigint {
  const quantity = book?.get(symbol)?.quantity ?? 0n;
  return side > 0 ? -quantity : quantity;
}

interface Claims {
  readonly before: bigint;
  readonly sent: bigint;
}

function restOf({ open }: Order, held: bigint, { before, sent }: Claims): Share {
  return { open: least(open, held - before), room: least(open, held - sent) };
}

/** Of those that share with it: what comes before it, and what is at the venue already. */
function claimsOf(
  order: Order,
  others: Iterable<Order>,
  shares: (order: Order, other: Order) => boolean,
): Claims {
  const claims = new Map<Order | OrderGroup, bigint>();
  let sent = 0n;
  for (const other of others) {
    if (!shares(order, other)) continue;
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
  const { instance } = order.intent;
  const isAmongThem = instance === personInstance || other.intent.instance === instance;
  return isAmongThem && reducesBeside(order, other);
}

/** Of what strategies hold together. */
function isSharedByAll(order: Order, other: Order): boolean {
  return other.intent.instance !== personInstance && reducesBeside(order, other);
}

function reducesBeside(order: Order, other: Order): boolean {
  if (other === order || other.closed || !isReduceOnly(other)) return false;
  if (other.group !== undefined && other.group === order.group) return false;
  return other.intent.side === order.intent.side;
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

/** It, or who shares its quantity, closed all that could be: of what it reduces less is held than
 * the least that can be closed, as where fees are taken in the coin that was bought. `held`: as
 * reducible() says. */
export function isDust(order: Order, held: bigint, least: bigint): boolean {
  const { group, entry } = order;
  if (held <= 0n || held >= least || entry?.closed === false) return false;
  const open = [...(group?.open ?? [order])].some(({ children }) => children.size > 0);
  return !open && (group?.filled ?? order.filled) > 0n;
}
