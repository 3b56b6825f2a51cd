// What the cleaning rules of a class of symbols are made of, and what they are where nobody says
// otherwise: the configuration, and for what it has no key the constants here.

import type { CleanPlan, CleanRules } from '@ndts/native/clean';
import { CleanReason, type CleanReasonName, type ConfigValues, nsPerMs } from '@ndts/protocol';
import { alwaysOpen } from '@ndts/runtime';

export type RuleName = Exclude<CleanReasonName, 'ok'>;

export const ruleActions = ['refuse', 'mark', 'off'] as const;
export type RuleAction = (typeof ruleActions)[number];

/** Limits of quality that a class of symbols has of its own (docs/quality.md). */
export const qualityFields = ['staleMs', 'gapMs', 'crossedMs', 'settleMs'] as const;
export type QualitySettings = Readonly<Record<(typeof qualityFields)[number], number>>;

export interface CleanSettings {
  readonly priceMin: number;
  readonly priceMax: number;
  readonly spreadMax: number;
  readonly tickSize: number;
  readonly jumpMax: number;
  readonly jumpDeviations: number;
  readonly disorderMs: number;
  readonly staleMs: number;
  readonly futureMs: number;
  readonly quietMs: number;
  readonly confirmations: number;
  /** How far the times that several feeds give one row may differ; may have a fraction. */
  readonly skewMs: number;
  /** The name of one, or `always`. */
  readonly calendar: string;
  readonly rules: Readonly<Record<RuleName, RuleAction>>;
  /** What it does not say is the configuration's. */
  readonly quality: Partial<QualitySettings>;
}

/** What a class or symbols have of their own. */
export type CleanOverrides = Partial<Omit<CleanSettings, 'rules'>> & {
  readonly rules?: Partial<CleanSettings['rules']>;
};

/** What the native pass looks at, and what several sources are put together by. */
export interface SourcePlan extends CleanPlan {
  readonly skewNs: number;
}

export interface SourceRules extends CleanRules {
  readonly plans: readonly SourcePlan[];
}

/** Who works by the rules that are in force. */
export interface RulesTaker {
  setRules(rules: SourceRules): void;
  /** The plan of a symbol that came later. */
  assign(symbol: number, plan: number): void;
}

export const ruleNames = Object.keys(CleanReason).filter((name) => name !== 'ok') as RuleName[];

interface NumberField {
  readonly name: Exclude<keyof CleanSettings, 'calendar' | 'rules' | 'quality'>;
  readonly expected: string;
  readonly accepts: (value: number) => boolean;
}

const msMax = 366 * 86_400_000;
const confirmationsMax = 1000;
const skewMsMax = 10_000;
export const ms = {
  expected: `whole milliseconds from 0 to ${msMax}`,
  accepts: (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= msMax,
};
const positive = { expected: 'a number above 0', accepts: (value: number): boolean => value > 0 };
const notNegative = {
  expected: 'a number of at least 0',
  accepts: (value: number): boolean => value >= 0,
};
const any = { expected: 'a number', accepts: (): boolean => true };

/** Beside these they are finite, and priceMax is above priceMin. */
export const numberFields: readonly NumberField[] = [
  { name: 'priceMin', ...any },
  { name: 'priceMax', ...any },
  { name: 'spreadMax', ...positive },
  { name: 'tickSize', ...notNegative },
  { name: 'jumpMax', ...positive },
  { name: 'jumpDeviations', ...notNegative },
  { name: 'disorderMs', ...ms },
  { name: 'staleMs', ...ms },
  { name: 'futureMs', ...ms },
  { name: 'quietMs', ...ms },
  {
    name: 'skewMs',
    expected: `milliseconds from 0 to ${skewMsMax}`,
    accepts: (value) => value >= 0 && value <= skewMsMax,
  },
  {
    name: 'confirmations',
    expected: `a whole number from 1 to ${confirmationsMax}`,
    accepts: (value) => Number.isInteger(value) && value >= 1 && value <= confirmationsMax,
  },
];

/** All rules refuse. Tick size and sessions are looked at where a class names them. */
export function defaultSettings({ clean }: Pick<ConfigValues, 'clean'>): CleanSettings {
  return {
    priceMin: 0,
    priceMax: clean.priceMax,
    spreadMax: clean.spreadMax,
    tickSize: 0,
    jumpMax: 0.1,
    jumpDeviations: 20,
    disorderMs: clean.disorderMs,
    staleMs: 60_000,
    futureMs: 5000,
    quietMs: 300_000,
    confirmations: 3,
    skewMs: clean.skewMs,
    calendar: alwaysOpen,
    rules: Object.fromEntries(ruleNames.map((name) => [name, 'refuse'])) as CleanSettings['rules'],
    quality: {},
  };
}

export function settingsWith(base: CleanSettings, own: CleanOverrides): CleanSettings {
  return {
    ...base,
    ...own,
    rules: { ...base.rules, ...own.rules },
    quality: { ...base.quality, ...own.quality },
  };
}

/** @param calendar its place in the list of calendars; undefined: always open */
export function planOf(settings: CleanSettings, calendar: number | undefined): SourcePlan {
  const { priceMin, priceMax, spreadMax, tickSize, jumpMax, jumpDeviations } = settings;
  const having = (action: RuleAction): RuleName[] =>
    ruleNames.filter((name) => settings.rules[name] === action);
  return {
    priceMin,
    priceMax,
    spreadMax,
    tickSize,
    jumpMax,
    jumpDeviations,
    disorderNs: settings.disorderMs * nsPerMs,
    staleNs: settings.staleMs * nsPerMs,
    futureNs: settings.futureMs * nsPerMs,
    quietNs: settings.quietMs * nsPerMs,
    confirmations: settings.confirmations,
    skewNs: Math.round(settings.skewMs * nsPerMs),
    calendar,
    refused: having('refuse'),
    marked: having('mark'),
  };
}
