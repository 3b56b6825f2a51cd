// From which tick on the windows of a symbol are full, when ticks are looked at from some time on
// only. Always: never too early; of rows alone, or one window of time, at the first that is.

import type { FactorReach } from '@ndts/native/factor';
import { nsBetween, type TickBatch, type Time } from '@ndts/protocol';

interface Progress {
  step: number;
  rows: number;
  since: Time;
}

export class WarmSymbols {
  /** From the earliest on: rows, nanoseconds, rows ... */
  readonly #steps: readonly number[];
  readonly #from: Time;
  readonly #symbols = new Map<number, Progress>();

  constructor(reach: FactorReach, from: Time) {
    this.#steps = reach.toReversed();
    this.#from = from;
  }

  /** Ticks of a symbol in their order: whether this one looks at no tick before `from`. */
  add({ symbol, day, nsOfDay }: TickBatch, row: number): boolean {
    const id = symbol[row]!;
    const at = this.#symbols.get(id) ?? { step: 0, rows: 0, since: this.#from };
    this.#symbols.set(id, at);
    const steps = this.#steps;
    if (at.step === steps.length) return true;
    const now = { day: day[row]!, nsOfDay: nsOfDay[row]! };
    at.rows += 1;
    while (at.step < steps.length) {
      const wanted = steps[at.step]!;
      if (at.step % 2 === 0) {
        if (at.rows < wanted) return false;
        // What needs no row before is known from the beginning on.
        if (at.step > 0 || wanted > 1) at.since = now;
      } else if (nsBetween(now, at.since) < wanted) return false;
      else at.rows = 1;
      at.step += 1;
    }
    return true;
  }
}
