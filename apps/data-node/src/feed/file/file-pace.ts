// hot: no allocation after init
// When a record of a file that is replayed at its own pace is due. Always: as far behind the one
// before it as their times are apart; a time that stands alone, far ahead or far back, neither
// holds up what follows nor hurries it, and no hole of more than a day is waited for.

import { nsPerDay } from '@ndts/protocol';
import type { RecordChunk } from './record-source.js';

/** Further from the record before it: the pace begins anew there. */
const breakNs = nsPerDay;

export class FilePace {
  readonly #speed: number;
  /** The time that was due at #fromNs of the clock; NaN: the next record's will be. */
  #from = Number.NaN;
  #fromNs = 0;
  /** Of the newest record that was due. */
  #last = Number.NaN;
  #isNewFile = false;

  /** @param speed 0: all is due at once; 1: at its own pace */
  constructor(speed: number) {
    this.#speed = speed;
  }

  /** The next record is due when it comes. */
  restart(): void {
    this.#from = Number.NaN;
    this.#last = Number.NaN;
  }

  /** The next record is the first of a file. */
  beginFile(): void {
    this.#isNewFile = true;
  }

  isDue(chunk: RecordChunk, record: number, nowNs: number): boolean {
    if (this.#speed === 0) return true;
    const time = timeOf(chunk, record);
    if (this.#isNewFile && time < this.#last) this.restart();
    this.#isNewFile = false;
    const next = record + 1 < chunk.count ? timeOf(chunk, record + 1) : Number.NaN;
    if (time < this.#last && next >= this.#last) return true; // alone behind
    // Alone ahead: it waits no longer than the next one.
    const due = next < time && !(next < this.#last) ? next : time;
    if (Number.isNaN(this.#from) || Math.abs(due - this.#last) > breakNs) {
      this.#from = due;
      this.#fromNs = nowNs;
    }
    if ((due - this.#from) / this.#speed > nowNs - this.#fromNs) return false;
    this.#last = due;
    return true;
  }
}

/** In nanoseconds since 1970, as exactly as is needed to wait. */
function timeOf({ day, nsOfDay }: RecordChunk, record: number): number {
  return day[record]! * nsPerDay + nsOfDay[record]!;
}
