// hot: no allocation after init
// Simulated prices: per symbol a slow walk around a base price and on it a fast swing that reverts
// within some twenty ticks, so that bands of twenty ticks are crossed and crossings revert. All
// state is flat, in units of the symbol's tick size. Always: prices are exact decimals of two
// places, bid is below ask, and the walk of a symbol depends on its name, the seed and the draws
// only.

import { xxHash32 } from '@ndts/protocol';
import type { Draws } from './draws.js';

const encoder = new TextEncoder();
/** Sum of four uniform bytes: mean 510, standard deviation 147.8. */
const bytesMean = 510;
const bytesDeviation = 147.8;
/** Pull towards the base price, and of the swing towards zero, per tick. */
const slowPull = 1e-4;
const swingPull = 0.05;

export class PriceWalk {
  /** What step() left: one quote in currency and its volumes. */
  price = 0;
  bid = 0;
  ask = 0;
  volume = 0;
  bidVolume = 0;
  askVolume = 0;

  readonly #tickCents: Float64Array;
  readonly #base: Float64Array;
  readonly #floor: Float64Array;
  readonly #level: Float64Array;
  readonly #swing: Float64Array;
  readonly #slowStep: Float64Array;
  readonly #swingStep: Float64Array;

  /** `starts` are the prices to go on from, by symbol index; NaN starts at the base price. */
  constructor(names: readonly string[], seed: number, starts: Float64Array) {
    const count = names.length;
    this.#tickCents = new Float64Array(count);
    this.#base = new Float64Array(count);
    this.#floor = new Float64Array(count);
    this.#level = new Float64Array(count);
    this.#swing = new Float64Array(count);
    this.#slowStep = new Float64Array(count);
    this.#swingStep = new Float64Array(count);
    for (const [index, name] of names.entries()) this.#place(index, name, seed, starts[index]!);
  }

  #place(index: number, name: string, seed: number, start: number): void {
    // Between 10 and 500, evenly over the logarithm.
    const uniform = xxHash32(encoder.encode(name), seed) / 4_294_967_296;
    const basePrice = 10 * 50 ** uniform;
    const tickCents = basePrice < 200 ? 1 : 5;
    const base = Math.round((basePrice * 100) / tickCents);
    const level = start > 0 ? (start * 100) / tickCents : base;
    this.#tickCents[index] = tickCents;
    this.#base[index] = base;
    this.#level[index] = level;
    this.#floor[index] = Math.max(100, Math.min(base / 4, level / 2));
    this.#slowStep[index] = Math.max(0.3, base * 5e-5);
    this.#swingStep[index] = Math.max(0.6, base * 2e-4);
  }

  /** The tick size of a symbol in currency. */
  tickSize(index: number): number {
    return this.#tickCents[index]! / 100;
  }

  /** Moves the symbol by one tick and leaves its quote in the public fields. */
  step(index: number, draws: Draws): void {
    let level = this.#level[index]!;
    level += slowPull * (this.#base[index]! - level);
    level += this.#slowStep[index]! * normal(draws.next());
    level = Math.max(level, this.#floor[index]!);
    this.#level[index] = level;
    const swing = this.#swing[index]! * (1 - swingPull);
    const moved = swing + this.#swingStep[index]! * normal(draws.next());
    this.#swing[index] = moved;
    this.#quote(index, level + moved, draws.next());
  }

  #quote(index: number, middle: number, details: number): void {
    const tickCents = this.#tickCents[index]!;
    const spread = 1 + (details & 1) + ((details >>> 1) & (details >>> 2) & 1);
    const bid = Math.max(50, Math.round(middle - spread / 2));
    const ask = bid + spread;
    this.bid = (bid * tickCents) / 100;
    this.ask = (ask * tickCents) / 100;
    this.price = (details & 8) === 0 ? this.bid : this.ask;
    this.volume = 100 * (1 + ((details >>> 4) & 15));
    this.bidVolume = 100 * (1 + ((details >>> 8) & 15));
    this.askVolume = 100 * (1 + ((details >>> 12) & 15));
  }
}

/** Nearly normal, from the four bytes of one draw. */
function normal(draw: number): number {
  const sum = (draw & 255) + ((draw >>> 8) & 255) + ((draw >>> 16) & 255) + (draw >>> 24);
  return (sum - bytesMean) / bytesDeviation;
}
