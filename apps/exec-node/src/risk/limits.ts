// The limits an order is checked against, as exact integers: the configuration, over it what
// tick size and lot of the instrument, over them what risk.limits says of accounts, strategies and
// symbols, over that what people set while it runs.
// What always holds: of two that speak of one order the more particular counts (symbol over
// strategy over account); a strategy's or account's own position and loss limits hold beside them.

import {
  type ConfigValues,
  type InstrumentTerms,
  moneyScale,
  NdtsError,
  nsPerMs,
  parseMoney,
} from '@ndts/protocol';
import { type ControlEntry, type ControlScope, controlScopes, isAmount } from './controls.js';

export interface RiskLimits {
  /** Largest absolute position per symbol, open orders included. */
  readonly maxPosition: bigint;
  /** Largest quantity times price of one order, scaled by 1e16. */
  readonly maxOrderValue: bigint;
  /** Largest loss of a day, scaled by 1e16. */
  readonly maxDailyLoss: bigint;
  /** A quantity must be a multiple of it. */
  readonly lot: bigint;
  /** A price must be a multiple of it; 0: any. */
  readonly tick: bigint;
  /** Least and largest quantity of one order; 0: none. */
  readonly minQuantity: bigint;
  readonly maxQuantity: bigint;
  /** On the restricted list: nothing that adds risk. */
  readonly isRestricted: boolean;
  /** Largest distance from the live market, in millionths. */
  readonly collarMillionths: bigint;
  /** The same of what flattening closes with a limit. */
  readonly closingMillionths: bigint;
  /** A price older than this is no market. */
  readonly staleNs: number;
  readonly ordersPerSecond: number;
}

/** Names a limit may have for a scope. */
export const limitNames = [
  'maxPosition',
  'maxOrderValue',
  'maxDailyLoss',
  'lot',
  'tick',
  'minQuantity',
  'maxQuantity',
  'restricted',
] as const;
export type LimitName = (typeof limitNames)[number];

/** One word of a scope about one limit. */
export interface ScopedLimit {
  readonly scope: ControlScope;
  readonly name: string;
  readonly key: LimitName;
  readonly value: string;
}

export function limitsOf(risk: ConfigValues['risk']): RiskLimits {
  return {
    maxPosition: parseMoney(risk.maxPosition),
    maxOrderValue: parseMoney(risk.maxOrderValue) * moneyScale,
    maxDailyLoss: parseMoney(risk.maxDailyLoss) * moneyScale,
    lot: parseMoney(risk.lot),
    tick: parseMoney(risk.tick),
    minQuantity: parseMoney(risk.minQuantity),
    maxQuantity: parseMoney(risk.maxQuantity),
    isRestricted: false,
    collarMillionths: BigInt(Math.round(risk.collarPercent * 10_000)),
    closingMillionths: BigInt(Math.round(risk.flattenPercent * 10_000)),
    staleNs: risk.staleMs * nsPerMs,
    ordersPerSecond: risk.ordersPerSecond,
  };
}

/** Reads `SCOPE NAME key=value ...`, one per element of risk.limits. */
export function parseLimits(lines: readonly string[]): ScopedLimit[] {
  return lines.flatMap((line) => {
    const [scope = '', name = '', ...words] = line.trim().split(/\s+/);
    return words.map((word) => {
      const [key = '', value = ''] = word.split('=');
      return checkedLimit(scope, name, key, value);
    });
  });
}

/** Throws INVALID_ARGUMENT with what was expected. */
export function checkedLimit(scope: string, name: string, key: string, value: string): ScopedLimit {
  const wrong = (expected: string, found: string): NdtsError =>
    new NdtsError('INVALID_ARGUMENT', `limit: expected ${expected}, found '${found}'`);
  if (!(controlScopes as readonly string[]).includes(scope))
    throw wrong(`one of ${controlScopes.join(', ')}`, scope);
  if (name === '') throw wrong(`the name of the ${scope}`, name);
  // Any other would hold for nobody, without a word.
  if (scope === 'strategy' && !/^[\d*]+$/.test(name))
    throw wrong('the number of a strategy instance', name);
  if (!(limitNames as readonly string[]).includes(key))
    throw wrong(`one of ${limitNames.join(', ')}`, key);
  const fits = key === 'restricted' ? value === 'true' || value === 'false' : isAmount(value);
  if (!fits) throw wrong(key === 'restricted' ? 'true or false' : 'a decimal number', value);
  if (key === 'lot' && parseMoney(value) === 0n) throw wrong('a lot above 0', value);
  return { scope: scope as ControlScope, name, key: key as LimitName, value };
}

/** Refuses what names no part that could be set: a typing error must not halt nothing. */
export function checkPart(scope: string, name: string, account: string): void {
  const wrong = (expected: string, found = name): NdtsError =>
    new NdtsError('INVALID_ARGUMENT', `expected ${expected}, found '${found}'`);
  if (!(controlScopes as readonly string[]).includes(scope))
    throw wrong(`one of ${controlScopes.join(', ')}`, scope);
  if (scope === 'account' && name !== account) throw wrong(`the account '${account}'`);
  if (scope !== 'account' && !/^(0|[1-9]\d{0,9})$/.test(name))
    throw wrong(scope === 'strategy' ? 'the number of a strategy instance' : 'the id of a symbol');
}

/** What holds for orders of an account, strategy and symbol. */
export interface EffectiveLimits extends RiskLimits {
  /** Of the strategy's and the account's own book; undefined: none of its own. */
  readonly strategy: BookLimits | undefined;
  readonly account: BookLimits | undefined;
}

export interface BookLimits {
  readonly maxPosition: bigint | undefined;
  readonly maxDailyLoss: bigint | undefined;
}

type InstrumentOf = (symbol: number) => InstrumentTerms | undefined;

export class LimitBook {
  readonly #base: RiskLimits;
  readonly #configured: readonly ScopedLimit[];
  readonly #symbolName: (id: number) => string;
  readonly #instrumentOf: InstrumentOf;
  #set: readonly ControlEntry[] = [];
  #version = -1;
  /** By account, strategy and symbol. */
  readonly #cache = new Map<string, Map<number, Map<number, EffectiveLimits>>>();

  constructor(
    risk: ConfigValues['risk'],
    symbolName: (id: number) => string,
    instrumentOf: InstrumentOf = () => undefined,
  ) {
    this.#instrumentOf = instrumentOf;
    this.#base = limitsOf(risk);
    this.#configured = parseLimits(risk.limits);
    this.#symbolName = symbolName;
  }

  get base(): RiskLimits {
    return this.#base;
  }

  /** `set`: what people set while it runs, at this version, which counts instruments, too. */
  follow(version: number, set: () => readonly ControlEntry[]): void {
    if (version === this.#version) return;
    this.#version = version;
    this.#set = set();
    this.#cache.clear();
  }

  of(account: string, instance: number, symbol: number): EffectiveLimits {
    let limits = this.#cache.get(account)?.get(instance)?.get(symbol);
    if (limits === undefined) {
      limits = this.#make(account, instance, symbol);
      const ofAccount = ensure(this.#cache, account);
      ensure(ofAccount, instance).set(symbol, limits);
    }
    return limits;
  }

  #make(account: string, instance: number, symbol: number): EffectiveLimits {
    const ofAccount = this.#words('account', account);
    const ofStrategy = this.#words('strategy', String(instance));
    const ofSymbol = this.#words('symbol', this.#symbolName(symbol), String(symbol));
    // A book's own position and loss are checked against that book, not against all there is.
    const shared = [...ofAccount, ...ofStrategy].filter(
      ([key]) => key !== 'maxPosition' && key !== 'maxDailyLoss',
    );
    let limits = ofInstrument(this.#base, this.#instrumentOf(symbol));
    for (const [key, value] of [...shared, ...ofSymbol]) limits = withLimit(limits, key, value);
    return { ...limits, strategy: bookLimits(ofStrategy), account: bookLimits(ofAccount) };
  }

  /** `id`: as what is set while it runs names it; a symbol may have the name that is the id of
   * another one. */
  #words(scope: ControlScope, name: string, id = name): [string, string][] {
    const found = new Map<string, string>();
    for (const word of this.#configured)
      if (word.scope === scope && matches(word.name, name)) found.set(word.key, word.value);
    for (const entry of this.#set)
      if (entry.scope === scope && entry.name === id) found.set(entry.key, entry.value);
    return [...found];
  }
}

function ensure<Key, Name, Value>(maps: Map<Key, Map<Name, Value>>, key: Key): Map<Name, Value> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}

function ofInstrument(base: RiskLimits, terms: InstrumentTerms | undefined): RiskLimits {
  if (terms === undefined) return base;
  const { tickSize, lot } = terms;
  return { ...base, tick: tickSize > 0n ? tickSize : base.tick, lot: lot > 0n ? lot : base.lot };
}

function withLimit(limits: RiskLimits, key: string, value: string): RiskLimits {
  if (key === 'restricted') return { ...limits, isRestricted: value === 'true' };
  const amount = parseMoney(value);
  const squared = key === 'maxOrderValue' || key === 'maxDailyLoss';
  return { ...limits, [key]: squared ? amount * moneyScale : amount };
}

function bookLimits(words: readonly [string, string][]): BookLimits | undefined {
  const own = new Map(words);
  const position = own.get('maxPosition');
  const loss = own.get('maxDailyLoss');
  if (position === undefined && loss === undefined) return undefined;
  return {
    maxPosition: position === undefined ? undefined : parseMoney(position),
    maxDailyLoss: loss === undefined ? undefined : parseMoney(loss) * moneyScale,
  };
}

/** `*` stands for any characters. */
function matches(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}
