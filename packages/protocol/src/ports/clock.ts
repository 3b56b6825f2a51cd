// Time and chance as they are handed in. Nothing reads the ambient clock or Math.random.

import type { Time } from '../time.js';

export interface Clock {
  /** Wall time. */
  now(): Time;
  /** Wall time in milliseconds since 1970, for people and records of low rate. */
  nowMs(): number;
  /** Nanoseconds of a clock that never goes back, the same for all processes of the host. */
  monotonicNs(): number;
  /** wall = monotonic + this, fixed for the life of the process tree. Allocation-free: a caller on
   * the hot path adds it by itself. */
  readonly wallOffset: Time;
  setTimer(delayMs: number, action: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, limit). */
  integer(limit: number): number;
  /** A new independent stream. */
  fork(label: string): Random;
}
