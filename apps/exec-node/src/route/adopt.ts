// Takes over what the broker has: executions that nobody told are inferred, an average is set. What
// always holds: all of it is journaled; an inferred execution has an id that follows from the
// journal alone and is journaled once; quantity and average price meet the broker's, and realised
// and unrealised PnL go on from the last price.

import {
  type BrokerCard,
  type BrokerOrderStatus,
  type BrokerPosition,
  type Clock,
  divideRound,
  type FillInferred,
  OrderOffset,
  type Time,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { changePhase, type Ledger } from '../order/ledger.js';
import { type Order, personInstance } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { sidesOf } from '../position/offsets.js';

export interface AdopterDeps {
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly card: () => BrokerCard;
  /** What belongs to no order counts for it. */
  readonly account: string;
  /** 0n: none is known. */
  readonly lastPrice: (symbol: number) => bigint;
}

/** What has to be executed so that we hold what the venue holds. */
interface Missing {
  readonly side: number;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly offset: number;
  readonly time: Time;
  /** Between sides or days: no execution that is told will take its place. */
  readonly moves?: boolean;
}

const never: Time = { day: 0, nsOfDay: 0 };

/** 0.01 % of the price: venues round averages their own way. */
const averageTolerance = 10_000n;

export class Adopter {
  readonly #deps: AdopterDeps;

  constructor(deps: AdopterDeps) {
    this.#deps = deps;
  }

  /** What an order has executed and nobody told. False: it can't be said at which price, or it is
   * more than the order has. */
  fills(order: Order, status: BrokerOrderStatus, until: Time, reason: string): boolean {
    const { ledger } = this.#deps;
    const { intent, filled } = order;
    const { filledQuantity } = status;
    const price = this.#missingPrice(order, status);
    if (price <= 0n || filledQuantity > order.quantity) return false;
    this.#infer({
      ...{ tradeId: ledger.inferred.orderTradeId(order.id, filled, filledQuantity) },
      ...{ clientOrderId: order.id, account: intent.account, instance: intent.instance },
      ...{ symbol: intent.symbol, side: intent.side, quantity: filledQuantity - filled, price },
      ...{ offset: order.terms.offset, time: this.#deps.clock.now(), until, reason },
    });
    return true;
  }

  /** What somebody made of an order at the venue. False: it is a part of one that works here, which
   * would make it up with another part. */
  terms(order: Order, theirs: WorkingTerms, reason: string): boolean {
    const { scribe, logger } = this.#deps;
    if (order.parent !== undefined) return false;
    logger.warn({ clientOrderId: order.id }, `${reason}; adopted`);
    scribe.change(order, changePhase.done, theirs, reason);
    return true;
  }

  /** `their`: undefined when the venue has nothing. False: no price is known. */
  position(
    symbol: number,
    their: BrokerPosition | undefined,
    until: Time,
    reason: string,
  ): boolean {
    const missing = this.#missingOf(symbol, their);
    if (missing.some(({ price }) => price <= 0n)) return false;
    const { ledger } = this.#deps;
    for (const { side, quantity, moves = false, ...how } of missing) {
      const from = ledger.positions.get(symbol)?.quantity ?? 0n;
      const to = from + BigInt(side) * quantity;
      this.#infer({
        ...{ tradeId: ledger.inferred.positionTradeId(symbol, from, to), clientOrderId: '' },
        ...{ account: this.#deps.account, instance: personInstance },
        ...{ symbol, side, quantity, until: moves ? never : until, reason, ...how },
      });
    }
    const average = this.#averageOf(their);
    if (average > 0n) this.average(symbol, average, reason);
    return true;
  }

  /** Does nothing when it is near enough. */
  average(symbol: number, averagePrice: bigint, reason: string): void {
    const { ledger, scribe, clock } = this.#deps;
    const ours = ledger.positions.get(symbol);
    if (ours === undefined || ours.quantity === 0n || isNear(ours.averagePrice, averagePrice))
      return;
    scribe.adjustment({ symbol, averagePrice, reason, time: clock.now() });
  }

  #infer(inferred: Omit<FillInferred, 'venue'>): void {
    const { scribe, logger, card } = this.#deps;
    const { tradeId, clientOrderId, symbol, side, quantity, price, reason } = inferred;
    logger.warn(
      { tradeId, clientOrderId, symbol, side, quantity, price },
      `${reason}; adopted as an inferred execution`,
    );
    scribe.inferred({ ...inferred, venue: card().name });
  }

  /** As the average of the whole order says; else its limit, else the last price. */
  #missingPrice(order: Order, { averagePrice, filledQuantity }: BrokerOrderStatus): bigint {
    const missing = filledQuantity - order.filled;
    if (averagePrice !== undefined && averagePrice > 0n) {
      const price = divideRound(averagePrice * filledQuantity - order.filledValue, missing);
      if (isPrice(price)) return price;
    }
    const { limitPrice, symbol } = order.intent;
    return limitPrice > 0n ? limitPrice : this.#priceOf(symbol);
  }

  #missingOf(symbol: number, their: BrokerPosition | undefined): Missing[] {
    if (their?.sides !== undefined) return this.#missingSides(symbol, their);
    const position = this.#deps.ledger.positions.get(symbol);
    const [ours, theirs] = [position?.quantity ?? 0n, their?.quantity ?? 0n];
    const plain = { offset: 0, time: this.#deps.clock.now() };
    const last = this.#priceOf(symbol);
    const average = this.#averageOf(their);
    const change = (from: bigint, to: bigint, price: bigint): Missing => {
      const quantity = to > from ? to - from : from - to;
      return { side: to > from ? 1 : -1, quantity, price, ...plain };
    };
    const opening = average > 0n ? average : last;
    // What turned was closed, and opened again.
    if (ours !== 0n && theirs !== 0n && ours > 0n !== theirs > 0n)
      return [change(ours, 0n, last), change(0n, theirs, opening)];
    const isMore = size(theirs) > size(ours);
    if (!isMore || average === 0n || position === undefined)
      return [change(ours, theirs, isMore ? opening : last)];
    // At the price that makes our average theirs.
    const { multiplier, cost } = position;
    const price = divideRound(theirs * average * multiplier - cost, (theirs - ours) * multiplier);
    return [change(ours, theirs, isPrice(price) ? price : average)];
  }

  /** Of each side and day; all at one price, so that what only moved between them has no PnL. */
  #missingSides(symbol: number, their: BrokerPosition): Missing[] {
    const { clock, ledger } = this.#deps;
    const now = clock.now();
    const average = this.#averageOf(their);
    const price = average > 0n ? average : this.#priceOf(symbol);
    const ours = sidesOf(ledger.books.offsets, symbol);
    const theirs = their.sides ?? ours;
    const before = this.#beforeToday(symbol, now);
    const missing: Missing[] = [];
    const add = (change: bigint, opens: number, closing: number, opened: Time): void => {
      if (change > 0n)
        missing.push({ ...{ side: opens, quantity: change, price }, ...open(opened) });
      else if (change < 0n)
        missing.push({
          ...{ side: -opens, quantity: -change, price, offset: closing, time: now },
        });
    };
    const open = (time: Time): Pick<Missing, 'offset' | 'time'> => ({
      ...{ offset: OrderOffset.open, time },
    });
    add(theirs.longToday - ours.longToday, 1, OrderOffset.closeToday, now);
    add(theirs.longYesterday - ours.longYesterday, 1, OrderOffset.closeYesterday, before);
    add(theirs.shortToday - ours.shortToday, -1, OrderOffset.closeToday, now);
    add(theirs.shortYesterday - ours.shortYesterday, -1, OrderOffset.closeYesterday, before);
    return withMoves(missing);
  }

  /** A time of before the trading day of the symbol. */
  #beforeToday(symbol: number, now: Time): Time {
    const { books } = this.#deps.ledger;
    const startMinute = books.instrument(symbol)?.dayStartMinute ?? 0;
    for (const began of books.offsets.days())
      if (began.dayStartMinute === startMinute) {
        const { day, nsOfDay } = began.time;
        return nsOfDay > 0 ? { day, nsOfDay: nsOfDay - 1 } : { day: day - 1, nsOfDay: 0 };
      }
    return { day: now.day - 1, nsOfDay: 0 };
  }

  /** 0n: the venue does not say, or means something else by it. */
  #averageOf(their: BrokerPosition | undefined): bigint {
    return their === undefined || this.#deps.card().averageWithFees === true
      ? 0n
      : their.averagePrice;
  }

  #priceOf(symbol: number): bigint {
    const last = this.#deps.lastPrice(symbol);
    if (last > 0n) return last;
    const position = this.#deps.ledger.positions.get(symbol);
    if (position === undefined) return 0n;
    return position.markPrice > 0n ? position.markPrice : position.averagePrice;
  }
}

/** What of them only moves between sides or days: as much of what buys as of what sells. */
function withMoves(missing: readonly Missing[]): Missing[] {
  const sums = { buy: 0n, sell: 0n };
  const nameOf = ({ side }: Missing): 'buy' | 'sell' => (side > 0 ? 'buy' : 'sell');
  for (const one of missing) sums[nameOf(one)] += one.quantity;
  const moved = sums.buy < sums.sell ? sums.buy : sums.sell;
  const left = { buy: moved, sell: moved };
  return missing.flatMap((one) => {
    const name = nameOf(one);
    const quantity = one.quantity < left[name] ? one.quantity : left[name];
    left[name] -= quantity;
    return [
      { ...one, quantity, moves: true },
      { ...one, quantity: one.quantity - quantity },
    ].filter((part) => part.quantity > 0n);
  });
}

/** Whether two averages are the same, but for rounding. */
export function isNear(ours: bigint, theirs: bigint): boolean {
  const gap = ours > theirs ? ours - theirs : theirs - ours;
  return gap * averageTolerance <= theirs;
}

/** One that 64 bits hold: what explains the average of much by very little may be any. */
function isPrice(price: bigint): boolean {
  return price > 0n && BigInt.asIntN(64, price) === price;
}

function size(quantity: bigint): bigint {
  return quantity < 0n ? -quantity : quantity;
}
