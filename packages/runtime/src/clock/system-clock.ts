// The real clock. Monotonic time is CLOCK_MONOTONIC, so every process of the host reads the same
// value; wall time is monotonic time plus an offset fixed at the start of the process tree, so that
// it never jumps and two processes never disagree by more than the reading itself.

import { type Clock, type Time, type Timer, addNs, timeFromMs, timeToMs } from '@ndts/protocol';

/** Node clamps longer timers to 1 ms; these wait in steps. */
const timerDelayMsMax = 2_147_483_647;

export class SystemClock implements Clock {
  readonly wallOffset: Time;

  /** @param wallOffset of the parent process; absent: measured now. */
  constructor(wallOffset?: Time) {
    this.wallOffset = wallOffset ?? measureWallOffset();
  }

  now(): Time {
    return addNs(this.wallOffset, this.monotonicNs());
  }

  nowMs(): number {
    return timeToMs(this.now());
  }

  monotonicNs(): number {
    return readMonotonicNs();
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const timer = new SystemTimer(action);
    timer.arm(delayMs);
    return timer;
  }
}

class SystemTimer implements Timer {
  readonly #action: () => void;
  #handle: NodeJS.Timeout | undefined;

  constructor(action: () => void) {
    this.#action = action;
  }

  arm(delayMs: number): void {
    const stepMs = Math.min(Math.max(delayMs, 0), timerDelayMsMax);
    const restMs = delayMs - stepMs;
    const next = restMs > 0 ? () => this.arm(restMs) : this.#action;
    // ambient: this is the seam that hands timers in
    this.#handle = setTimeout(next, stepMs);
  }

  cancel(): void {
    // ambient: this is the seam that hands timers in
    clearTimeout(this.#handle);
  }
}

/** The pair lives in registers once this is inlined: no object is made in the hot loop. */
function readMonotonicNs(): number {
  // ambient: this is the seam that hands time in
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** Wall minus monotonic, read as close together as a few tries allow. */
function measureWallOffset(): Time {
  let best: Time = { day: 0, nsOfDay: 0 };
  let bestSpanNs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 16; attempt++) {
    const before = readMonotonicNs();
    // ambient: this is the seam that hands time in
    const wall = addNs(timeFromMs(performance.timeOrigin), performance.now() * 1e6);
    const after = readMonotonicNs();
    if (after - before >= bestSpanNs) continue;
    bestSpanNs = after - before;
    best = addNs(wall, -(before + (after - before) / 2));
  }
  return { day: best.day, nsOfDay: Math.round(best.nsOfDay) };
}
