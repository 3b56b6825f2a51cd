// The orders in memory: every order that is not closed, and the newest closed and denied ones for
// people to see. What always holds: memory does not grow with the number of closed orders; what is
// forgotten here stays in the journal, and its ordinal and trade ids are refused for ever.

import { OrderState } from '@ndts/protocol';
import type { Order } from './order.js';

/** How many orders, and how many denied ones, stay listed. */
export interface OrdersKept {
  readonly orders: number;
  readonly denied: number;
}

const none: ReadonlySet<Order> = new Set();

/** A list of the newest n orders. */
class Newest {
  readonly #slots: (Order | undefined)[];
  #count = 0;

  constructor(capacity: number) {
    this.#slots = new Array<Order | undefined>(capacity).fill(undefined);
  }

  /** How many are in it. */
  get count(): number {
    return Math.min(this.#count, this.#slots.length);
  }

  get isFull(): boolean {
    return this.#count >= this.#slots.length;
  }

  /** Adds an order; returns the one that falls out. */
  add(order: Order): Order | undefined {
    const at = this.#count++ % this.#slots.length;
    const old = this.#slots[at];
    this.#slots[at] = order;
    return old;
  }

  /** The order added `back` additions ago; undefined: no such. */
  at(back: number): Order | undefined {
    if (back >= this.#count || back >= this.#slots.length) return undefined;
    return this.#slots[(this.#count - 1 - back) % this.#slots.length];
  }
}

export class Orders {
  readonly #byId = new Map<string, Order>();
  readonly #open = new Set<Order>();
  readonly #bySymbol = new Map<number, Set<Order>>();
  readonly #listed: Newest;
  readonly #denied: Newest;
  #unknown = 0;

  constructor(kept: OrdersKept) {
    this.#listed = new Newest(kept.orders);
    this.#denied = new Newest(kept.denied);
  }

  get(clientOrderId: string): Order | undefined {
    return this.#byId.get(clientOrderId);
  }

  /** Orders that are not closed, oldest first. */
  open(): ReadonlySet<Order> {
    return this.#open;
  }

  /** Those of one symbol. */
  openOf(symbol: number): ReadonlySet<Order> {
    return this.#bySymbol.get(symbol) ?? none;
  }

  get unknownCount(): number {
    return this.#unknown;
  }

  add(order: Order): void {
    this.#byId.set(order.intent.clientOrderId, order);
    this.#opened(order);
    this.#list(order);
  }

  /** All orders in memory, in an order in which restore() gives the same again. */
  *kept(): Generator<Order> {
    for (const order of this.#open) if (order.unlisted) yield order;
    yield* oldestFirst(this.#listed);
    yield* oldestFirst(this.#denied);
  }

  /** From a snapshot: the order as it stands. */
  restore(order: Order): void {
    if (order.state === OrderState.denied) {
      this.#denied.add(order);
      return;
    }
    if (order.state === OrderState.unknown) this.#unknown += 1;
    this.#byId.set(order.intent.clientOrderId, order);
    if (!order.closed) this.#opened(order);
    if (!order.unlisted) this.#list(order);
  }

  addDenied(order: Order): void {
    this.#denied.add(order);
  }

  /** Changes the state; a final one closes the order once and for all. */
  setState(order: Order, state: OrderState, final: boolean): void {
    if (order.state === OrderState.unknown) this.#unknown -= 1;
    order.state = state;
    if (state === OrderState.unknown) this.#unknown += 1;
    if (!final || order.closed) return;
    order.closed = true;
    order.cancelWanted = '';
    this.#open.delete(order);
    this.#bySymbol.get(order.intent.symbol)?.delete(order);
    if (order.unlisted) this.#byId.delete(order.intent.clientOrderId);
  }

  /** Whether closed or denied ones may have been let go. */
  get isFull(): boolean {
    return this.#listed.isFull || this.#denied.isFull;
  }

  /** Newest first, denied ones among them. */
  list(limit: number, symbol: number | undefined): Order[] {
    const found: Order[] = [];
    let listed = 0;
    let denied = 0;
    while (found.length < limit) {
      const a = this.#listed.at(listed);
      const b = this.#denied.at(denied);
      const newest = a !== undefined && (b === undefined || a.sequence > b.sequence) ? a : b;
      if (newest === undefined) break;
      if (newest === a) listed += 1;
      else denied += 1;
      if (symbol === undefined || newest.intent.symbol === symbol) found.push(newest);
    }
    return found;
  }

  #opened(order: Order): void {
    const { symbol } = order.intent;
    this.#open.add(order);
    const others = this.#bySymbol.get(symbol);
    if (others === undefined) this.#bySymbol.set(symbol, new Set([order]));
    else others.add(order);
  }

  #list(order: Order): void {
    const old = this.#listed.add(order);
    if (old === undefined) return;
    old.unlisted = true;
    if (old.closed) this.#byId.delete(old.intent.clientOrderId);
  }
}

function* oldestFirst(newest: Newest): Generator<Order> {
  for (let back = newest.count - 1; back >= 0; back--) {
    const order = newest.at(back);
    if (order !== undefined) yield order;
  }
}
