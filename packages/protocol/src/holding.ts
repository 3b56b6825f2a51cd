// What is held of one symbol, by average price, exact: the same arithmetic in live positions and in
// backtests. Cost and PnL are kept scaled by 1e16 (quantity times price, unrounded), so that what
// is realised and what is still invested always add up to the cash that moved: realised = cash +
// cost. Only what is shown is rounded.

import { divideRound } from './money.js';

export class Holding {
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
    const paid = signed * price;
    this.fees += fee;
    this.cash -= paid;
    if (before === 0n || before > 0n === signed > 0n) {
      this.cost += paid;
      this.quantity = before + signed;
      return 0n;
    }
    const size = before > 0n ? before : -before;
    const realised = quantity === size ? this.#closeAll(paid) : this.#close(size, signed, price);
    this.realised += realised;
    return realised;
  }

  /** What is done most often takes the fewest steps. */
  #closeAll(paid: bigint): bigint {
    const realised = -(paid + this.cost);
    this.cost = 0n;
    this.quantity = 0n;
    return realised;
  }

  /** A part of it, or all and then the other side is opened. */
  #close(size: bigint, signed: bigint, price: bigint): bigint {
    const quantity = signed > 0n ? signed : -signed;
    const closing = quantity < size ? quantity : size;
    // The share of the cost that leaves; the whole of it when nothing stays open.
    const released = closing === size ? this.cost : divideRound(this.cost * closing, size);
    const closed = (signed > 0n ? closing : -closing) * price;
    this.cost += signed * price - closed - released;
    this.quantity += signed;
    return -closed - released;
  }
}
