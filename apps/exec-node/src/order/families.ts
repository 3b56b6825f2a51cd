// How orders belong together: children to their parent, legs to their entry, orders of a group to
// each other; and what of all that counts in the limits. What always holds: a child counts for
// nothing while its parent, which is open, counts for it; of a group each side counts once, the
// most that one of its orders may still execute.

import type { OrderTerms } from '@ndts/protocol';
import { type Order, OrderGroup } from './order.js';
import type { Orders } from './orders.js';

/** The open quantity of a symbol's orders of one side changed. */
export type OnExposure = (order: Order, side: number, change: bigint) => void;

export class Families {
  readonly #orders: Orders;
  readonly #onExposure: OnExposure;
  readonly #groups = new Map<string, OrderGroup>();

  constructor(orders: Orders, onExposure: OnExposure) {
    this.#orders = orders;
    this.#onExposure = onExposure;
  }

  /** A new order, or one of a snapshot, takes its place. */
  join(order: Order): void {
    const { parent, entry, group } = order.terms;
    if (parent !== '') this.#joinParent(order, parent);
    if (entry !== '') this.#joinEntry(order, entry);
    if (group !== '') {
      order.group = this.#group(group);
      if (!order.closed) order.group.open.add(order);
    }
  }

  /** After anything about the order changed: whoever depends on it follows. */
  changed(order: Order): void {
    if (order.closed) this.#leave(order);
    this.#expose(order);
    if (order.closed) for (const child of order.children) this.#expose(child);
    for (const leg of order.legs) {
      // What the entry has executed is all there will be, but for a late fill, which comes here
      // too; others had their part of it.
      const quantity = order.filled - coveredBy(order, leg.terms.group);
      if (order.closed && !leg.closed && leg.intent.quantity !== quantity)
        leg.intent = { ...leg.intent, quantity };
      this.#expose(leg);
    }
  }

  /** From a snapshot, which holds the sums already. */
  restored(order: Order, groupFilled: bigint): void {
    const { group } = order;
    if (group !== undefined) {
      group.filled = groupFilled;
      group.exposedBuy = mostOpen(group, 1);
      group.exposedSell = mostOpen(group, -1);
    } else if (counts(order)) order.exposed = order.open;
  }

  /** After the last order of a snapshot: groups of which nothing works are over. */
  settle(): void {
    for (const [name, group] of this.#groups) if (group.open.size === 0) this.#groups.delete(name);
  }

  #joinParent(order: Order, id: string): void {
    const parent = this.#orders.get(id);
    if (parent === undefined) return;
    order.parent = parent;
    const number = Number(order.id.slice(id.length + 1));
    if (number > parent.childCount) parent.childCount = number;
    if (!order.closed) parent.children.add(order);
  }

  #joinEntry(order: Order, id: string): void {
    const entry = this.#orders.get(id);
    if (entry === undefined) return;
    order.entry = entry;
    entry.legs.push(order);
  }

  #leave(order: Order): void {
    order.parent?.children.delete(order);
    const { group } = order;
    if (group === undefined || !group.open.delete(order)) return;
    if (group.open.size === 0) this.#groups.delete(group.name);
  }

  #group(name: string): OrderGroup {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new OrderGroup(name);
      this.#groups.set(name, group);
    }
    return group;
  }

  #expose(order: Order): void {
    const { group } = order;
    if (group !== undefined) {
      this.#exposeGroup(order, group);
      return;
    }
    if (!counts(order)) return;
    const change = order.open - order.exposed;
    if (change === 0n) return;
    order.exposed += change;
    this.#onExposure(order, order.intent.side, change);
  }

  #exposeGroup(order: Order, group: OrderGroup): void {
    const buy = mostOpen(group, 1) - group.exposedBuy;
    const sell = mostOpen(group, -1) - group.exposedSell;
    group.exposedBuy += buy;
    group.exposedSell += sell;
    if (buy !== 0n) this.#onExposure(order, 1, buy);
    if (sell !== 0n) this.#onExposure(order, -1, sell);
  }
}

/** The terms that say more than an intent alone; undefined: none do. */
export function unusualTerms(terms: OrderTerms | undefined): OrderTerms | undefined {
  return terms === undefined || terms.clientOrderId === '' ? undefined : terms;
}

/** How much of what the entry executed the legs of its bracket are or were for, but for those of
 * one group. There is more than one only after the entry closed: then all of them, newer than it,
 * are in memory as long as it is. */
export function coveredBy(entry: Order, except = ''): bigint {
  const bracket = entry.id.slice(0, entry.id.lastIndexOf('-') + 1);
  const groups = new Map<string, bigint>();
  for (const { terms, intent } of entry.legs) {
    const { group } = terms;
    if (group === except || !group.startsWith(bracket)) continue;
    if (intent.quantity > (groups.get(group) ?? 0n)) groups.set(group, intent.quantity);
  }
  let all = 0n;
  for (const quantity of groups.values()) all += quantity;
  return all;
}

/** A child counts itself when its parent no longer does. */
function counts({ parent }: Order): boolean {
  return parent === undefined || parent.closed;
}

function mostOpen(group: OrderGroup, side: number): bigint {
  let most = 0n;
  for (const order of group.open)
    if (order.intent.side === side && order.open > most) most = order.open;
  return most;
}
