// When an exchange trades, as bars ask it: in which session a moment is. From the calendars of a
// file of cleaning rules (docs/cleaning.md), which people edit. Always: sessions ascend, have no
// common moment, and begin and end at whole milliseconds.

import { timeToMs } from '@ndts/protocol';
import {
  type DaySpan,
  DocumentEntry,
  readCalendars,
  type SessionRange,
  sessionRanges,
  type TextDocument,
} from '@ndts/runtime';

export class BarSessions {
  readonly #openMs: Float64Array;
  readonly #closeMs: Float64Array;

  constructor(ranges: readonly SessionRange[]) {
    this.#openMs = Float64Array.from(ranges, ({ open }) => timeToMs(open));
    this.#closeMs = Float64Array.from(ranges, ({ close }) => timeToMs(close));
  }

  /** The session that holds a moment, or -1 outside of all. */
  find(ms: number): number {
    let low = 0;
    let high = this.#openMs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#openMs[middle]! <= ms) low = middle + 1;
      else high = middle;
    }
    return low > 0 && ms < this.#closeMs[low - 1]! ? low - 1 : -1;
  }

  openMs(session: number): number {
    return this.#openMs[session]!;
  }

  /** Exclusive. */
  closeMs(session: number): number {
    return this.#closeMs[session]!;
  }
}

/**
 * The calendars of a file by name; its other parts are not looked at. Throws CONFIG_INVALID_VALUE
 * and CONFIG_UNKNOWN_KEY. Outside of the span nothing is known to be open.
 */
export function readBarSessions(document: TextDocument, span: DaySpan): Map<string, BarSessions> {
  const root = DocumentEntry.root(document);
  const entry = new Map(root.value === null ? [] : root.entries()).get('calendars');
  const sessions = new Map<string, BarSessions>();
  for (const [name, calendar] of readCalendars(entry))
    sessions.set(name, new BarSessions(sessionRanges(calendar, span)));
  return sessions;
}
