// Tells a process that hangs from one that is not given the processor: silence counts against a
// process that works meanwhile, and against any process only after a much longer bound. Always:
// time in which nobody looked (the node itself was held up) does not count.

import { nsPerMs } from '@ndts/protocol';

export interface SilenceLimits {
  /** Hangs, when it used the processor for at least half of that since it was last heard. */
  readonly busyMs: number;
  /** Hangs, whatever it did. */
  readonly anyMs: number;
}

/** One look counts for no more than this. */
const lookMsMax = 1000;
const busyShare = 0.5;

export class Silence {
  #lookedNs: number;
  #silentMs = 0;
  #cpuMsHeard: number | undefined;

  /** `cpuMs`: processor time used so far; undefined where the system does not tell. */
  constructor(nowNs: number, cpuMs: number | undefined) {
    this.#lookedNs = nowNs;
    this.#cpuMsHeard = cpuMs;
  }

  heard(nowNs: number, cpuMs: number | undefined): void {
    this.#lookedNs = nowNs;
    this.#silentMs = 0;
    this.#cpuMsHeard = cpuMs;
  }

  /** The bound in milliseconds that it is over; undefined: it may go on. */
  exceeded(
    nowNs: number,
    limits: SilenceLimits,
    cpuMs: () => number | undefined,
  ): number | undefined {
    this.#silentMs += Math.min(lookMsMax, (nowNs - this.#lookedNs) / nsPerMs);
    this.#lookedNs = nowNs;
    if (this.#silentMs > limits.anyMs) return limits.anyMs;
    if (this.#silentMs <= limits.busyMs) return undefined;
    const used = cpuMs();
    if (used === undefined || this.#cpuMsHeard === undefined) return undefined;
    return used - this.#cpuMsHeard >= busyShare * limits.busyMs ? limits.busyMs : undefined;
  }
}
