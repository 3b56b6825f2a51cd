// A file of cleaning rules (docs/cleaning.md): calendars, classes of symbols, and which symbols are
// of which class. Read whole or refused whole: an unknown key, a wrong value, a name that nobody
// declared is told with its place.

import {
  alwaysOpen,
  type Calendar,
  DocumentEntry,
  readCalendars,
  type TextDocument,
} from '@ndts/runtime';
import {
  type CleanOverrides,
  type CleanSettings,
  ms,
  numberFields,
  qualityFields,
  type QualitySettings,
  type RuleAction,
  ruleActions,
  type RuleName,
  ruleNames,
  settingsWith,
} from './settings.js';

/** The class of symbols that no entry names; every other class extends it in the end. */
export const defaultClass = 'default';

export interface ClassRule {
  readonly extends: string | undefined;
  readonly own: CleanOverrides;
}

/** For symbols whose name one of the patterns matches. */
export interface SymbolRule {
  /** `*` stands for any characters, `?` for one. */
  readonly match: readonly string[];
  readonly class: string;
  readonly own: CleanOverrides;
}

export interface RulesFile {
  readonly calendars: ReadonlyMap<string, Calendar>;
  readonly classes: ReadonlyMap<string, ClassRule>;
  /** The first that matches wins. */
  readonly symbols: readonly SymbolRule[];
}

export const noRules: RulesFile = { calendars: new Map(), classes: new Map(), symbols: [] };

const settingKeys = [...numberFields.map(({ name }) => name), 'calendar', 'rules', 'quality'];
const entriesMax = 20_000;

/** Throws CONFIG_INVALID_VALUE and CONFIG_UNKNOWN_KEY.
 * @param defaults what class `default` has where the file says nothing */
export function readRules(document: TextDocument, defaults: CleanSettings): RulesFile {
  const root = DocumentEntry.root(document);
  if (root.value === null || root.value === undefined) return noRules;
  const parts = new Map(root.entries(['calendars', 'classes', 'symbols']));
  const calendars = readCalendars(parts.get('calendars'));
  const classes = new Map<string, ClassRule>();
  const classEntries = parts.get('classes')?.entries() ?? [];
  for (const [name, entry] of classEntries) classes.set(name, readClass(name, entry, calendars));
  const symbolEntries = parts.get('symbols')?.list('a list of patterns with their class') ?? [];
  if (symbolEntries.length > entriesMax)
    throw root.refusal(`expected at most ${entriesMax} entries of symbols`);
  const symbols = symbolEntries.map((entry) => readSymbols(entry, classes, calendars));
  const rules = { calendars, classes, symbols };
  for (const [name, entry] of classEntries) checkClass(rules, name, entry, defaults);
  for (const [place, entry] of symbolEntries.entries()) {
    const rule = symbols[place];
    if (rule !== undefined)
      checkLimits(entry, settingsWith(settingsOfClass(rules, rule.class, defaults), rule.own));
  }
  return rules;
}

/** With what the class, and those it extends, say. */
export function settingsOfClass(
  rules: RulesFile,
  name: string,
  defaults: CleanSettings,
): CleanSettings {
  const rule = rules.classes.get(name);
  if (name === defaultClass) return settingsWith(defaults, rule?.own ?? {});
  const base = settingsOfClass(rules, rule?.extends ?? defaultClass, defaults);
  return settingsWith(base, rule?.own ?? {});
}

function readClass(
  name: string,
  entry: DocumentEntry,
  calendars: RulesFile['calendars'],
): ClassRule {
  const fields = new Map(entry.entries(['extends', ...settingKeys]));
  const extended = fields.get('extends');
  if (extended !== undefined && name === defaultClass)
    throw extended.refusal(`${defaultClass} extends the configuration`);
  return {
    extends: extended?.text('the name of a class'),
    own: readSettings(fields, calendars),
  };
}

function readSymbols(
  entry: DocumentEntry,
  classes: RulesFile['classes'],
  calendars: RulesFile['calendars'],
): SymbolRule {
  const fields = new Map(entry.entries(['match', 'class', ...settingKeys]));
  const match = fields.get('match') ?? entry.at('match');
  const expected = 'a pattern such as "SH6*", or a list of them';
  const patterns = Array.isArray(match.value)
    ? match.list(expected).map((one) => one.text(expected))
    : [match.text(expected)];
  if (patterns.length === 0) throw match.wrong(expected);
  const named = fields.get('class');
  const name = named?.text('the name of a class') ?? defaultClass;
  if (named !== undefined && name !== defaultClass && !classes.has(name))
    throw named.wrong(`one of ${[...classes.keys(), defaultClass].join(', ')}`);
  return { match: patterns, class: name, own: readSettings(fields, calendars) };
}

function readSettings(
  fields: ReadonlyMap<string, DocumentEntry>,
  calendars: RulesFile['calendars'],
): CleanOverrides {
  const own: Record<string, unknown> = {};
  for (const { name, expected, accepts } of numberFields) {
    const entry = fields.get(name);
    if (entry === undefined) continue;
    const { value } = entry;
    if (typeof value !== 'number' || !Number.isFinite(value) || !accepts(value))
      throw entry.wrong(expected);
    own[name] = value;
  }
  const calendar = fields.get('calendar');
  if (calendar !== undefined) own['calendar'] = calendar.oneOf([...calendars.keys(), alwaysOpen]);
  const rules = fields.get('rules');
  if (rules !== undefined) own['rules'] = readActions(rules);
  const quality = fields.get('quality');
  if (quality !== undefined) own['quality'] = readQuality(quality);
  return own as CleanOverrides;
}

function readQuality(entry: DocumentEntry): Partial<QualitySettings> {
  const limits = entry.entries(qualityFields).map(([name, limit]) => {
    if (typeof limit.value !== 'number' || !ms.accepts(limit.value)) throw limit.wrong(ms.expected);
    return [name, limit.value] as const;
  });
  return Object.fromEntries(limits);
}

function readActions(entry: DocumentEntry): Partial<Record<RuleName, RuleAction>> {
  const actions = entry.entries(ruleNames).map(([name, action]) => {
    // YAML 1.1 reads off as false; so do people who come from it.
    const found = action.value === false ? 'off' : action.oneOf(ruleActions);
    if (name === 'sentinel' && found !== 'refuse')
      throw action.refusal('sentinel always refuses: the rules behind it count on numbers');
    return [name, found] as const;
  });
  return Object.fromEntries(actions);
}

function checkClass(
  rules: RulesFile,
  name: string,
  entry: DocumentEntry,
  defaults: CleanSettings,
): void {
  const named = rules.classes.get(name)?.extends;
  if (named !== undefined && named !== defaultClass && !rules.classes.has(named))
    throw entry.at('extends').wrong(`one of ${[...rules.classes.keys()].join(', ')}`);
  const seen = new Set([name]);
  for (let at = named; at !== undefined && at !== defaultClass; ) {
    if (seen.has(at)) throw entry.at('extends').refusal(`${name} extends itself`);
    seen.add(at);
    at = rules.classes.get(at)?.extends;
  }
  checkLimits(entry, settingsOfClass(rules, name, defaults));
}

function checkLimits(entry: DocumentEntry, { priceMin, priceMax }: CleanSettings): void {
  if (priceMax > priceMin) return;
  throw entry.refusal(`expected priceMax above priceMin ${priceMin}, found ${priceMax}`);
}
