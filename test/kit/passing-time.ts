// Time passing in a test: virtual time that gives promises their turn, and waiting for something
// that will come without a bound that a slow machine could miss.

import type { VirtualClock } from '@ndts/runtime';

const settleTurns = 4;
const pollMs = 2;

/** Lets promises and finished I/O have their turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn++) await new Promise((next) => setImmediate(next));
}

/** Advances from timer to timer, settling after each, as a running process would see it. */
export async function elapse(clock: VirtualClock, ms: number): Promise<void> {
  await settle();
  const endNs = clock.monotonicNs() + ms * 1e6;
  while (clock.monotonicNs() < endNs) {
    const nextNs = Math.min(clock.nextTimerNs() ?? endNs, endNs);
    clock.advance(Math.max(0, nextNs - clock.monotonicNs()));
    await settle();
  }
}

/** Waits until it is true; the test's own end is the only limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((next) => setTimeout(next, pollMs));
}
