// What a unit of each currency is worth in that of the account, as risk.rates declares it. What
// always holds: an instrument is taken only in a currency that has a rate, so that no sum counts
// one that nobody knows.

import { moneyScale, NdtsError, parseMoney } from '@ndts/protocol';

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

  /** Scaled by 1e8. */
  readonly of = (currency: string): bigint => this.#rates.get(currency) ?? moneyScale;
}
