// How far the clocks of a time zone were ahead of UTC between two moments, and since when: asked of
// the zone data once, so that thousands of local times become UTC without asking again. Always: in
// milliseconds since 1970; local times are those a clock on the wall shows, as if they were UTC.

import { msPerDay } from '@ndts/protocol';

/** No zone moves its clocks twice within it. */
const probeMs = 10 * msPerDay;

interface Stretch {
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly offsetMs: number;
}

export class ZoneOffsets {
  readonly #stretches: readonly Stretch[];

  /** Throws RangeError for a zone that nobody knows. */
  constructor(zone: string, fromMs: number, toMs: number) {
    this.#stretches = findStretches(offsetIn(zone), fromMs, toMs);
  }

  /** Of a local time that there is twice, as when clocks are set back, the first or the last; one
   * that clocks skip is the moment at which they do. */
  utcMs(localMs: number, which: 'first' | 'last'): number {
    const stretches = this.#stretches;
    let at = this.#around(localMs);
    let found: number | undefined;
    for (; at < stretches.length; at += 1) {
      const { startMs, endMs, offsetMs } = stretches[at] as Stretch;
      const utc = localMs - offsetMs;
      if (utc >= startMs && utc < endMs) {
        if (which === 'first') return utc;
        found = utc;
      } else if (utc < startMs) return found ?? startMs;
    }
    return found ?? localMs - (stretches.at(-1)?.offsetMs ?? 0);
  }

  /** The last stretch that begins a day before, or the first: it is in that or a later one. */
  #around(localMs: number): number {
    let low = 0;
    let high = this.#stretches.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#stretches[middle]?.startMs ?? 0) <= localMs - msPerDay) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function offsetIn(zone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(ms)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  };
}

function findStretches(offsetAt: (ms: number) => number, fromMs: number, toMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  let startMs = Number.NEGATIVE_INFINITY;
  let offsetMs = offsetAt(fromMs);
  for (let before = fromMs; before < toMs; before += probeMs) {
    const after = Math.min(before + probeMs, toMs);
    const next = offsetAt(after);
    if (next === offsetMs) continue;
    const endMs = changeBetween(offsetAt, before, after, offsetMs);
    stretches.push({ startMs, endMs, offsetMs });
    startMs = endMs;
    offsetMs = next;
  }
  stretches.push({ startMs, endMs: Number.POSITIVE_INFINITY, offsetMs });
  return stretches;
}

/** The first moment, to the second, with another offset than that before. */
function changeBetween(
  offsetAt: (ms: number) => number,
  before: number,
  after: number,
  offsetMs: number,
): number {
  let low = Math.floor(before / 1000);
  let high = Math.ceil(after / 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle * 1000) === offsetMs) low = middle;
    else high = middle;
  }
  return high * 1000;
}
