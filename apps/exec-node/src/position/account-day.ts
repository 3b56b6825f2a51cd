// Which day of the account it is: days begin at a time of day of a time zone, whatever its clocks
// are set to. What always holds: a day begins once; the number is the date on which it began there.

import { msPerDay, NdtsError, type Time, timeToMs } from '@ndts/protocol';
import { formatOf, shownBy } from './wall-time.js';

const msPerMinute = 60_000;

export class AccountDay {
  readonly #format: Intl.DateTimeFormat;
  readonly #startMs: number;

  /** `start`: hours and minutes, as 17:30. */
  constructor(start: string, zone: string) {
    const format = formatOf(zone);
    if (format === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `expected a time zone, found '${zone}'`);
    this.#format = format;
    const [hours = 0, minutes = 0] = start.split(':').map(Number);
    this.#startMs = (hours * 60 + minutes) * msPerMinute;
  }

  /** Whole days since 1970. */
  at(now: Time): number {
    return Math.floor((shownBy(this.#format, timeToMs(now)) - this.#startMs) / msPerDay);
  }
}
