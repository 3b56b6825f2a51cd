// When exchanges trade, as bars ask it: in which session a moment is, and which sessions a symbol
// has. From a file of cleaning rules (docs/cleaning.md), which people edit: one place says when
// ticks are good and when bars end. Always: sessions ascend, have no common moment, and begin and
// end at whole milliseconds.

import { timeToMs } from '@ndts/protocol';
import {
  alwaysOpen,
  type DaySpan,
  DocumentEntry,
  PatternList,
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

/** Which sessions a symbol has, by its name: those of the calendar that its entry in the file
 * names, or that entry's class, or what the class extends. */
export class SymbolSessions {
  readonly #byName: ReadonlyMap<string, BarSessions>;
  readonly #classes: ReadonlyMap<string, ReadonlyMap<string, DocumentEntry>>;
  readonly #symbols: readonly ReadonlyMap<string, DocumentEntry>[];
  readonly #patterns: PatternList;

  /** Outside of the span nothing is known to be open. Throws CONFIG_INVALID_VALUE and
   * CONFIG_UNKNOWN_KEY; what is of cleaning only is not looked at. */
  constructor(document: TextDocument, span: DaySpan) {
    const root = DocumentEntry.root(document);
    const isEmpty = root.value === null || root.value === undefined;
    const parts = new Map(isEmpty ? [] : root.entries());
    const sessions = new Map<string, BarSessions>();
    for (const [name, calendar] of readCalendars(parts.get('calendars')))
      sessions.set(name, new BarSessions(sessionRanges(calendar, span)));
    const symbols = parts.get('symbols')?.list('a list of patterns with their class') ?? [];
    this.#byName = sessions;
    this.#classes = new Map(
      parts
        .get('classes')
        ?.entries()
        .map(([name, entry]) => [name, new Map(entry.entries())]),
    );
    this.#symbols = symbols.map((entry) => new Map(entry.entries()));
    this.#patterns = new PatternList(symbols.map((entry) => patternsOf(entry.at('match'))));
    for (const entry of [...this.#classes.values(), ...this.#symbols]) this.#check(entry);
  }

  /** undefined: always open. */
  of(symbol: string): BarSessions | undefined {
    const own = this.#symbols[this.#patterns.first(symbol) ?? -1];
    let calendar = textAt(own, 'calendar');
    let name = textAt(own, 'class') ?? defaultClass;
    for (let depth = 0; calendar === undefined && depth <= this.#classes.size; depth += 1) {
      const entry = this.#classes.get(name);
      calendar = textAt(entry, 'calendar');
      if (name === defaultClass) break;
      name = textAt(entry, 'extends') ?? defaultClass;
    }
    return this.#byName.get(calendar ?? alwaysOpen);
  }

  /** The sessions of a calendar; undefined: there is none of this name. */
  named(calendar: string): BarSessions | undefined {
    return this.#byName.get(calendar);
  }

  #check(entry: ReadonlyMap<string, DocumentEntry>): void {
    entry.get('calendar')?.oneOf([...this.#byName.keys(), alwaysOpen]);
    entry.get('class')?.oneOf([...this.#classes.keys(), defaultClass]);
    entry.get('extends')?.oneOf([...this.#classes.keys(), defaultClass]);
  }
}

/** Of symbols that no entry names; every class extends it in the end. */
const defaultClass = 'default';

function textAt(
  entry: ReadonlyMap<string, DocumentEntry> | undefined,
  key: string,
): string | undefined {
  const value = entry?.get(key)?.value;
  return typeof value === 'string' ? value : undefined;
}

function patternsOf(entry: DocumentEntry): string[] {
  const expected = 'a pattern such as "SH6*", or a list of them';
  if (!Array.isArray(entry.value)) return [entry.text(expected)];
  return entry.list(expected).map((one) => one.text(expected));
}
