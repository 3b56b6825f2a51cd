// What a tick does to a working order: three models of the same venue. docs/backtest.md says them
// in words; fill-model.test.ts compares them with a plain model, tick by tick.
//
// Always: nothing is filled at a price worse than the limit, nor more than is open; a market order
// waits for the next tick of its symbol. The paper broker of the exec node matches by code of its
// own, on purpose: it has a live view without rows, no models, and every step of it is a durable
// record; what they share is the arithmetic of protocol.

import { divideRound, moneyScale } from '@ndts/protocol';
import type { MarketTick } from './market-tick.js';
import type { SimulatedOrder } from './order.js';
import { type BacktestSettings, rateOfBps, rateOfFraction } from './settings.js';

/** What one tick executes of one order; quantity 0n: nothing. */
export interface Execution {
  quantity: bigint;
  /** Before slippage. */
  price: bigint;
  /** There may be more, at another price: ask again. */
  hasMore: boolean;
  /** It rested and was come to. */
  isMaker: boolean;
}

export interface FillModel {
  match(order: SimulatedOrder, tick: MarketTick, into: Execution): void;
}

export function createFillModel(settings: BacktestSettings): FillModel {
  switch (settings.fill) {
    case 'next_tick':
      return new NextTick();
    case 'queue':
      return new QueuePosition();
    case 'volume_share':
      return new VolumeShare(rateOfFraction(settings.volumeShare), rateOfBps(settings.impactBps));
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The price is as good as the limit, or better. */
export function isWithin(side: number, price: bigint, limitPrice: bigint): boolean {
  return side > 0 ? price <= limitPrice : price >= limitPrice;
}

/** All of it at the touch, or at the limit when the touch comes to it. */
class NextTick implements FillModel {
  match(order: SimulatedOrder, tick: MarketTick, into: Execution): void {
    into.quantity = 0n;
    into.hasMore = false;
    const touch = tick.touch(order.side);
    if (touch === 0n) return;
    const isMarket = order.limitPrice === 0n;
    if (!isMarket && !isWithin(order.side, touch, order.limitPrice)) {
      order.rests = true;
      return;
    }
    into.isMaker = !isMarket && order.rests;
    into.quantity = order.open;
    into.price = into.isMaker ? order.limitPrice : touch;
  }
}

/** What trades at once takes what is shown; what rests waits for the volume in front of it. */
class QueuePosition implements FillModel {
  match(order: SimulatedOrder, tick: MarketTick, into: Execution): void {
    into.quantity = 0n;
    into.hasMore = false;
    const touch = tick.touch(order.side);
    if (touch === 0n) return;
    const isMarket = order.limitPrice === 0n;
    if (isMarket || isWithin(order.side, touch, order.limitPrice)) {
      into.isMaker = !isMarket && order.rests;
      into.price = order.limitPrice;
      into.quantity = into.isMaker
        ? order.open
        : tick.takeShown(order.side, order.open, order.limitPrice, into);
      return;
    }
    this.#wait(order, tick, into);
    order.rests = true;
  }

  #wait(order: SimulatedOrder, tick: MarketTick, into: Execution): void {
    const { side, limitPrice } = order;
    if (order.rests) {
      const price = tick.price();
      const volume = tick.volume();
      if (volume > 0n && price > 0n && isWithin(side, price, limitPrice)) {
        this.#trade(order, tick, price === limitPrice, into);
        if (into.quantity > 0n) return;
      }
    }
    // Orders that leave in front shorten the queue; new ones stand behind.
    const shown = tick.queueAt(side, limitPrice);
    if (shown >= 0n && (order.ahead < 0n || shown < order.ahead)) order.ahead = shown;
  }

  /** Beyond its price all of the order was in the way; at its price only what is left of the trade
   * behind the queue. */
  #trade(order: SimulatedOrder, tick: MarketTick, isAtLimit: boolean, into: Execution): void {
    into.price = order.limitPrice;
    into.isMaker = true;
    if (!isAtLimit) {
      into.quantity = order.open;
      return;
    }
    if (order.ahead < 0n) return;
    const left = tick.volume() - tick.takenTraded;
    const passing = left > order.ahead ? order.ahead : left;
    order.ahead -= passing;
    const filled = least(order.open, left - passing);
    tick.takenTraded += filled;
    into.quantity = filled;
  }
}

/** A share of what each tick trades, at a price that the share moves. */
class VolumeShare implements FillModel {
  readonly #share: bigint;
  readonly #impact: bigint;

  constructor(share: bigint, impact: bigint) {
    this.#share = share;
    this.#impact = impact;
  }

  match(order: SimulatedOrder, tick: MarketTick, into: Execution): void {
    into.quantity = 0n;
    into.hasMore = false;
    const { side, limitPrice } = order;
    const touch = tick.touch(side);
    if (touch === 0n) return;
    const isMarket = limitPrice === 0n;
    if (!isMarket && !isWithin(side, touch, limitPrice)) {
      order.rests = true;
      return;
    }
    const volume = tick.volume();
    const left = (volume * this.#share) / moneyScale - tick.takenTraded;
    if (left <= 0n) return;
    const filled = least(order.open, left);
    tick.takenTraded += filled;
    into.quantity = filled;
    into.isMaker = !isMarket && order.rests;
    into.price = into.isMaker ? limitPrice : this.#moved(order, touch, filled, volume);
  }

  #moved(order: SimulatedOrder, touch: bigint, filled: bigint, volume: bigint): bigint {
    if (this.#impact === 0n) return touch;
    const move = divideRound(touch * this.#impact * filled, moneyScale * volume);
    return worse(order, touch, move);
  }
}

/** A price moved against the order, but not beyond its limit; never below 1e-8. */
export function worse(order: SimulatedOrder, price: bigint, by: bigint): bigint {
  const moved = order.side > 0 ? price + by : price - by;
  const { limitPrice, side } = order;
  if (limitPrice !== 0n && !isWithin(side, moved, limitPrice)) return limitPrice;
  return moved > 0n ? moved : 1n;
}
