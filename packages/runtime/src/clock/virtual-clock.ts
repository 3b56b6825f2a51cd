// A clock that stands still until it is told to advance. Tests and the simulation live on it: due
// timers fire in order of time, then of creation, and what they set in turn fires too when due.

import {
  type Clock,
  NdtsError,
  type Time,
  type Timer,
  addNs,
  nsPerMs,
  timeFromMs,
  timeToMs,
} from '@ndts/protocol';

interface PendingTimer {
  readonly atNs: number;
  readonly order: number;
  readonly action: () => void;
}

export class VirtualClock implements Clock {
  readonly wallOffset: Time;
  #nowNs = 0;
  #order = 0;
  readonly #timers = new Set<PendingTimer>();

  constructor(startMs = 0) {
    this.wallOffset = timeFromMs(startMs);
  }

  now(): Time {
    return addNs(this.wallOffset, this.#nowNs);
  }

  nowMs(): number {
    return timeToMs(this.now());
  }

  monotonicNs(): number {
    return this.#nowNs;
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const atNs = this.#nowNs + Math.max(0, delayMs) * nsPerMs;
    const timer: PendingTimer = { atNs, order: this.#order++, action };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Moves on by `ns`, firing what becomes due, each at its own time. */
  advance(ns: number): void {
    if (!(ns >= 0)) throw new NdtsError('INVALID_ARGUMENT', `expected ns >= 0, found ${ns}`);
    const untilNs = this.#nowNs + ns;
    for (let next = this.#next(); next !== undefined && next.atNs <= untilNs; next = this.#next()) {
      this.#timers.delete(next);
      this.#nowNs = Math.max(this.#nowNs, next.atNs);
      next.action();
    }
    this.#nowNs = untilNs;
  }

  /** When the next timer is due, in monotonic nanoseconds. */
  nextTimerNs(): number | undefined {
    return this.#next()?.atNs;
  }

  #next(): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers) {
      const earlier =
        first === undefined ||
        timer.atNs < first.atNs ||
        (timer.atNs === first.atNs && timer.order < first.order);
      if (earlier) first = timer;
    }
    return first;
  }
}
