// What fills cost, by venue: the first entry of the list whose pattern the symbol's name matches.
// Always: exact, rounded half away from zero to 1e-8 once, for each fill.

import { divideRound, moneyScale, parseMoney } from '@ndts/protocol';
import { rateOfBps, type VenueFees } from './settings.js';

interface FeeRates {
  readonly maker: bigint;
  readonly taker: bigint;
  readonly perUnit: bigint;
  readonly minimum: bigint;
}

/** Quantity, price and rate are scaled by 1e8 each, a fee is, too. */
const feeScale = moneyScale * moneyScale;
const free: FeeRates = { maker: 0n, taker: 0n, perUnit: 0n, minimum: 0n };

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`).test(name);
}

export class Fees {
  readonly #venues: readonly { readonly pattern: string; readonly rates: FeeRates }[];
  readonly #names: ReadonlyMap<number, string>;
  readonly #bySymbol: FeeRates[] = [];

  constructor(venues: readonly VenueFees[], names: ReadonlyMap<number, string>) {
    this.#names = names;
    this.#venues = venues.map((venue) => ({
      pattern: venue.symbols,
      rates: {
        maker: rateOfBps(venue.makerBps),
        taker: rateOfBps(venue.takerBps),
        perUnit: parseMoney(venue.perUnit),
        minimum: parseMoney(venue.minimum),
      },
    }));
  }

  /** Of a fill; `value`: its quantity times its price. Below 0 where a venue pays for resting
   * orders. */
  of(symbol: number, quantity: bigint, value: bigint, isMaker: boolean): bigint {
    const rates = this.#bySymbol[symbol] ?? this.#find(symbol);
    const rate = isMaker ? rates.maker : rates.taker;
    let fee = rate === 0n ? 0n : divideRound(value * rate, feeScale);
    if (rates.perUnit !== 0n) fee += divideRound(quantity * rates.perUnit, moneyScale);
    return fee < rates.minimum && rates.minimum !== 0n ? rates.minimum : fee;
  }

  #find(symbol: number): FeeRates {
    const name = this.#names.get(symbol) ?? '';
    const rates = this.#venues.find(({ pattern }) => matches(pattern, name))?.rates ?? free;
    this.#bySymbol[symbol] = rates;
    return rates;
  }
}
