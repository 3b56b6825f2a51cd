// Orders that look alike, and strategies that execute over and over. What always holds: memory is
// one entry per strategy, symbol and side; nothing here decides, it only remembers.

interface Last {
  quantity: bigint;
  price: bigint;
  ns: number;
  /** Start and count of the window. */
  fromNs: number;
  count: number;
}

export class Repeats {
  /** By strategy, then by symbol and side. */
  readonly #last = new Map<number, Map<number, Last>>();

  /** Equal to the last one of its strategy, symbol and side, less than `withinNs` ago. */
  isDuplicate(
    instance: number,
    symbol: number,
    side: number,
    order: { readonly quantity: bigint; readonly limitPrice: bigint },
    nowNs: number,
    withinNs: number,
  ): boolean {
    if (withinNs <= 0) return false;
    const last = this.#last.get(instance)?.get(keyOf(symbol, side));
    if (last === undefined || nowNs - last.ns >= withinNs) return false;
    return last.quantity === order.quantity && last.price === order.limitPrice;
  }

  /** Remembers an approved order; returns how many of its kind the window has with it. */
  count(
    instance: number,
    symbol: number,
    side: number,
    order: { readonly quantity: bigint; readonly limitPrice: bigint },
    nowNs: number,
    windowNs: number,
  ): number {
    const key = keyOf(symbol, side);
    let ofStrategy = this.#last.get(instance);
    if (ofStrategy === undefined) {
      ofStrategy = new Map();
      this.#last.set(instance, ofStrategy);
    }
    let last = ofStrategy.get(key);
    if (last === undefined) {
      last = { quantity: 0n, price: 0n, ns: 0, fromNs: nowNs, count: 0 };
      ofStrategy.set(key, last);
    }
    if (nowNs - last.fromNs >= windowNs) {
      last.fromNs = nowNs;
      last.count = 0;
    }
    last.quantity = order.quantity;
    last.price = order.limitPrice;
    last.ns = nowNs;
    last.count += 1;
    return last.count;
  }
}

function keyOf(symbol: number, side: number): number {
  return symbol * 2 + (side > 0 ? 1 : 0);
}
