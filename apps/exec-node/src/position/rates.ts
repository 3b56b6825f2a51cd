// What a unit of each currency is worth in that of the account, as risk.rates declares it. What
// always holds: an instrument is taken only in a currency that has a rate. Fees come in any; those
// without a rate are in no sum, and told beside it.

import { moneyScale, moneyText, NdtsError, type OtherFees, parseMoney } from '@ndts/protocol';
import type { Positions } from './positions.js';

export class Rates {
  readonly #rates = new Map<string, bigint>();

  /** Of CURRENCY=RATE each. Throws CONFIG_INVALID_VALUE. */
  constructor(lines: readonly string[]) {
    for (const line of lines) {
      const [currency = '', text = '', ...more] = line.split('=').map((part) => part.trim());
      const rate = /^\d/.test(text) ? parseMoney(text) : 0n;
      if (currency === '' || more.length > 0 || rate <= 0n)
        throw new NdtsError(
          'CONFIG_INVALID_VALUE',
          `risk.rates: expected CURRENCY=RATE above 0, found '${line}'`,
        );
      this.#rates.set(currency, rate);
    }
  }

  /** That of the account itself is the empty one. */
  has(currency: string): boolean {
    return currency === '' || this.#rates.has(currency);
  }

  /** Scaled by 1e8; 0: nobody knows. */
  readonly of = (currency: string): bigint =>
    this.#rates.get(currency) ?? (currency === '' ? moneyScale : 0n);

  /** Fees in currencies other than what is traded is priced in. */
  otherFees(positions: Positions): OtherFees[] {
    const all: OtherFees[] = [];
    for (const [currency, { otherFees }] of positions.currencies()) {
      if (otherFees === 0n) continue;
      const rate = this.has(currency) ? { rate: moneyText(this.of(currency)) } : {};
      all.push({ currency, fees: moneyText(otherFees), ...rate });
    }
    return all;
  }
}
