// Ticks for the benches of the engine: a price walk of two decimals, lots of 100, bid and ask a cent
// around, nanosecond times at irregular gaps; by a fixed rule, so that equal work has an equal hash.

import { createTickBatch, type TickBatch } from '@ndts/protocol';

const nsPerDay = 86_400e9;

export class TickFill {
  readonly #symbols: number;
  readonly #gapNs: number;
  readonly #cents: Int32Array;
  #state = 12345;
  #day: number;
  #nsOfDay = 0;
  #next = 0;

  /** `gapNs`: mean time between two ticks of all symbols together. */
  constructor(symbols: number, gapNs: number, day = 20_000) {
    this.#symbols = symbols;
    this.#gapNs = gapNs;
    this.#day = day;
    this.#cents = new Int32Array(symbols).map((_, index) => 1000 + 37 * (index % 500));
  }

  /** Fills the batch; symbols 1 to `symbols` in turn. */
  fill(batch: TickBatch): void {
    for (let row = 0; row < batch.capacity; row += 1) {
      const chance = this.#random();
      const symbol = this.#next;
      this.#next = (this.#next + 1) % this.#symbols;
      this.#nsOfDay += 1 + Math.floor(2 * this.#gapNs * (chance / 4294967296));
      if (this.#nsOfDay >= nsPerDay) {
        this.#nsOfDay -= nsPerDay;
        this.#day += 1;
      }
      const cents = Math.max(100, (this.#cents[symbol] ?? 0) + ((chance >>> 8) % 5) - 2);
      this.#cents[symbol] = cents;
      batch.day[row] = this.#day;
      batch.nsOfDay[row] = this.#nsOfDay;
      batch.symbol[row] = symbol + 1;
      batch.price[row] = cents / 100;
      batch.bid[row] = (cents - 1) / 100;
      batch.ask[row] = (cents + 1) / 100;
      batch.volume[row] = 100 * (1 + ((chance >>> 16) % 50));
      batch.bidVolume[row] = 100 * (1 + ((chance >>> 20) % 90));
      batch.askVolume[row] = 100 * (1 + ((chance >>> 12) % 90));
    }
    batch.count = batch.capacity;
  }

  batch(rows: number): TickBatch {
    const batch = createTickBatch(rows);
    this.fill(batch);
    return batch;
  }

  #random(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state;
  }
}
