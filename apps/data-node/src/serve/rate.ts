// Events per second over about the last second: differences of a counter between samples. Always:
// the answer covers what was really measured; before the second sample it is 0.

const sampleCount = 5;

export class RecentRate {
  readonly #counts = new Float64Array(sampleCount);
  readonly #timesNs = new Float64Array(sampleCount);
  #samples = 0;

  /** Call at a steady pace; returns the rate over the last samples, this one included. */
  sample(count: number, nowNs: number): number {
    const slot = this.#samples % sampleCount;
    const oldest = this.#samples < sampleCount ? 0 : (slot + 1) % sampleCount;
    this.#counts[slot] = count;
    this.#timesNs[slot] = nowNs;
    this.#samples += 1;
    const spanNs = nowNs - this.#timesNs[oldest]!;
    return spanNs > 0 ? ((count - this.#counts[oldest]!) * 1e9) / spanNs : 0;
  }
}
