// Works the orders the venue can't: stops, trailing stops, brackets, pairs, TWAP, VWAP, icebergs,
// and times in force the venue lacks. Each is a parent that waits here; what should be at the venue
// goes there as children, each an order of its own with an intent of its own. What always holds:
// all that a restart needs is in the journal (the trigger, the stop a trail has come to, every
// child); a child that may still execute counts as open, also while its outcome is unknown; the
// children of a group together never exceed what the group may execute.

import {
  type Clock,
  moneyText,
  nsBetween,
  type OrderIntent,
  OrderState,
  OrderType,
  type OrderTerms,
  plainTerms,
  RiskReason,
  RiskReasonNames,
  type Time,
  TimeInForce,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { coveredBy } from '../order/families.js';
import { changePhase, type Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { emptyPoint, type Market } from '../risk/market.js';
import type { CancelPace } from '../route/cancel-pace.js';
import type { LogGate } from '../route/log-gate.js';
import type { OffsetPart } from './offsets.js';
import { isScheduled } from './abilities.js';
import { isDust, isReduceOnly, reducible, shareOf } from './reduce.js';
import { elapsedPart, isTouched, isTriggered, planOf, trailedStop, type Wanted } from './plan.js';

export interface WorkerDeps {
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly market: Market;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gate: LogGate;
  readonly lotOf: (order: Order) => bigint;
  /** One order may not be for less; 0n: for anything. */
  readonly leastOf: (order: Order) => bigint;
  /** The venue takes less than a lot of what closes all that is held. */
  readonly closesOddLots: () => boolean;
  /** As much of the quantity of a child as one order may be for. */
  readonly mostOf: (child: OrderIntent) => bigint;
  /** The offsets a child goes with, each a child of its own. */
  readonly partsOf: (order: Order, quantity: bigint) => readonly OffsetPart[];
  /** The risk check of a child, which counts within its parent. */
  readonly check: (child: OrderIntent, offset: number) => RiskReason;
  /** Sends a child; its intent is not yet written. */
  readonly send: (child: OrderIntent, terms: OrderTerms) => void;
  readonly cancel: (clientOrderId: string, why: string) => boolean;
  readonly pace: CancelPace;
  /** The route of a child. */
  readonly route: (parent: Order) => string;
}

/** After a child that came to nothing: so long, and twice as long each time after. After one that
 * was denied here, which costs the venue nothing: always the first. */
const firstPauseNs = 1e9;
const longestPauseNs = 60e9;
const timerNs = 1e6;
const nothingLeft = 'nothing is left for it';
const nothingHeld = 'nothing is held any more that it could reduce';
/** Between how much it is and what is more than that. */
const dustHeld = ' stays held, which is less than ';
/** They are -1 and -2; what takes their places -3 and -4, and so on. */
const legsOfBracket = 2;

interface Trouble {
  pauseNs: number;
  untilNs: number;
  why: string;
}

export class Worker {
  readonly #deps: WorkerDeps;
  readonly #bySymbol = new Map<number, Set<Order>>();
  /** Orders that end with their time, and from when on time alone changes what they want. */
  readonly #timed = new Map<Order, Time>();
  readonly #due = new Set<Order>();
  readonly #trouble = new Map<Order, Trouble>();
  /** Children that were asked to go. */
  readonly #asked = new WeakSet<Order>();
  /** Orders with a part that the venue did not cancel, until it is asked for again. */
  readonly #again = new Map<Order, number>();
  /** Entries that may have executed after their legs had ended. */
  readonly #bare = new Set<Order>();
  readonly #point = emptyPoint();
  #timerAtNs = 0;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  /** Orders that are worked here now. */
  get working(): number {
    let count = 0;
    for (const orders of this.#bySymbol.values()) count += orders.size;
    return count;
  }

  /** Whether time alone may change what orders want. */
  get isTimed(): boolean {
    return this.#hasTimers || this.#due.size > 0 || this.#bare.size > 0;
  }

  get #hasTimers(): boolean {
    return this.#timed.size > 0 || this.#trouble.size > 0 || this.#again.size > 0;
  }

  /** After the journal was folded: takes up all that was left. */
  open(): void {
    for (const order of this.#deps.ledger.orders.open()) {
      if (order.worksHere) this.#take(order);
      if (order.parent?.closed === true) this.#due.add(order.parent);
    }
    // One that executed while nobody worked here.
    for (const order of this.#deps.ledger.orders.kept()) if (isBare(order)) this.#bare.add(order);
  }

  /** The market of a symbol changed. */
  touch(symbol: number): void {
    const orders = this.#bySymbol.get(symbol);
    if (orders !== undefined) for (const order of orders) this.#due.add(order);
  }

  /** An order changed: itself, its parent, its group and its legs may want something else now. */
  changed(order: Order): void {
    if (order.worksHere) this.#take(order);
    const { parent } = order;
    if (parent !== undefined) {
      if (order.closed) this.#childEnded(order, parent);
      this.#due.add(parent);
      this.#dueGroup(parent);
    }
    this.#dueGroup(order);
    if (isBare(order)) this.#bare.add(order);
    for (const leg of order.legs) this.#due.add(leg);
    const hasTriggered = order.state === OrderState.triggered;
    if (order.filled > 0n || order.closed || hasTriggered) this.#dueReducing(order.intent.symbol);
  }

  /** What is held, what is at the venue, or who comes first changed. */
  #dueReducing(symbol: number): void {
    for (const order of this.#bySymbol.get(symbol) ?? [])
      if (isReduceOnly(order)) this.#due.add(order);
  }

  /** Part of the duty cycle, after answers and before the flush. */
  doWork(): number {
    if (this.#hasTimers) this.#timers();
    for (const entry of this.#bare) this.#protect(entry);
    this.#bare.clear();
    if (this.#due.size === 0) return 0;
    const now = this.#deps.clock.now();
    const due = [...this.#due];
    this.#due.clear();
    for (const order of due) this.#run(order, now);
    return due.length;
  }

  #take(order: Order): void {
    const { symbol } = order.intent;
    let orders = this.#bySymbol.get(symbol);
    if (order.closed) {
      this.#timed.delete(order);
      this.#trouble.delete(order);
      this.#again.delete(order);
      orders?.delete(order);
      if (orders?.size === 0) this.#bySymbol.delete(symbol);
      if (order.children.size > 0) this.#due.add(order);
      return;
    }
    if (orders === undefined) {
      orders = new Set();
      this.#bySymbol.set(symbol, orders);
    }
    orders.add(order);
    const { expireTime } = order.terms;
    if (expireTime.day > 0)
      this.#timed.set(order, isScheduled(order.intent.orderType) ? order.intent.time : expireTime);
    this.#due.add(order);
  }

  #dueGroup({ group }: Order): void {
    if (group !== undefined) for (const other of group.open) this.#due.add(other);
  }

  #timers(): void {
    const { clock } = this.#deps;
    const nowNs = clock.monotonicNs();
    if (nowNs < this.#timerAtNs) return;
    this.#timerAtNs = nowNs + timerNs;
    const now = clock.now();
    for (const [order, from] of this.#timed) if (nsBetween(now, from) >= 0) this.#due.add(order);
    for (const [order, { untilNs }] of this.#trouble) if (nowNs >= untilNs) this.#due.add(order);
    for (const [order, atNs] of this.#again)
      if (nowNs >= atNs && this.#again.delete(order)) {
        this.#due.add(order);
        this.#dueGroup(order);
      }
  }

  #childEnded(child: Order, parent: Order): void {
    if (child.filled > 0n) this.#trouble.delete(parent);
    const isOver = parent.closed || parent.state === OrderState.pendingCancel;
    if (child.filled > 0n || isOver || this.#asked.has(child)) return;
    this.#pause(parent, `child ${child.id}: ${child.reason}`);
  }

  /** The venue is asked ever less often for what comes to nothing there. */
  #pause(parent: Order, why: string): void {
    const before = this.#trouble.get(parent)?.pauseNs ?? firstPauseNs / 2;
    const pauseNs = Math.min(before * 2, longestPauseNs);
    this.#wait(parent, { pauseNs, untilNs: pauseNs, why });
  }

  /** What is not let out here goes soon after the reason is gone. */
  #hold(parent: Order, why: string): void {
    const pauseNs = this.#trouble.get(parent)?.pauseNs ?? firstPauseNs / 2;
    this.#wait(parent, { pauseNs, untilNs: firstPauseNs, why });
  }

  /** `untilNs`: from now. */
  #wait(parent: Order, { pauseNs, untilNs, why }: Trouble): void {
    const { clock, gate, logger } = this.#deps;
    const isNews = this.#trouble.get(parent)?.why !== why;
    this.#trouble.set(parent, { pauseNs, untilNs: clock.monotonicNs() + untilNs, why });
    if (isNews && gate.open())
      logger.warn({ clientOrderId: parent.id, why }, 'an order worked here waits');
  }

  #run(order: Order, now: Time): void {
    if (!order.worksHere) return;
    // A late fill of one part has made it whole while another one works.
    if (order.closed) {
      this.#retreat(order);
      return;
    }
    const end = this.#endOf(order, now);
    if (end !== undefined) {
      this.#windDown(order, ...end);
      return;
    }
    const point = this.#point;
    this.#deps.market.readSure(order.intent.symbol, point);
    if (!(point.last > 0)) return;
    this.#watch(order);
    const others = this.#bySymbol.get(order.intent.symbol) ?? [];
    const share = shareOf(order, this.#deps.ledger.books, others);
    const lot = this.#deps.lotOf(order);
    const isReducing = isReduceOnly(order);
    const isWhole = isReducing && !this.#deps.closesOddLots();
    if (isReducing && this.#endsAsDust(order, isWhole ? lot : 0n)) return;
    const open = isWhole ? share.open - (share.open % lot) : share.open;
    const wanted = planOf(order, open, point, elapsedPart(order, now), lot);
    this.#follow(order, wanted, share.room);
  }

  /** `lot`: 0n: any part of one can be closed. */
  #endsAsDust(order: Order, lot: bigint): boolean {
    const held = reducible(order, this.#deps.ledger.books);
    const least = this.#deps.leastOf(order);
    if (!isDust(order, held, lot > least ? lot : least)) return false;
    const more = held < lot ? 'a lot' : 'one order may be for';
    this.#windDown(order, OrderState.canceled, `${moneyText(held)}${dustHeld}${more}`);
    return true;
  }

  /** The state it is to end in, and why; undefined: it goes on. */
  #endOf(order: Order, now: Time): [OrderState, string] | undefined {
    if (order.state === OrderState.pendingCancel) return [OrderState.canceled, ''];
    const { expireTime, timeInForce, group, entry } = order.terms;
    if (expireTime.day > 0 && nsBetween(now, expireTime) >= 0 && !isLastSlice(order, now))
      return [OrderState.expired, 'its time is over'];
    if (timeInForce === TimeInForce.ioc && hadItsChance(order))
      return [OrderState.canceled, 'the rest was not executed at once'];
    if (this.#isTooLate(order, now))
      return [OrderState.expired, 'its time was over before it could be sent'];
    const over = order.entry === undefined || order.entry.closed;
    if ((group !== '' || entry !== '') && over && order.open === 0n)
      return [OrderState.canceled, nothingLeft];
    if (over && isReduceOnly(order) && reducible(order, this.#deps.ledger.books) <= 0n)
      return [OrderState.canceled, nothingHeld];
    return undefined;
  }

  /** It was to be executed when it was asked for, and something held it up, as a halt: nobody may
   * want it any more. Until when somebody did, is not known after a restart. */
  #isTooLate(order: Order, now: Time): boolean {
    if (!isAtOnce(order) || order.children.size > 0) return false;
    if (order.childCount > 0 && !this.#trouble.has(order)) return false;
    return order.validUntil === undefined || nsBetween(now, order.validUntil) > 0;
  }

  /** What executes after its legs have ended has others in their place. */
  #protect(entry: Order): void {
    if (!isBare(entry)) return;
    const { scribe, clock, logger } = this.#deps;
    const quantity = entry.filled - coveredBy(entry);
    const last = lastLegs(entry);
    const told = { clientOrderId: entry.id, quantity: moneyText(quantity) };
    if (!last.every(endedByItself)) {
      logger.error(told, 'it executed after its legs had been canceled: no stop is there for it');
      return;
    }
    const base = entry.id.slice(0, entry.id.lastIndexOf('-') + 1);
    const numberOf = (id: string): number => Number(id.slice(base.length)) + legsOfBracket;
    const group = `${base}${Math.min(...last.map(({ id }) => (numberOf(id) - 1) | 1))}`;
    const ids: string[] = [];
    for (const { id, intent, terms } of last) {
      const own = { clientOrderId: `${base}${numberOf(id)}` };
      const late = { ...intent, ...own, quantity, time: clock.now() };
      ids.push(scribe.intent(late, { ...terms, ...own, group }).id);
    }
    logger.warn({ ...told, ids }, 'it executed after its legs had ended: new ones');
  }

  #windDown(order: Order, state: OrderState, why: string): void {
    this.#retreat(order);
    if (order.children.size === 0) this.#deps.scribe.state(order, state, '', why);
  }

  /** Triggers and trails. */
  #watch(order: Order): void {
    const { scribe } = this.#deps;
    const { orderType, quantity, limitPrice } = order.intent;
    if (order.state !== OrderState.emulated) return;
    if (orderType === OrderType.trailing && order.open > 0n) {
      const stopPrice = trailedStop(order, this.#point);
      if (stopPrice !== order.terms.stopPrice)
        scribe.change(order, changePhase.done, { quantity, limitPrice, stopPrice }, '');
    }
    const stops = orderType === OrderType.stop || orderType === OrderType.stopLimit;
    if (!stops && orderType !== OrderType.trailing) return;
    // A leg whose entry has nothing yet has nothing to protect.
    if (order.open > 0n && isTriggered(order, this.#point))
      scribe.state(order, OrderState.triggered, '', 'stop price reached');
  }

  /** Brings its children to what is wanted. */
  #follow(order: Order, wanted: Wanted, mayBeSent: bigint): void {
    for (const child of order.children)
      if (child.intent.limitPrice !== wanted.limitPrice) this.#retreatChild(child);
    const working = order.childrenOpen;
    if (wanted.quantity < working) {
      this.#retreat(order);
      return;
    }
    if (wanted.quantity === working) return;
    if (this.#yields(order)) return;
    const others = this.#othersOpen(order);
    if (wanted.urgent && others > 0n) {
      this.#othersRetreat(order);
      return;
    }
    const room = mayBeSent - working - others;
    const more = wanted.quantity - working;
    const wished = more < room ? more : room;
    if (wished <= 0n) return;
    // The market may have moved so far that all of it is too much for one order.
    const { limitPrice } = wanted;
    const quantity = this.#deps.mostOf({ ...order.intent, quantity: wished, limitPrice });
    const parts = this.#deps.partsOf(order, quantity);
    if (parts.length === 0) this.#hold(order, 'nothing is left that it could close');
    for (const part of parts) this.#send(order, wanted, part);
  }

  /** What has triggered comes before a limit the market has reached, and that before one that
   * rests; of equals the one that is at the venue already: the two never take turns. */
  #yields(order: Order): boolean {
    if (order.group === undefined) return false;
    const own = this.#rank(order);
    const waits = order.childrenOpen === 0n;
    for (const other of order.group.open) {
      if (other === order) continue;
      const rank = this.#rank(other);
      if (rank > own || (rank === own && waits && other.childrenOpen > 0n)) return true;
    }
    return false;
  }

  #rank(order: Order): number {
    if (order.state === OrderState.triggered) return 2;
    if (order.intent.orderType !== OrderType.limit) return 0;
    return isTouched(order, this.#point) ? 1 : 0;
  }

  #othersOpen(order: Order): bigint {
    let open = 0n;
    if (order.group !== undefined)
      for (const other of order.group.open) if (other !== order) open += other.childrenOpen;
    return open;
  }

  #othersRetreat(order: Order): void {
    for (const other of order.group?.open ?? []) if (other !== order) this.#retreat(other);
  }

  #retreat(order: Order): void {
    for (const child of [...order.children]) this.#retreatChild(child);
  }

  #retreatChild(child: Order): void {
    const { state } = child;
    if (state === OrderState.pendingCancel || state === OrderState.unknown) return;
    const { clock, pace } = this.#deps;
    const waitNs = pace.ask(child);
    if (waitNs > 0) {
      if (child.parent !== undefined) this.#again.set(child.parent, clock.monotonicNs() + waitNs);
      return;
    }
    this.#asked.add(child);
    this.#deps.cancel(child.id, 'no longer wanted by its parent');
  }

  #send(order: Order, wanted: Wanted, { quantity, offset }: OffsetPart): void {
    const { clock, route, check, send } = this.#deps;
    const trouble = this.#trouble.get(order);
    if (trouble !== undefined && clock.monotonicNs() < trouble.untilNs) return;
    const clientOrderId = `${order.id}.${order.childCount + 1}`;
    const child: OrderIntent = {
      ...order.intent,
      ...{ clientOrderId, quantity, orderType: wanted.type, limitPrice: wanted.limitPrice },
      time: clock.now(),
      broker: route(order),
    };
    const reason = check(child, offset);
    if (reason !== RiskReason.APPROVED) {
      this.#hold(order, RiskReasonNames[reason] ?? String(reason));
      return;
    }
    const flags = wanted.type === OrderType.limit ? order.terms.flags : 0;
    send(child, { ...plainTerms, clientOrderId, parent: order.id, flags, offset });
  }
}

/** An entry that has executed more since all its legs ended. */
function isBare(entry: Order): boolean {
  const { closed, filled, legs, revision } = entry;
  if (!closed || legs.length === 0 || filled <= coveredBy(entry)) return false;
  return legs.every((leg) => leg.closed && leg.revision < revision);
}

function lastLegs({ legs }: Order): Order[] {
  const group = legs.at(-1)?.terms.group;
  return legs.filter(({ terms }) => terms.group === group);
}

/** Nobody took it away. */
function endedByItself({ state, reason }: Order): boolean {
  if (state === OrderState.filled || reason.includes(dustHeld)) return true;
  return reason === nothingLeft || reason === nothingHeld;
}

/** A schedule without a limit price is carried out to its end; not by a node that was away for
 * longer. */
function isLastSlice({ intent, terms }: Order, now: Time): boolean {
  if (!isScheduled(intent.orderType) || intent.limitPrice > 0n) return false;
  const sliceNs = nsBetween(terms.expireTime, intent.time) / Math.max(1, terms.slices);
  return nsBetween(now, terms.expireTime) < Math.max(sliceNs, 2 * longestPauseNs);
}

/** It waits for no price. */
function isAtOnce({ intent: { orderType }, terms: { timeInForce } }: Order): boolean {
  if (orderType === OrderType.limit) return timeInForce === TimeInForce.ioc;
  return orderType === OrderType.market;
}

/** Its child reached the venue, which knows no immediate-or-cancel. */
function hadItsChance({ children, childCount }: Order): boolean {
  if (childCount === 0) return false;
  for (const { state } of children)
    if (state === OrderState.intended || state === OrderState.submitted) return false;
  return true;
}
