// The cleaning rules of all symbols, compiled: which plan of the native pass a symbol has, by its
// name. Always: classes and entries with the same settings share a plan; plan 0 is that of symbols
// no entry names; the first entry that matches a name decides.

import { type Cleaner, createCleaner } from '@ndts/native/clean';
import { type ConfigValues, NdtsError } from '@ndts/protocol';
import {
  alwaysOpen,
  type DaySpan,
  PatternList,
  type SessionRange,
  sessionRanges,
  type TextDocument,
} from '@ndts/runtime';
import type { SymbolEntry } from '@ndts/storage';
import { defaultClass, noRules, readRules, type RulesFile, settingsOfClass } from './rules-file.js';
import {
  type CleanSettings,
  defaultSettings,
  planOf,
  settingsWith,
  type SourceRules,
} from './settings.js';

/** What a symbol is cleaned by. */
export interface SymbolRules {
  readonly class: string;
  /** The patterns that matched; empty: no entry names it. */
  readonly match: readonly string[];
  readonly settings: CleanSettings;
}

const plansMax = 65_535;

export class CompiledRules {
  readonly file: RulesFile;
  readonly span: DaySpan;
  readonly #settings: CleanSettings[] = [];
  readonly #planOfSettings = new Map<string, number>();
  readonly #planOfEntry: readonly number[];
  readonly #patterns: PatternList;
  readonly #calendars = new Map<string, number>();
  readonly #ranges: SessionRange[][] = [];

  /** @param span what calendars are known for; before and after it they are closed */
  constructor(file: RulesFile, defaults: CleanSettings, span: DaySpan) {
    this.file = file;
    this.span = span;
    this.#planWith(settingsOfClass(file, defaultClass, defaults));
    const classes = new Map<string, CleanSettings>();
    this.#planOfEntry = file.symbols.map(({ class: name, own }) => {
      let base = classes.get(name);
      if (base === undefined) {
        base = settingsOfClass(file, name, defaults);
        classes.set(name, base);
      }
      return this.#planWith(settingsWith(base, own));
    });
    this.#patterns = new PatternList(file.symbols.map(({ match }) => match));
  }

  get plans(): number {
    return this.#settings.length;
  }

  planOf(name: string): number {
    const entry = this.#patterns.first(name);
    return entry === undefined ? 0 : (this.#planOfEntry[entry] ?? 0);
  }

  rulesOf(name: string): SymbolRules {
    const entry = this.file.symbols[this.#patterns.first(name) ?? -1];
    const settings = this.#settings[this.planOf(name)] as CleanSettings;
    return { class: entry?.class ?? defaultClass, match: entry?.match ?? [], settings };
  }

  /** The longest pause after which the prices before it say nothing. */
  get quietMsMax(): number {
    return Math.max(...this.#settings.map(({ quietMs }) => quietMs));
  }

  native(symbols: readonly Pick<SymbolEntry, 'id' | 'name'>[]): SourceRules {
    const idMax = symbols.reduce((most, { id }) => Math.max(most, id), -1);
    const planOfSymbol = new Uint16Array(idMax + 1);
    for (const { id, name } of symbols) planOfSymbol[id] = this.planOf(name);
    const plans = this.#settings.map((settings) =>
      planOf(settings, this.#calendars.get(settings.calendar)),
    );
    return { plans, calendars: this.#ranges, planOf: planOfSymbol };
  }

  #planWith(settings: CleanSettings): number {
    const key = JSON.stringify(settings);
    const known = this.#planOfSettings.get(key);
    if (known !== undefined) return known;
    const plan = this.#settings.length;
    if (plan === plansMax)
      throw new NdtsError('CONFIG_INVALID_VALUE', `more than ${plansMax} different sets of rules`);
    this.#addCalendar(settings.calendar);
    this.#settings.push(settings);
    this.#planOfSettings.set(key, plan);
    return plan;
  }

  #addCalendar(name: string): void {
    const calendar = this.file.calendars.get(name);
    if (calendar === undefined || name === alwaysOpen || this.#calendars.has(name)) return;
    this.#calendars.set(name, this.#ranges.length);
    this.#ranges.push(sessionRanges(calendar, this.span));
  }
}

/** Of a file. Throws what readRules() throws. */
export function compileRules(
  document: TextDocument,
  config: ConfigValues,
  span: DaySpan,
): CompiledRules {
  const defaults = defaultSettings(config);
  return new CompiledRules(readRules(document, defaults), defaults, span);
}

/** Those of a configuration without a file. */
export function cleanRules(config: ConfigValues): SourceRules {
  const span = { firstDay: 0, lastDay: 0 };
  return new CompiledRules(noRules, defaultSettings(config), span).native([]);
}

/** The cleaner of a configuration; the data node tells it what the file of rules says. */
export function openCleaner(config: ConfigValues): Cleaner {
  return createCleaner(cleanRules(config));
}
