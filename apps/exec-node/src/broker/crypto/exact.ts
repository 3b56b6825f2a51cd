// What ccxt tells as floats, as money: balances of coins that are worth little go beyond what a
// price may be.

import { NdtsError, parseMoney } from '@ndts/protocol';

/** The nearest 1e-8. */
export function exactOf(value: number): bigint {
  if (Number.isFinite(value) && Math.abs(value) < 1e18) return parseMoney(value.toFixed(8));
  throw new NdtsError('INVALID_ARGUMENT', `expected an amount below 1e18, found ${value}`);
}
