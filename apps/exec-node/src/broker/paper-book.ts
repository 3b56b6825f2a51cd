// What the simulated venue knows: every order it ever received, what was executed, what is held. It
// is a fold of the record, by arithmetic of its own, so that it can contradict the exec node. What
// always holds: an id, once received, is known for ever.

import { type BrokerPosition, divideRound, type Fill, OrderState, OrderType } from '@ndts/protocol';
import type { RecordEntry, RecordedFill, RecordedOrder } from './paper-record.js';

export const paperVenue = 'paper';

export interface VenueOrder {
  readonly id: string;
  readonly venueOrderId: string;
  readonly symbol: number;
  readonly side: number;
  readonly type: number;
  readonly quantity: bigint;
  readonly limitPrice: bigint;
  filled: bigint;
  state: OrderState;
}

interface Holding {
  quantity: bigint;
  averagePrice: bigint;
}

/** How many fills are answered from memory; older ones are read from the record. */
const recentFills = 2048;

export class PaperBook {
  readonly #orders = new Map<string, VenueOrder>();
  readonly #working = new Map<number, Set<VenueOrder>>();
  readonly #holdings = new Map<number, Holding>();
  #recent: Fill[] = [];
  #orderNumber = 0;
  #fillNumber = 0;

  order(id: string): VenueOrder | undefined {
    return this.#orders.get(id);
  }

  working(symbol: number): ReadonlySet<VenueOrder> | undefined {
    return this.#working.get(symbol);
  }

  allWorking(): VenueOrder[] {
    return [...this.#working.values()].flatMap((orders) => [...orders]);
  }

  /** Numbers count what was ever recorded, so they are never given twice. */
  nextVenueOrderId(): string {
    return `P${this.#orderNumber + 1}`;
  }

  nextTradeId(): string {
    return `T${this.#fillNumber + 1}`;
  }

  get fillCount(): number {
    return this.#fillNumber;
  }

  /** Applies a line of the record; live and at start alike. */
  apply(entry: RecordEntry): void {
    switch (entry.kind) {
      case 'order':
        this.#receive(entry, OrderState.accepted);
        return;
      case 'reject':
        this.#orderNumber += 1;
        this.#orders.set(entry.id, rejectedOrder(entry.id, entry.venueOrderId));
        return;
      case 'cancel':
        this.#cancel(entry.id);
        return;
      case 'fill':
        this.#execute(entry);
        return;
      case 'duplicate':
        return;
    }
  }

  /** Fills after this trade id when they are still in memory; undefined: read the record. */
  recentAfter(tradeId: string | undefined): Fill[] | undefined {
    const after = tradeId === undefined ? 0 : tradeNumber(tradeId);
    const first = this.#fillNumber - this.#recent.length;
    return after < first ? undefined : this.#recent.slice(after - first);
  }

  positions(): BrokerPosition[] {
    return [...this.#holdings].map(([symbol, { quantity, averagePrice }]) => ({
      symbol,
      quantity,
      averagePrice,
    }));
  }

  #receive(entry: RecordedOrder, state: OrderState): void {
    this.#orderNumber += 1;
    const order: VenueOrder = {
      id: entry.id,
      venueOrderId: entry.venueOrderId,
      symbol: entry.symbol,
      side: entry.side,
      type: entry.type,
      quantity: BigInt(entry.quantity),
      limitPrice: BigInt(entry.limitPrice),
      filled: 0n,
      state,
    };
    this.#orders.set(order.id, order);
    let working = this.#working.get(order.symbol);
    if (working === undefined) {
      working = new Set();
      this.#working.set(order.symbol, working);
    }
    working.add(order);
  }

  #cancel(id: string): void {
    const order = this.#orders.get(id);
    if (order === undefined) return;
    order.state = OrderState.canceled;
    this.#working.get(order.symbol)?.delete(order);
  }

  #execute(entry: RecordedFill): void {
    this.#fillNumber += 1;
    const fill = fillOf(entry);
    this.#recent.push(fill);
    if (this.#recent.length >= recentFills * 2) this.#recent = this.#recent.slice(recentFills);
    this.#hold(fill);
    const order = this.#orders.get(entry.id);
    if (order === undefined) return;
    order.filled += fill.quantity;
    const complete = order.filled === order.quantity;
    order.state = complete ? OrderState.filled : OrderState.partiallyFilled;
    if (complete) this.#working.get(order.symbol)?.delete(order);
  }

  /** Netting with an average that is rounded at each step, as venues keep it. */
  #hold(fill: Fill): void {
    const held = this.#holdings.get(fill.symbol) ?? { quantity: 0n, averagePrice: 0n };
    const change = fill.side > 0 ? fill.quantity : -fill.quantity;
    const after = held.quantity + change;
    const crossed = held.quantity !== 0n && after !== 0n && held.quantity > 0n !== after > 0n;
    const grows = held.quantity === 0n || held.quantity > 0n === change > 0n;
    if (after === 0n) held.averagePrice = 0n;
    else if (crossed) held.averagePrice = fill.price;
    else if (grows)
      held.averagePrice = divideRound(
        held.quantity * held.averagePrice + change * fill.price,
        after,
      );
    held.quantity = after;
    this.#holdings.set(fill.symbol, held);
  }
}

export function fillOf(entry: RecordedFill): Fill {
  return {
    venue: paperVenue,
    tradeId: entry.tradeId,
    clientOrderId: entry.id,
    symbol: entry.symbol,
    side: entry.side,
    quantity: BigInt(entry.quantity),
    price: BigInt(entry.price),
    fee: BigInt(entry.fee),
    time: { day: entry.day, nsOfDay: entry.ns },
  };
}

export function tradeNumber(tradeId: string): number {
  return Number(tradeId.slice(1));
}

function rejectedOrder(id: string, venueOrderId: string): VenueOrder {
  return {
    id,
    venueOrderId,
    symbol: 0,
    side: 0,
    type: OrderType.market,
    quantity: 0n,
    limitPrice: 0n,
    filled: 0n,
    state: OrderState.rejected,
  };
}
