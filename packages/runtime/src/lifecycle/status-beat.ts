// When a role says how it is: every 250 ms while something happens, once a second while nothing
// does, so that a node without work rests. Always: the first thing that happens after a while is
// told no later than 250 ms after it; and all roles speak at the same moments, for one wake-up. The
// data node does not use it: its status is also how the risk checks hear that it lives.

import { nextBeatNs, nsPerMs } from '@ndts/protocol';

const busyNs = 250 * nsPerMs;
const quietNs = 1000 * nsPerMs;

export class StatusBeat {
  #atNs = 0;
  #hasNews = true;
  #isQuiet = false;

  get dueNs(): number {
    return this.#atNs;
  }

  /** Something happened that a status tells of. */
  note(nowNs: number): void {
    this.#hasNews = true;
    if (!this.#isQuiet) return;
    this.#isQuiet = false;
    this.#atNs = Math.min(this.#atNs, nextBeatNs(nowNs, busyNs));
  }

  /** Whether it is time; then the next is planned. */
  isDue(nowNs: number): boolean {
    if (nowNs < this.#atNs) return false;
    this.#isQuiet = !this.#hasNews;
    this.#hasNews = false;
    this.#atNs = nextBeatNs(nowNs, this.#isQuiet ? quietNs : busyNs);
    return true;
  }
}
