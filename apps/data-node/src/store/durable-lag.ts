// hot: no allocation after init
// How long the oldest tick that is accepted and not yet durable has waited: measured from the
// times of acceptance, not guessed from rates. Appends within one millisecond share a mark whose
// time is that of its oldest append, so the answer is never too small. Bounded: when full, the
// newest mark grows.

import { nsPerMs } from '@ndts/protocol';

const groupNs = nsPerMs;
const capacity = 4096;

export class DurableLag {
  readonly #positions = new Float64Array(capacity);
  readonly #timesNs = new Float64Array(capacity);
  #first = 0;
  #count = 0;

  /** Everything up to `position` of the log is accepted at this time. */
  note(position: number, nowNs: number): void {
    if (this.#count > 0) {
      const last = (this.#first + this.#count - 1) % capacity;
      if (nowNs - this.#timesNs[last]! < groupNs || this.#count === capacity) {
        this.#positions[last] = position;
        return;
      }
    }
    const next = (this.#first + this.#count) % capacity;
    this.#positions[next] = position;
    this.#timesNs[next] = nowNs;
    this.#count += 1;
  }

  lagNs(durablePosition: number, nowNs: number): number {
    while (this.#count > 0 && this.#positions[this.#first]! <= durablePosition) {
      this.#first = (this.#first + 1) % capacity;
      this.#count -= 1;
    }
    // It may have been noted after `nowNs` was read.
    return this.#count === 0 ? 0 : Math.max(0, nowNs - this.#timesNs[this.#first]!);
  }
}
