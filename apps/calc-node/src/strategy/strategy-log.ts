// The newest lines of a strategy, for people: what it prints and logs, and what becomes of it.
// Always: bounded in lines; lines are cut before they come here.

import type { Clock, StrategyLogLine } from '@ndts/protocol';

const linesMax = 1000;

export class StrategyLog {
  readonly #clock: Clock;
  #lines: StrategyLogLine[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(from: StrategyLogLine['from'], text: string): void {
    this.#lines.push({ timeMs: Math.floor(this.#clock.nowMs()), from, text });
    if (this.#lines.length >= 2 * linesMax) this.#lines = this.#lines.slice(-linesMax);
  }

  /** Oldest first. */
  newest(limit: number): readonly StrategyLogLine[] {
    return this.#lines.slice(-Math.min(linesMax, limit));
  }
}
