// hot: no allocation after init
//
// How many orders were sent in the last second. What always holds: no second of the clock, wherever
// it starts, sees more than the limit (the window is counted in slices and covers a slice more).

const slices = 20;
const sliceNs = 1e9 / slices;

export class MessageRate {
  readonly #counts = new Int32Array(slices + 1);
  #slice = 0;
  #sum = 0;

  /** Orders left at this monotonic time under a limit per second. */
  left(nowNs: number, perSecond: number): number {
    this.#advance(nowNs);
    return perSecond - this.#sum;
  }

  /** Counts one order. */
  count(nowNs: number): void {
    this.#advance(nowNs);
    const index = this.#slice % this.#counts.length;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += 1;
  }

  #advance(nowNs: number): void {
    const slice = Math.floor(nowNs / sliceNs);
    const steps = Math.min(slice - this.#slice, this.#counts.length);
    for (let step = 0; step < steps; step++) {
      const index = (slice - step) % this.#counts.length;
      this.#sum -= this.#counts[index] ?? 0;
      this.#counts[index] = 0;
    }
    if (slice > this.#slice) this.#slice = slice;
  }
}
