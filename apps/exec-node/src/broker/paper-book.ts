// What the simulated venue knows: every order it ever received, what was executed, what is held. It
// is a fold of the record, by arithmetic of its own, so that it can contradict the exec node. What
// always holds: an id, once received, is known for ever; memory does not grow with closed orders.

import {
  type BrokerPosition,
  divideRound,
  type Fill,
  OrderState,
  OrderType,
  type Time,
} from '@ndts/protocol';
import type { OffsetRule } from '../position/exchange.js';
import { PaperSides } from './paper-sides.js';
import { PaperIds } from './paper-ids.js';
import {
  type RecordedFill,
  type RecordedOrder,
  type RecordedReplace,
  type RecordLine,
  type RecordState,
  readRecords,
} from './paper-record.js';

export const paperVenue = 'paper';

export interface VenueOrder {
  readonly id: string;
  readonly venueOrderId: string;
  readonly symbol: number;
  readonly side: number;
  readonly type: number;
  /** An OrderOffset; 0: none. */
  readonly offset: number;
  quantity: bigint;
  limitPrice: bigint;
  filled: bigint;
  state: OrderState;
}

interface Holding {
  quantity: bigint;
  averagePrice: bigint;
}

type RuleOf = (symbol: number) => OffsetRule | undefined;

/** How many fills are answered from memory; older ones are read from the record. */
const recentFills = 2048;

export class PaperBook {
  /** Where long and short are kept apart. */
  readonly sides: PaperSides;
  readonly #closedKept: number;
  readonly #orders = new Map<string, VenueOrder>();
  readonly #working = new Map<number, Set<VenueOrder>>();
  /** Closed orders in memory, in the order in which they closed. */
  readonly #closed = new Set<VenueOrder>();
  readonly #forgotten = new PaperIds();
  readonly #holdings = new Map<number, Holding>();
  #recent: Fill[] = [];
  #orderNumber = 0;
  #fillNumber = 0;

  /** `closedKept`: how many closed orders stay in memory. */
  constructor(closedKept: number, ruleOf: RuleOf = () => undefined) {
    this.sides = new PaperSides(ruleOf);
    this.#closedKept = closedKept;
  }

  /** True: it may have been received, though it is no longer in memory. */
  forgot(id: string): boolean {
    return !this.#orders.has(id) && this.#forgotten.has(id);
  }

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
  apply(entry: RecordLine): void {
    switch (entry.kind) {
      case 'order':
        this.#receive(entry, OrderState.accepted);
        return;
      case 'reject':
        this.#orderNumber += 1;
        this.#add(rejectedOrder(entry.id, entry.venueOrderId));
        return;
      case 'cancel':
        this.#cancel(entry.id);
        return;
      case 'replace':
        this.#replace(entry);
        return;
      case 'fill':
        this.#execute(entry);
        return;
      case 'duplicate':
        return;
      default:
        this.#restore(entry);
    }
  }

  /** All of it, for a record that begins again as this part. */
  *state(part: number): Generator<RecordState> {
    yield { kind: 'state', part, orders: this.#orderNumber, fills: this.#fillNumber };
    yield* this.#forgotten.lines();
    for (const [symbol, { quantity, averagePrice }] of this.#holdings) {
      const texts = { quantity: String(quantity), averagePrice: String(averagePrice) };
      yield { kind: 'holding', symbol, ...texts };
    }
    for (const [symbol, tradingDay, held] of this.sides.state())
      yield { kind: 'sides', symbol, tradingDay, held };
    for (const order of this.#closed) yield standingOf(order);
    for (const order of this.#orders.values())
      if (!this.#closed.has(order)) yield standingOf(order);
  }

  #restore(line: RecordState): void {
    switch (line.kind) {
      case 'state':
        this.#orderNumber = line.orders;
        this.#fillNumber = line.fills;
        return;
      case 'highest':
        this.#forgotten.raise(line.series, line.ordinal);
        return;
      case 'known':
        this.#forgotten.add(line.known);
        return;
      case 'holding': {
        const { quantity, averagePrice } = line;
        const held = { quantity: BigInt(quantity), averagePrice: BigInt(averagePrice) };
        this.#holdings.set(line.symbol, held);
        return;
      }
      case 'sides':
        this.sides.restore(line.symbol, line.tradingDay, line.held);
        return;
      case 'standing':
        this.#add(orderOf(line, BigInt(line.filled), line.state as OrderState));
    }
  }

  #add(order: VenueOrder): void {
    this.#orders.set(order.id, order);
    if (!isWorking(order)) {
      this.#close(order);
      return;
    }
    let working = this.#working.get(order.symbol);
    if (working === undefined) {
      working = new Set();
      this.#working.set(order.symbol, working);
    }
    working.add(order);
  }

  #close(order: VenueOrder): void {
    this.#working.get(order.symbol)?.delete(order);
    this.#closed.add(order);
    if (this.#closed.size <= this.#closedKept) return;
    for (const oldest of this.#closed) {
      this.#closed.delete(oldest);
      this.#orders.delete(oldest.id);
      this.#forgotten.add(oldest.id);
      return;
    }
  }

  /** Fills after this trade id when they are still in memory; undefined: read the record. */
  recentAfter(tradeId: string | undefined): Fill[] | undefined {
    const after = tradeId === undefined ? 0 : tradeNumber(tradeId);
    const first = this.#fillNumber - this.#recent.length;
    return after < first ? undefined : this.#recent.slice(after - first);
  }

  positions(now: Time): BrokerPosition[] {
    return [...this.#holdings].map(([symbol, { quantity, averagePrice }]) => {
      const sides = this.sides.of(symbol, now);
      const net = { symbol, quantity, averagePrice };
      return sides === undefined ? net : { ...net, sides };
    });
  }

  /** Why it can't close what it wants to; empty: it can. */
  closeRefusal(order: Parameters<PaperSides['refusal']>[0], now: Time): string {
    return this.sides.refusal(order, this.#working.get(order.symbol) ?? [], now);
  }

  #receive(entry: RecordedOrder, state: OrderState): void {
    this.#orderNumber += 1;
    this.#add(orderOf(entry, 0n, state));
  }

  #cancel(id: string): void {
    const order = this.#orders.get(id);
    if (order === undefined) return;
    order.state = OrderState.canceled;
    this.#close(order);
  }

  #replace(entry: RecordedReplace): void {
    const order = this.#orders.get(entry.id);
    if (order === undefined) return;
    order.quantity = BigInt(entry.quantity);
    order.limitPrice = BigInt(entry.limitPrice);
  }

  #execute(entry: RecordedFill): void {
    this.#fillNumber += 1;
    const fill = fillOf(entry);
    this.#recent.push(fill);
    if (this.#recent.length >= recentFills * 2) this.#recent = this.#recent.slice(recentFills);
    this.#hold(fill);
    this.sides.execute({ ...fill, offset: entry.offset ?? 0 }, fill.time);
    const order = this.#orders.get(entry.id);
    if (order === undefined) return;
    order.filled += fill.quantity;
    const complete = order.filled === order.quantity;
    order.state = complete ? OrderState.filled : OrderState.partiallyFilled;
    if (complete) this.#close(order);
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

export function isWorking(order: VenueOrder): boolean {
  return order.state === OrderState.accepted || order.state === OrderState.partiallyFilled;
}

/** An order as the record files tell it; undefined when they do not. `complete`: none is gone. */
export function findInRecords(dir: string, id: string): { order?: VenueOrder; complete: boolean } {
  const book = new PaperBook(1);
  const complete = readRecords(dir, (entry) => {
    if (entry.id === id) book.apply(entry);
  });
  const order = book.order(id);
  return order === undefined ? { complete } : { order, complete };
}

function orderOf(
  entry: Omit<RecordedOrder, 'kind' | 'day' | 'ns'>,
  filled: bigint,
  state: OrderState,
): VenueOrder {
  const { id, venueOrderId, symbol, side, type, offset = 0 } = entry;
  const [quantity, limitPrice] = [BigInt(entry.quantity), BigInt(entry.limitPrice)];
  return { id, venueOrderId, symbol, side, type, offset, quantity, limitPrice, filled, state };
}

function standingOf(order: VenueOrder): RecordState {
  const { id, venueOrderId, symbol, side, type, offset, state } = order;
  const [quantity, limitPrice] = [String(order.quantity), String(order.limitPrice)];
  const filled = String(order.filled);
  const what = { id, venueOrderId, symbol, side, type, quantity, limitPrice, filled, state };
  return { kind: 'standing', ...what, ...(offset === 0 ? {} : { offset }) };
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
    offset: 0,
    quantity: 0n,
    limitPrice: 0n,
    filled: 0n,
    state: OrderState.rejected,
  };
}
