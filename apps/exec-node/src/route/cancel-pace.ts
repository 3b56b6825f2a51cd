// How often the node asks by itself for a cancel that the venue refuses, as some do outside of
// their hours: they count what they are asked, and ban whoever asks too much. What always holds:
// the first time is at once; each time after is twice as late as the one before, up to a bound, so
// that what can be canceled again is soon.

import { type Clock, nsPerSecond } from '@ndts/protocol';
import type { Order } from '../order/order.js';

const firstNs = nsPerSecond;
const doublings = 4;

export class CancelPace {
  readonly #clock: Clock;
  readonly #asked = new WeakMap<Order, { readonly atNs: number; readonly times: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long it has to wait; 0: it is asked for now. */
  ask(order: Order): number {
    const now = this.#clock.monotonicNs();
    const { atNs, times } = this.#asked.get(order) ?? { atNs: Number.NEGATIVE_INFINITY, times: 0 };
    const waitNs = firstNs * 2 ** Math.min(Math.max(times - 1, 0), doublings) - (now - atNs);
    if (waitNs > 0) return waitNs;
    this.#asked.set(order, { atNs: now, times: times + 1 });
    return 0;
  }
}
