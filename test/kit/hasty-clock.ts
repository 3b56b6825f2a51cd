// The real clock with timers that come so many times sooner: for what gives up after long silence.

import type { Timer } from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';

export class HastyClock extends SystemClock {
  readonly #times: number;

  constructor(times: number) {
    super();
    this.#times = times;
  }

  override setTimer(delayMs: number, action: () => void): Timer {
    return super.setTimer(delayMs / this.#times, action);
  }
}
