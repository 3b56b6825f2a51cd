// What the market executes of the orders at the paper venue. `touch`: all of an order, as soon as
// the other side of the book is at its limit. `queue`: at once no more than that side shows; what
// rests stands behind the volume that is shown at its price, is executed by trades there as far as
// they pass that volume, and altogether by a trade or a touch beyond its price. What always holds:
// nothing executes beyond its limit, nor more than is open; what is shown is taken once; ticks in
// doubt neither show nor trade anything, only their prices count once they are sure.
//
// Backtests have the same models (docs/backtest.md) in code of their own: rows there, a live view
// and orders that outlive the process here. Where an order stands is not in the record: after a
// start it waits until its price is shown, and stands behind all of it.

import {
  moneyFromFloat,
  type OrderIntent,
  OrderType,
  quantityFromFloat,
  type TickBatch,
} from '@ndts/protocol';
import { emptyPoint, grown, Market, priceOrNone, touchPrice } from '../risk/market.js';
import { isInDoubt } from '../risk/sure-prices.js';
import type { VenueOrder } from './paper-book.js';
import type { PaperBrokerOptions } from './paper-options.js';

type Working = (symbol: number) => ReadonlySet<VenueOrder> | undefined;

/** What is executed of an order, and at which price; quantity 0n: nothing. */
export interface Match {
  quantity: bigint;
  price: bigint;
}

/** Of an order that rests, or may. */
interface Place {
  /** Volume in front of it; below 0: its price is not shown yet. */
  ahead: bigint;
  /** Traded behind that, and not executed yet. */
  due: bigint;
  /** The other side came to it, and not it to the other side. */
  rests: boolean;
}

/** Of a symbol, taken of what its newest tick shows. */
interface Taken {
  bid: bigint;
  ask: bigint;
}

const startSymbols = 256;

export class PaperMatching {
  readonly #market: Market;
  readonly #hasQueues: boolean;
  readonly #doubts: boolean;
  readonly #working: Working;
  readonly #onTouch: (symbol: number) => void;
  readonly #point = emptyPoint();
  readonly #places = new WeakMap<VenueOrder, Place>();
  readonly #taken = new Map<number, Taken>();
  #bidVolume = new Float64Array(startSymbols);
  #askVolume = new Float64Array(startSymbols);

  /** `onTouch` is called with each symbol that has working orders and a new market. */
  constructor(options: PaperBrokerOptions, working: Working, onTouch: (symbol: number) => void) {
    const { clock, doubtMs: waitMs = 0, fill = 'touch' } = options;
    this.#hasQueues = fill === 'queue';
    this.#doubts = waitMs > 0;
    this.#working = working;
    this.#onTouch = onTouch;
    const onTick = (symbol: number, batch?: TickBatch, row = 0): void =>
      this.#see(symbol, batch, row);
    this.#market = new Market(options.market, onTick, { clock, waitMs });
    options.lastTicks?.((batch) => this.#market.seed(batch));
  }

  poll(): number {
    return this.#market.poll();
  }

  dueNs(): number {
    return this.#market.dueNs();
  }

  /** What an order trades at when it arrives; 0n: it rests. */
  arrivalPrice({ symbol, side, orderType, limitPrice }: OrderIntent): bigint {
    const price = this.touch(symbol, side);
    if (orderType === OrderType.market || price === 0n) return price;
    return isWithin(side, price, limitPrice) ? price : 0n;
  }

  /** The price on the other side, or the last one where there is none; 0n: there is no market. */
  touch(symbol: number, side: number): bigint {
    this.#market.readSure(symbol, this.#point);
    const price = touchPrice(this.#point, side);
    return price > 0 ? moneyFromFloat(price) : 0n;
  }

  /** How much of this the other side shows; all of it where nobody says how much there is. */
  shown(symbol: number, side: number, wanted: bigint): bigint {
    if (!this.#hasQueues) return wanted;
    const volume = (side > 0 ? this.#askVolume : this.#bidVolume)[symbol] ?? 0;
    if (!(volume > 0)) return wanted;
    const taken = this.#taken.get(symbol);
    const left = quantityFromFloat(volume) - (taken?.[side > 0 ? 'ask' : 'bid'] ?? 0n);
    return left < wanted ? left : wanted;
  }

  /** So much of what shown() said is gone. */
  take(symbol: number, side: number, quantity: bigint): void {
    if (!this.#hasQueues) return;
    const taken = this.#taken.get(symbol) ?? { bid: 0n, ask: 0n };
    taken[side > 0 ? 'ask' : 'bid'] += quantity;
    this.#taken.set(symbol, taken);
  }

  /** It is here, or it changed so that it lost its place: the last in the queue, if it rests. */
  enqueue(order: VenueOrder): void {
    if (!this.#hasQueues || order.type === OrderType.market) return;
    const { symbol, side, limitPrice } = order;
    const touch = this.touch(symbol, side);
    const rests = touch === 0n || !isWithin(side, touch, limitPrice);
    const quote = moneyFromFloat(side > 0 ? this.#point.bid : this.#point.ask);
    const volume = (side > 0 ? this.#bidVolume : this.#askVolume)[symbol] ?? 0;
    const ahead = rests ? queueAt(order, quote, volume) : -1n;
    this.#places.set(order, { ahead, due: 0n, rests });
  }

  /** What is executed now of an order that works. */
  resting(order: VenueOrder, into: Match): void {
    const open = order.quantity - order.filled;
    const touch = this.touch(order.symbol, order.side);
    const isMarket = order.type === OrderType.market;
    into.quantity = 0n;
    into.price = isMarket ? touch : order.limitPrice;
    if (isMarket || (touch > 0n && isWithin(order.side, touch, order.limitPrice))) {
      if (touch === 0n) return;
      const comesToIt = !isMarket && this.#placeOf(order)?.rests !== false;
      if (!comesToIt) into.price = touch;
      into.quantity = comesToIt ? open : this.shown(order.symbol, order.side, open);
      if (!comesToIt) this.take(order.symbol, order.side, into.quantity);
      return;
    }
    const place = this.#placeOf(order);
    if (place === undefined) return;
    into.quantity = place.due < open ? place.due : open;
    place.due = 0n;
  }

  /** undefined: there are no queues. */
  #placeOf(order: VenueOrder): Place | undefined {
    if (!this.#hasQueues) return undefined;
    let place = this.#places.get(order);
    if (place === undefined) {
      place = { ahead: -1n, due: 0n, rests: true };
      this.#places.set(order, place);
    }
    return place;
  }

  #see(symbol: number, batch: TickBatch | undefined, row: number): void {
    const working = this.#working(symbol);
    if (this.#hasQueues && batch !== undefined) this.#show(symbol, batch, row, working);
    if ((working?.size ?? 0) > 0) this.#onTouch(symbol);
  }

  #show(
    symbol: number,
    batch: TickBatch,
    row: number,
    working: ReadonlySet<VenueOrder> | undefined,
  ): void {
    if (this.#doubts && isInDoubt(batch.flags[row]!)) return;
    if (symbol >= this.#bidVolume.length) {
      const size = Math.max(symbol + 1, 2 * this.#bidVolume.length);
      this.#bidVolume = grown(this.#bidVolume, size);
      this.#askVolume = grown(this.#askVolume, size);
    }
    this.#bidVolume[symbol] = batch.bidVolume[row]!;
    this.#askVolume[symbol] = batch.askVolume[row]!;
    if (this.#taken.size > 0) this.#taken.delete(symbol);
    if (working === undefined || working.size === 0) return;
    const tick = new Trade(batch, row);
    for (const order of working) if (order.type !== OrderType.market) this.#advance(order, tick);
  }

  /** Trades pass the queue; orders that leave in front shorten it, new ones stand behind. */
  #advance(order: VenueOrder, tick: Trade): void {
    const place = this.#placeOf(order);
    if (place === undefined) return;
    const { side, limitPrice } = order;
    const touch = tick.touch(side);
    // The touch is at its limit: it is executed by that.
    if (touch > 0n && isWithin(side, touch, limitPrice)) return;
    if (place.rests && tick.volume > 0n && isWithin(side, tick.price, limitPrice)) {
      const open = order.quantity - order.filled - place.due;
      if (tick.price !== limitPrice) place.due += open;
      else if (place.ahead >= 0n) {
        const passing = place.ahead < tick.volume ? place.ahead : tick.volume;
        place.ahead -= passing;
        const rest = tick.volume - passing;
        const traded = open < rest ? open : rest;
        // Orders of ours at one price do not execute by the same volume.
        tick.volume -= traded;
        place.due += traded;
      }
    }
    place.rests = true;
    const shown = queueAt(order, side > 0 ? tick.bid : tick.ask, tick.shown(side));
    if (shown >= 0n && (place.ahead < 0n || shown < place.ahead)) place.ahead = shown;
  }
}

/** A tick, as amounts of money. */
class Trade {
  readonly price: bigint;
  readonly bid: bigint;
  readonly ask: bigint;
  volume: bigint;
  readonly #bidVolume: number;
  readonly #askVolume: number;

  constructor(batch: TickBatch, row: number) {
    const price = moneyOf(batch.price[row]!);
    this.price = price;
    this.bid = moneyOf(batch.bid[row]!);
    this.ask = moneyOf(batch.ask[row]!);
    this.volume = price > 0n ? quantityFromFloat(batch.volume[row]!) : 0n;
    this.#bidVolume = batch.bidVolume[row]!;
    this.#askVolume = batch.askVolume[row]!;
  }

  touch(side: number): bigint {
    const quote = side > 0 ? this.ask : this.bid;
    return quote > 0n ? quote : this.price;
  }

  /** Of the own side. */
  shown(side: number): number {
    return side > 0 ? this.#bidVolume : this.#askVolume;
  }
}

/** In front of an order that comes now, of what its own side shows; below 0: not to be seen. */
function queueAt({ side, limitPrice }: VenueOrder, quote: bigint, volume: number): bigint {
  if (quote === limitPrice) return quantityFromFloat(volume);
  // No quote, or a worse one: it is the first at its price.
  return quote === 0n || (side > 0 ? quote < limitPrice : quote > limitPrice) ? 0n : -1n;
}

export function isWithin(side: number, price: bigint, limitPrice: bigint): boolean {
  return side > 0 ? price <= limitPrice : price >= limitPrice;
}

function moneyOf(value: number): bigint {
  return moneyFromFloat(priceOrNone(value));
}
