// hot: no allocation after init
// When onTimer is due, by the time of events: at every multiple of the interval since midnight UTC
// that event time passes. Always: the same events give the same firings, whatever a clock says.

import { NdtsError, nsPerDay, nsPerMs } from '@ndts/protocol';

export class EventTimer {
  /** The next firing; infinite until the first event. */
  day = Number.POSITIVE_INFINITY;
  nsOfDay = 0;
  readonly intervalNs: number;

  constructor(intervalMs: number) {
    this.intervalNs = Math.round(intervalMs * nsPerMs);
    if (!(this.intervalNs >= nsPerMs && this.intervalNs <= nsPerDay))
      throw new NdtsError('INVALID_ARGUMENT', `expected a timer of 1 ms to a day: ${intervalMs}`);
  }

  get isStarted(): boolean {
    return this.day !== Number.POSITIVE_INFINITY;
  }

  isDue(day: number, nsOfDay: number): boolean {
    return day > this.day || (day === this.day && nsOfDay >= this.nsOfDay);
  }

  /** The next firing is the first one after this time. */
  startAfter(day: number, nsOfDay: number): void {
    const next = (Math.floor(nsOfDay / this.intervalNs) + 1) * this.intervalNs;
    this.day = next >= nsPerDay ? day + 1 : day;
    this.nsOfDay = next >= nsPerDay ? 0 : next;
  }

  /** To the firing after this one. */
  step(): void {
    this.startAfter(this.day, this.nsOfDay);
  }
}
