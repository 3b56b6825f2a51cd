// Sends no more messages a second than the venue takes: it ends the session of who sends more.
// What always holds: messages leave in their order; what waited when the session ended is dropped,
// never sent into the next one.

import type { Clock } from '@ndts/protocol';
import { MessageRate } from '../risk/message-rate.js';

interface Waiting {
  readonly send: () => void;
  readonly dropped: (() => void) | undefined;
}

export class Pacing {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #rate = new MessageRate();
  readonly #waiting: Waiting[] = [];

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Now if it may, else from a later `flush`; `dropped` is told when it never will. */
  send(send: () => void, dropped?: () => void): void {
    this.#waiting.push({ send, dropped });
    this.flush();
  }

  /** Sends what may leave by now; returns how many. */
  flush(): number {
    if (this.#waiting.length === 0) return 0;
    const now = this.#clock.monotonicNs();
    const count = Math.min(this.#waiting.length, this.#rate.left(now, this.#perSecond));
    for (const { send } of this.#waiting.splice(0, Math.max(0, count))) {
      this.#rate.count(now);
      send();
    }
    return Math.max(0, count);
  }

  drop(): number {
    const dropped = this.#waiting.splice(0);
    for (const one of dropped) one.dropped?.();
    return dropped.length;
  }
}
