// A position of one symbol as risk and people see it: what is held (Holding of protocol, exact),
// what open orders may add to it, and its value at the market. What always holds: all money counts
// the multiplier of the instrument; prices that go in and out are those of one unit.

import { divideRound, Holding, moneyScale } from '@ndts/protocol';

export class Position extends Holding {
  /** What one unit is worth at price 1, from the next execution on. */
  multiplier: bigint;
  /** Of all its money; empty: the one of the account. */
  currency: string;
  /** Open quantity of orders that buy, and of those that sell. */
  openBuy = 0n;
  openSell = 0n;
  /** Of persons: what of the quantity closes what strategies hold. */
  closing = 0n;
  /** Price it was last marked at, and the PnL of that mark, scaled by 1e16. */
  markPrice = 0n;
  unrealised = 0n;
  /** Listed among the positions to mark again. */
  dirty = false;

  constructor(symbol: number, currency = '', multiplier = 1n) {
    super(symbol);
    this.currency = currency;
    this.multiplier = multiplier;
  }

  get isInUse(): boolean {
    return this.quantity !== 0n || this.openBuy !== 0n || this.openSell !== 0n;
  }

  get wasTraded(): boolean {
    return this.quantity !== 0n || this.cash !== 0n || this.fees !== 0n || this.realised !== 0n;
  }

  override get averagePrice(): bigint {
    return this.quantity === 0n ? 0n : divideRound(this.cost, this.quantity * this.multiplier);
  }

  override execute(side: number, quantity: bigint, price: bigint, fee: bigint): bigint {
    return super.execute(side, quantity, price * this.multiplier, fee);
  }

  /** Sets the average price: what it moves out of the cost becomes realised, so that all still adds
   * up. Returns the change of what is realised, scaled by 1e16. */
  adjust(averagePrice: bigint): bigint {
    const change = this.quantity * averagePrice * this.multiplier - this.cost;
    this.cost += change;
    this.realised += change;
    return change;
  }

  /** An execution was at another price, dearer by `change` a unit: what of it is still held costs
   * that much more, what is not was realised for less. Returns the change of that (1e16). */
  correct(side: number, quantity: bigint, change: bigint, fee: bigint): bigint {
    const paid = BigInt(side) * quantity * change * this.multiplier;
    this.fees += fee;
    this.cash -= paid;
    const held = side > 0 ? this.quantity : -this.quantity;
    const open = held < 0n ? 0n : held < quantity ? held : quantity;
    const kept = BigInt(side) * open * change * this.multiplier;
    this.cost += kept;
    this.realised += kept - paid;
    return kept - paid;
  }

  /** Values the open quantity at a price; returns the change of the unrealised PnL (1e16). */
  mark(price: bigint): bigint {
    const unrealised = this.quantity * price * this.multiplier - this.cost;
    const change = unrealised - this.unrealised;
    this.markPrice = price;
    this.unrealised = unrealised;
    return change;
  }
}

/** From 1e16 to money, rounded half away from zero. */
export function fromSquared(value: bigint): bigint {
  return divideRound(value, moneyScale);
}
