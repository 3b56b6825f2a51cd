// Orders that somebody wants canceled and that work all the same: the cancel was lost with the
// connection, by a restart, or nobody answered it. What always holds: who was told that it is asked
// for finds it asked for again until the venue answers; what the venue refused to cancel is not
// asked for by itself; parts of an order that works here are that order's business.

import { type Clock, nsPerMs, OrderState } from '@ndts/protocol';
import type { Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';

/** Each time without effect it takes twice as long until the next, up to so often. */
const doublings = 4;

const working: ReadonlySet<OrderState> = new Set([
  OrderState.accepted,
  OrderState.partiallyFilled,
  OrderState.triggered,
]);

export class CancelWishes {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #answerTimeoutNs: number;
  readonly #cancel: (clientOrderId: string, why: string) => boolean;
  /** How often each was asked for again. */
  readonly #open = new Map<Order, number>();

  constructor(
    ledger: Ledger,
    clock: Clock,
    answerTimeoutMs: number,
    cancel: (clientOrderId: string, why: string) => boolean,
  ) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#answerTimeoutNs = answerTimeoutMs * nsPerMs;
    this.#cancel = cancel;
  }

  /** After the journal was folded. */
  open(): void {
    for (const order of this.#ledger.orders.open()) this.changed(order);
  }

  changed(order: Order): void {
    if (order.cancelWanted === '' || order.worksHere) this.#open.delete(order);
    else if (!this.#open.has(order)) this.#open.set(order, 0);
  }

  /** Time alone gives it something to do. */
  get isWaiting(): boolean {
    return this.#open.size > 0;
  }

  /** Part of the duty cycle, while the broker is reachable; returns how many it asked for. */
  doWork(): number {
    let count = 0;
    for (const [order, times] of this.#open) {
      if (!this.#isDue(order, times)) continue;
      this.#open.set(order, times + 1);
      if (this.#cancel(order.id, order.cancelWanted)) count += 1;
    }
    return count;
  }

  /** At once when the last request was one of an earlier process. */
  #isDue({ state, parent, submittedNs }: Order, times: number): boolean {
    if (!working.has(state) || parent?.closed === false) return false;
    const waitNs = this.#answerTimeoutNs * 2 ** Math.min(times, doublings);
    return submittedNs === 0 || this.#clock.monotonicNs() - submittedNs >= waitNs;
  }
}
