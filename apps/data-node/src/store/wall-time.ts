// hot: no allocation after init
// The time of day, read into the same object again and again.

import { type Clock, nsPerDay, type Time } from '@ndts/protocol';

export class WallTime implements Time {
  day = 0;
  nsOfDay = 0;

  read(clock: Clock): this {
    const { day, nsOfDay } = clock.wallOffset;
    const sinceNs = nsOfDay + clock.monotonicNs();
    const days = Math.floor(sinceNs / nsPerDay);
    this.day = day + days;
    this.nsOfDay = sinceNs - days * nsPerDay;
    return this;
  }
}
