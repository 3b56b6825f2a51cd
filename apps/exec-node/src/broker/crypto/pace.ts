// The pace of a venue, in the place of ccxt's own queue, which outlives an outage. What always
// holds: a request weighs what ccxt says it costs; what waits when the venue goes away is dropped;
// orders and cancels go before questions, which may be many.

import type { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, NdtsError, nsPerMs, type Timer } from '@ndts/protocol';
import type { CcxtTrading } from './ccxt-trading.js';

interface Waiting {
  readonly cost: number;
  readonly send: () => void;
  readonly dropped: () => void;
}

/** As much as may be sent ahead of the pace. */
const aheadNs = 1e9;

export class Pace {
  readonly #clock: Clock;
  readonly #unitNs: number;
  readonly #orders: Waiting[] = [];
  readonly #questions: Waiting[] = [];
  /** Until when what was sent is paid. */
  #paidNs = 0;
  #timer: Timer | undefined;

  /** `unitMs`: between two requests that cost 1. */
  constructor(clock: Clock, unitMs: number) {
    this.#clock = clock;
    this.#unitNs = unitMs * nsPerMs;
  }

  /** Resolves when the request may leave. */
  wait(cost: number, isOrder: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const why = 'the venue went away before the request was sent';
      const dropped = (): void => reject(new NdtsError('UNAVAILABLE', why));
      (isOrder ? this.#orders : this.#questions).push({ cost, send: resolve, dropped });
      this.#flush();
    });
  }

  drop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { dropped } of [...this.#orders.splice(0), ...this.#questions.splice(0)]) dropped();
  }

  #flush(): void {
    const now = this.#clock.monotonicNs();
    for (;;) {
      const queue = this.#orders.length > 0 ? this.#orders : this.#questions;
      const next = queue[0];
      if (next === undefined) return;
      const waitNs = this.#paidNs - now - aheadNs;
      if (waitNs > 0) {
        this.#timer ??= this.#clock.setTimer(Math.ceil(waitNs / nsPerMs), () => {
          this.#timer = undefined;
          this.#flush();
        });
        return;
      }
      queue.shift();
      this.#paidNs = Math.max(this.#paidNs, now) + next.cost * this.#unitNs;
      next.send();
    }
  }
}

/** Every request of ccxt asks before it is sent, with its cost. `leaving`: what is to be done right
 * before one of those that are made within it; what it throws keeps the request here. */
export function paced(
  exchange: CcxtTrading,
  pace: Pace,
  leaving: AsyncLocalStorage<() => void>,
): void {
  const costOf = exchange.calculateRateLimiterCost.bind(exchange);
  let isOrder = false;
  exchange.calculateRateLimiterCost = (api, method, path, ...more) => {
    isOrder = sendsOrder(method, path);
    return costOf(api, method, path, ...more);
  };
  exchange.throttle = async (cost = 1) => {
    await pace.wait(cost, isOrder);
    leaving.getStore()?.();
  };
}

/** Some venues ask by POST, too. */
function sendsOrder(method: string, path: string): boolean {
  return method !== 'GET' && !/open|closed|quer|history|balance|trades|get/i.test(path);
}
