// A position of one symbol by average price, exact. Cost and PnL are kept scaled by 1e16 (quantity
// times price, unrounded), so that what is realised and what is still invested always add up to the
// cash that moved: realised = cash + cost. Only what is shown is rounded.

import { divideRound, moneyScale } from '@ndts/protocol';

export class Position {
  readonly symbol: number;
  /** Signed: above 0 long, below 0 short. */
  quantity = 0n;
  /** Signed sum paid for the open quantity, scaled by 1e16. */
  cost = 0n;
  /** Realised PnL without fees, scaled by 1e16. */
  realised = 0n;
  /** Money received minus money paid, without fees, scaled by 1e16. */
  cash = 0n;
  fees = 0n;
  /** Open quantity of orders that buy, and of those that sell. */
  openBuy = 0n;
  openSell = 0n;
  /** Price it was last marked at, and the PnL of that mark, scaled by 1e16. */
  markPrice = 0n;
  unrealised = 0n;
  /** Listed among the positions to mark again. */
  dirty = false;

  constructor(symbol: number) {
    this.symbol = symbol;
  }

  /** Average price of the open quantity, rounded to 1e-8; 0 when flat. */
  get averagePrice(): bigint {
    return this.quantity === 0n ? 0n : divideRound(this.cost, this.quantity);
  }

  /** Applies an execution; returns what it realised, scaled by 1e16. `side` is +1 or -1. */
  execute(side: number, quantity: bigint, price: bigint, fee: bigint): bigint {
    const signed = side > 0 ? quantity : -quantity;
    const before = this.quantity;
    this.fees += fee;
    this.cash -= signed * price;
    let realised = 0n;
    if (before === 0n || before > 0n === signed > 0n) {
      this.cost += signed * price;
    } else {
      const size = before > 0n ? before : -before;
      const closing = quantity < size ? quantity : size;
      const signedClosing = signed > 0n ? closing : -closing;
      // The share of the cost that leaves; the whole of it when nothing stays open.
      const released = closing === size ? this.cost : divideRound(this.cost * closing, size);
      realised = -signedClosing * price - released;
      this.cost += (signed - signedClosing) * price - released;
    }
    this.quantity = before + signed;
    this.realised += realised;
    return realised;
  }

  /** Sets the average price: what it moves out of the cost becomes realised, so that all still adds
   * up. Returns the change of what is realised, scaled by 1e16. */
  adjust(averagePrice: bigint): bigint {
    const change = this.quantity * averagePrice - this.cost;
    this.cost += change;
    this.realised += change;
    return change;
  }

  /** Values the open quantity at a price; returns the change of the unrealised PnL (1e16). */
  mark(price: bigint): bigint {
    const unrealised = this.quantity * price - this.cost;
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
