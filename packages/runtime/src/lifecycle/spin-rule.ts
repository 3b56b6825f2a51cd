// hot: no allocation after init
// Whether it pays to spin for the next piece of work. Where work comes often, yes, for spinMs after
// the last: sleeping would make each a little late. Where it comes seldom a spin ends before the
// next piece comes and is waste; then it is long enough for an answer to the last piece.

import { nsPerMs } from '@ndts/protocol';

/** Work comes often when spinMs would see so many pieces. */
const oftenPerSpin = 10;
const answerNs = 300_000;
/** How much of the mean a new gap is. */
const weight = 1 / 8;

export class SpinRule {
  spinMs: number;
  #lastNs: number;
  #meanGapNs: number;

  constructor(spinMs: number, nowNs: number) {
    this.spinMs = spinMs;
    this.#lastNs = nowNs;
    this.#meanGapNs = Number.isFinite(spinMs) ? spinMs * nsPerMs : 0;
  }

  /** When there was work last. */
  get lastNs(): number {
    return this.#lastNs;
  }

  /** There was work. */
  note(nowNs: number): void {
    // A pause counts as one spin in vain, however long it was.
    const gapNs = Math.min(nowNs - this.#lastNs, this.spinMs * nsPerMs);
    this.#meanGapNs += weight * (gapNs - this.#meanGapNs);
    this.#lastNs = nowNs;
  }

  spins(nowNs: number): boolean {
    const spinNs = this.spinMs * nsPerMs;
    const isOften = this.#meanGapNs * oftenPerSpin <= spinNs;
    return nowNs - this.#lastNs < (isOften ? spinNs : Math.min(spinNs, answerNs));
  }
}
