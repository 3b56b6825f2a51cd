// hot: no allocation after init
// The simulated venue of a backtest: orders on their way, orders that work, and what ticks do to
// them. Always: orders arrive in the order in which they were asked for, after the tick they were
// asked for and never before their time; working orders of a symbol are matched in that order, too.

import {
  type BookBatch,
  divideRound,
  moneyFromFloat,
  moneyScale,
  NdtsError,
  type OrderStateName,
  type Random,
  TickFlags,
  type TickBatch,
} from '@ndts/protocol';
import type { Account, Refusal, WorkingOrders } from './account.js';
import { BookLadder } from './book-ladder.js';
import { Fees } from './fees.js';
import { FillRecord } from './fill-record.js';
import { Expiries } from './expiries.js';
import { createFillModel, type Execution, type FillModel, isWithin, worse } from './fill-model.js';
import { MarketTick } from './market-tick.js';
import type { OrderListener, SimulatedOrder, Underway } from './order.js';
import { type BacktestSettings, rateOfBps } from './settings.js';
import { endOf, type SimulatedTerms, watchPrice } from './terms.js';

/** What a hook asked for. */
export interface OrderRequest {
  readonly strategy: number;
  readonly symbol: number;
  readonly side: number;
  readonly quantity: bigint;
  readonly limitPrice: bigint;
  /** undefined: a plain order. */
  readonly terms: SimulatedTerms | undefined;
}

export interface VenueOptions {
  readonly settings: BacktestSettings;
  readonly account: Account;
  /** Needed for latency with jitter. */
  readonly random?: Random;
  readonly names: ReadonlyMap<number, string>;
  readonly symbolCount: number;
  readonly onOrder: OrderListener;
  /** By place of the strategy: whether it is told. */
  readonly listens: readonly boolean[];
}

export class SimulatedVenue {
  readonly fills = new FillRecord();
  /** How many orders were refused, by reason. */
  readonly refused = new Map<Refusal, number>();
  /** By symbol: how many orders work. What the loop looks at for every tick. */
  readonly working: Int32Array;
  /** When the next order arrives or ends by itself, in nanoseconds of the current day. */
  nextArrivalNs = Number.POSITIVE_INFINITY;
  readonly #account: Account;
  readonly #fees: Fees;
  readonly #model: FillModel;
  readonly #random: Random | undefined;
  readonly #latencyNs: number;
  readonly #jitterUs: number;
  readonly #slippage: bigint;
  readonly #tick = new MarketTick();
  readonly #execution: Execution = { quantity: 0n, price: 0n, hasMore: false, isMaker: false };
  readonly #orders: (SimulatedOrder[] | undefined)[];
  readonly #books: (BookLadder | undefined)[];
  readonly #onOrder: OrderListener;
  readonly #listens: readonly boolean[];
  readonly #byOrdinal = new Map<number, SimulatedOrder>();
  readonly #expiries = new Expiries();
  readonly #beside: WorkingOrders = { quantity: 0n, reserved: 0n };
  #underway: Underway[] = [];
  #arrived = 0;
  #lastDueNs = Number.NEGATIVE_INFINITY;
  #ordinal = 0;
  #workingCount = 0;

  constructor(options: VenueOptions) {
    const { settings } = options;
    this.#account = options.account;
    this.#onOrder = options.onOrder;
    this.#listens = options.listens;
    this.#fees = new Fees(settings.fees, options.names);
    this.#model = createFillModel(settings);
    this.#random = options.random;
    this.#latencyNs = settings.latencyUs * 1000;
    this.#jitterUs = settings.latencyJitterUs;
    if (this.#jitterUs > 0 && this.#random === undefined)
      throw new NdtsError('INVALID_ARGUMENT', 'latency with jitter needs chance');
    this.#slippage = rateOfBps(settings.slippageBps);
    this.#orders = Array.from({ length: options.symbolCount });
    this.#books = Array.from({ length: options.symbolCount });
    this.working = new Int32Array(options.symbolCount);
  }

  /** Orders that were ever asked for. */
  get orderCount(): number {
    return this.#ordinal;
  }

  /** Orders that were neither filled nor refused nor canceled so far. */
  get openCount(): number {
    const coming = this.#underway.slice(this.#arrived).filter(({ order }) => order !== undefined);
    return coming.length + this.#workingCount;
  }

  /** An order asked for at this time; returns its number. */
  submit(request: OrderRequest, nowNs: number, isForced: boolean): number {
    this.#ordinal += 1;
    const order: SimulatedOrder = {
      ordinal: this.#ordinal,
      strategy: request.strategy,
      symbol: request.symbol,
      side: request.side,
      quantity: request.quantity,
      limitPrice: request.limitPrice,
      isForced,
      terms: request.terms,
      isOver: false,
      open: request.quantity,
      rests: false,
      ahead: -1n,
      reserved: 0n,
      paid: 0n,
    };
    this.#send({ dueNs: this.#dueNs(nowNs), order, cancels: 0 });
    if (request.terms !== undefined) this.#expireLater(order, endOf(request.terms, nowNs));
    return this.#ordinal;
  }

  /** The end of an order is asked for; nothing happens when it has ended by then. */
  cancel(ordinal: number, nowNs: number): void {
    this.#send({ dueNs: this.#dueNs(nowNs), order: undefined, cancels: ordinal });
  }

  /** Time is counted from the beginning of a later day. */
  moveDay(ns: number): void {
    for (let at = this.#arrived; at < this.#underway.length; at += 1)
      this.#underway[at]!.dueNs -= ns;
    this.#expiries.moveDay(ns);
    this.nextArrivalNs -= ns;
    this.#lastDueNs -= ns;
  }

  /** What is due by now is at the venue, or over: of one time what ends comes first. */
  receive(nowNs: number): void {
    for (;;) {
      const next = this.#underway[this.#arrived];
      const endNs = this.#expiries.nextNs;
      if (endNs <= nowNs && endNs <= (next?.dueNs ?? endNs)) {
        this.#expire(endNs);
        continue;
      }
      if (next === undefined || next.dueNs > nowNs) break;
      this.#arrived += 1;
      if (next.order !== undefined) this.#take(next.order, next.dueNs);
      else this.#cancel(next.cancels, next.dueNs);
    }
    if (this.#arrived === this.#underway.length) {
      shorten(this.#underway, 0);
      this.#arrived = 0;
      this.nextArrivalNs = this.#expiries.nextNs;
      return;
    }
    this.nextArrivalNs = Math.min(this.#underway[this.#arrived]!.dueNs, this.#expiries.nextNs);
    if (this.#arrived < 1024) return;
    this.#underway = this.#underway.slice(this.#arrived);
    this.#arrived = 0;
  }

  /** The tick of a symbol that has working orders. */
  match(batch: TickBatch, row: number): void {
    if ((batch.flags[row]! & TickFlags.void) !== 0) return;
    const symbol = batch.symbol[row]!;
    const book = this.#books[symbol];
    const isFresh = book?.isFresh(batch.day[row]!, batch.nsOfDay[row]!) === true;
    this.#tick.moveTo(batch, row, isFresh ? book : undefined);
    this.#matchAll(symbol, batch.day[row]!, batch.nsOfDay[row]!);
  }

  /** A book of a symbol: from now on its quotes are these. */
  meetBook(batch: BookBatch, row: number): void {
    const symbol = batch.symbol[row]!;
    const book = this.#books[symbol] ?? new BookLadder();
    this.#books[symbol] = book;
    book.set(batch, row);
    if (this.working[symbol] === 0) return;
    this.#tick.moveToBook(book);
    this.#matchAll(symbol, batch.day[row]!, batch.nsOfDay[row]!);
  }

  #matchAll(symbol: number, day: number, nsOfDay: number): void {
    const orders = this.#orders[symbol]!;
    let kept = 0;
    for (let at = 0; at < orders.length; at += 1) {
      const order = orders[at]!;
      const ends = this.#meet(order, day, nsOfDay);
      if (ends !== undefined) this.#end(order, 'canceled', ends, nsOfDay);
      if (ends !== undefined || order.open === 0n) {
        this.#byOrdinal.delete(order.ordinal);
        continue;
      }
      orders[kept] = order;
      kept += 1;
    }
    this.#workingCount -= orders.length - kept;
    shorten(orders, kept);
    this.working[symbol] = kept;
  }

  /** Ends every order that works or is on its way. */
  cancelAll(nowNs: number): void {
    for (const order of this.#byOrdinal.values())
      this.#end(order, 'canceled', 'margin call', nowNs);
    this.#byOrdinal.clear();
    for (const orders of this.#orders) if (orders !== undefined) orders.length = 0;
    this.working.fill(0);
    this.#workingCount = 0;
    for (const { order } of this.#underway.slice(this.#arrived))
      if (order !== undefined) this.#end(order, 'canceled', 'margin call', nowNs);
    this.#expiries.clear();
    this.#underway.length = 0;
    this.#arrived = 0;
    this.nextArrivalNs = Number.POSITIVE_INFINITY;
  }

  /** Why the order ends with this tick, filled or not; undefined: it does not, or is done. */
  #meet(order: SimulatedOrder, day: number, nsOfDay: number): string | undefined {
    const { terms } = order;
    const tick = this.#tick;
    if (terms === undefined) {
      this.#execute(order, day, nsOfDay);
      return undefined;
    }
    if (terms.isWaiting) {
      if (!tick.isBook) this.#watch(order, terms, tick.price(), nsOfDay);
      return undefined;
    }
    const touch = tick.touch(order.side);
    if (touch === 0n) return undefined;
    if (terms.isReduceOnly && !this.#account.reduces(order, 0n)) return 'REDUCE_ONLY';
    if (terms.isPostOnly && !order.rests && isWithin(order.side, touch, order.limitPrice))
      return 'POST_ONLY';
    if (terms.isWhole && !this.#fillsWhole(order)) return 'FILL_OR_KILL';
    this.#execute(order, day, nsOfDay);
    return terms.isImmediate && order.open > 0n ? 'IMMEDIATE_OR_CANCEL' : undefined;
  }

  #execute(order: SimulatedOrder, day: number, nsOfDay: number): void {
    const execution = this.#execution;
    do {
      this.#model.match(order, this.#tick, execution);
      if (execution.quantity > 0n) this.#fill(order, day, nsOfDay);
    } while (execution.hasMore && order.open > 0n);
  }

  /** Tried, and given back. */
  #fillsWhole(order: SimulatedOrder): boolean {
    const { open, rests, ahead } = order;
    const execution = this.#execution;
    this.#tick.remember();
    do {
      this.#model.match(order, this.#tick, execution);
      order.open -= execution.quantity;
    } while (execution.hasMore && order.open > 0n);
    const isWhole = order.open === 0n;
    Object.assign(order, { open, rests, ahead });
    this.#tick.giveBack();
    return isWhole;
  }

  #watch(order: SimulatedOrder, terms: SimulatedTerms, price: bigint, nowNs: number): void {
    watchPrice(terms, order.side, price);
    if (!terms.isWaiting) this.#tell(order, 'triggered', '', nowNs);
  }

  #end(order: SimulatedOrder, state: 'canceled' | 'expired', reason: string, nowNs: number): void {
    this.#account.release(order, order.open);
    this.#tell(order, state, reason, nowNs);
  }

  /** A strategy that does not listen costs nothing; what a margin call closes is nobody's order. */
  #tell(order: SimulatedOrder, state: OrderStateName, reason: string, nowNs: number): void {
    if (this.#listens[order.strategy] === true && !order.isForced)
      this.#onOrder(order, state, reason, nowNs);
  }

  #dueNs(nowNs: number): number {
    const jitterUs = this.#random?.integer(this.#jitterUs + 1) ?? 0;
    this.#lastDueNs = Math.max(this.#lastDueNs, nowNs + this.#latencyNs + jitterUs * 1000);
    return this.#lastDueNs;
  }

  #send(underway: Underway): void {
    this.#underway.push(underway);
    if (underway.dueNs < this.nextArrivalNs) this.nextArrivalNs = underway.dueNs;
  }

  #expireLater(order: SimulatedOrder, dueNs: number): void {
    if (dueNs === Number.POSITIVE_INFINITY) return;
    this.#expiries.add(dueNs, order);
    if (dueNs < this.nextArrivalNs) this.nextArrivalNs = dueNs;
  }

  #expire(nowNs: number): void {
    const order = this.#expiries.take()!;
    if (this.#byOrdinal.has(order.ordinal)) this.#remove(order, 'expired', nowNs);
    else order.isOver = true; // on its way, or done before
  }

  #take(order: SimulatedOrder, nowNs: number): void {
    const { symbol, terms } = order;
    if (order.isOver) {
      this.#tell(order, 'expired', '', nowNs);
      return;
    }
    let orders = this.#orders[symbol];
    if (orders === undefined) {
      orders = [];
      this.#orders[symbol] = orders;
    }
    const refusal = this.#account.refusal(order, this.#workingBeside(order, orders));
    if (refusal !== undefined) {
      this.refused.set(refusal, (this.refused.get(refusal) ?? 0) + 1);
      this.#tell(order, 'denied', refusal, nowNs);
      return;
    }
    orders.push(order);
    this.#byOrdinal.set(order.ordinal, order);
    this.#workingCount += 1;
    this.working[symbol] = orders.length;
    this.#tell(order, 'accepted', '', nowNs);
    const last = this.#account.last(symbol);
    if (terms?.isWaiting === true && last > 0)
      this.#watch(order, terms, moneyFromFloat(last), nowNs);
  }

  /** Written again by the next. */
  #workingBeside(
    { strategy, side }: SimulatedOrder,
    orders: readonly SimulatedOrder[],
  ): WorkingOrders {
    const beside = this.#beside;
    beside.quantity = 0n;
    beside.reserved = 0n;
    for (const order of orders) {
      if (order.strategy !== strategy || order.side !== side) continue;
      beside.quantity += order.open;
      beside.reserved += order.reserved;
    }
    return beside;
  }

  #cancel(ordinal: number, nowNs: number): void {
    const order = this.#byOrdinal.get(ordinal);
    if (order !== undefined) this.#remove(order, 'canceled', nowNs);
  }

  #remove(order: SimulatedOrder, state: 'canceled' | 'expired', nowNs: number): void {
    const orders = this.#orders[order.symbol]!;
    orders.splice(orders.indexOf(order), 1);
    this.#byOrdinal.delete(order.ordinal);
    this.#workingCount -= 1;
    this.working[order.symbol] = orders.length;
    this.#end(order, state, '', nowNs);
  }

  #fill(order: SimulatedOrder, day: number, nsOfDay: number): void {
    const { quantity, isMaker } = this.#execution;
    let { price } = this.#execution;
    if (!isMaker && this.#slippage !== 0n)
      price = worse(order, price, divideRound(price * this.#slippage, moneyScale));
    const value = quantity * price;
    const fee = this.#fees.of(order.symbol, quantity, value, isMaker);
    this.#account.release(order, quantity);
    order.open = quantity === order.open ? 0n : order.open - quantity;
    const realised = this.#account.execute(order, { quantity, price, value, fee });
    if (this.#listens[order.strategy] === true) {
      order.paid += value;
      const state = order.open === 0n ? 'filled' : 'partiallyFilled';
      this.#tell(order, state, '', nsOfDay);
    }
    this.fills.add({
      day,
      nsOfDay,
      strategy: order.strategy,
      symbol: order.symbol,
      side: order.side,
      order: order.ordinal,
      quantity,
      price,
      fee,
      realised: realised === 0n ? 0n : divideRound(realised, moneyScale),
      isMaker,
      isForced: order.isForced,
    });
  }
}

/** Mostly by one: then it is cheaper than a new length. */
function shorten(list: unknown[], length: number): void {
  while (list.length > length) list.pop();
}
