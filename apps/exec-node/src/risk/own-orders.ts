// The prices of our own orders at the venue, so that none trades with another. What always holds:
// an order is in it from its intent until it closes; the best price of a side is exact whenever it
// is asked for, and is found again only after the order that had it went.

import type { Order } from '../order/order.js';

class Side {
  readonly prices = new Map<Order, bigint>();
  #best: bigint | undefined;
  #isStale = false;
  readonly #isBetter: (a: bigint, b: bigint) => boolean;

  constructor(isBetter: (a: bigint, b: bigint) => boolean) {
    this.#isBetter = isBetter;
  }

  set(order: Order, price: bigint): void {
    const before = this.prices.get(order);
    if (before === price) return;
    if (before !== undefined) this.delete(order);
    this.prices.set(order, price);
    if (this.#best === undefined || this.#isBetter(price, this.#best)) this.#best = price;
  }

  delete(order: Order): void {
    const price = this.prices.get(order);
    if (price === undefined) return;
    this.prices.delete(order);
    if (price === this.#best) this.#isStale = true;
  }

  best(): bigint | undefined {
    if (!this.#isStale) return this.#best;
    this.#isStale = false;
    this.#best = undefined;
    for (const price of this.prices.values())
      if (this.#best === undefined || this.#isBetter(price, this.#best)) this.#best = price;
    return this.#best;
  }
}

interface SymbolOrders {
  readonly buys: Side;
  readonly sells: Side;
}

export class OwnOrders {
  readonly #bySymbol = new Map<number, SymbolOrders>();

  /** Only limit orders rest; one at the market is gone before another could meet it. */
  changed(order: Order): void {
    const { symbol, side, limitPrice } = order.intent;
    if (order.worksHere || limitPrice <= 0n) return;
    let orders = this.#bySymbol.get(symbol);
    if (orders === undefined) {
      if (order.closed) return;
      orders = { buys: new Side((a, b) => a > b), sells: new Side((a, b) => a < b) };
      this.#bySymbol.set(symbol, orders);
    }
    const own = side > 0 ? orders.buys : orders.sells;
    if (order.closed) own.delete(order);
    else own.set(order, limitPrice);
  }

  /** The best price an order of the side would meet of ours; 0n: none. */
  against(symbol: number, side: number): bigint {
    const orders = this.#bySymbol.get(symbol);
    if (orders === undefined) return 0n;
    return (side > 0 ? orders.sells : orders.buys).best() ?? 0n;
  }
}
