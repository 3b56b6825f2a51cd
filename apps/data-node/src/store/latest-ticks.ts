// hot: no allocation after init
// The last price and the number of accepted ticks by symbol id, for whoever asks what there is.

import type { TickBatch } from '@ndts/protocol';

export class LatestTicks {
  #price: Float64Array;
  #ticks: Float64Array;

  constructor(symbolCount: number) {
    this.#price = new Float64Array(symbolCount).fill(Number.NaN);
    this.#ticks = new Float64Array(symbolCount);
  }

  note(batch: TickBatch): void {
    for (let row = 0; row < batch.count; row += 1) {
      const symbol = batch.symbol[row]!;
      if (symbol >= this.#price.length) this.#grow(symbol + 1);
      this.#price[symbol] = batch.price[row]!;
      this.#ticks[symbol]! += 1;
    }
  }

  /** A price known from before this start. */
  setPrice(symbol: number, price: number): void {
    if (symbol >= this.#price.length) this.#grow(symbol + 1);
    this.#price[symbol] = price;
  }

  /** undefined: none seen. */
  price(symbol: number): number | undefined {
    const price = this.#price[symbol];
    return price === undefined || Number.isNaN(price) ? undefined : price;
  }

  /** Since the start of the process. */
  ticks(symbol: number): number {
    return this.#ticks[symbol] ?? 0;
  }

  #grow(count: number): void {
    const length = Math.max(count, this.#price.length * 2);
    const price = new Float64Array(length).fill(Number.NaN);
    price.set(this.#price);
    const ticks = new Float64Array(length);
    ticks.set(this.#ticks);
    this.#price = price;
    this.#ticks = ticks;
  }
}
