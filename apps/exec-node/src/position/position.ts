// A position of one symbol as risk and people see it: what is held (Holding of protocol, exact),
// what open orders may add to it, and its value at the market.

import { divideRound, Holding, moneyScale } from '@ndts/protocol';

export class Position extends Holding {
  /** Open quantity of orders that buy, and of those that sell. */
  openBuy = 0n;
  openSell = 0n;
  /** Price it was last marked at, and the PnL of that mark, scaled by 1e16. */
  markPrice = 0n;
  unrealised = 0n;
  /** Listed among the positions to mark again. */
  dirty = false;

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
