// The limits an order is checked against, parsed once from the configuration into exact integers.

import { type ConfigValues, moneyScale, nsPerMs, parseMoney } from '@ndts/protocol';

export interface RiskLimits {
  /** Largest absolute position per symbol, open orders included. */
  readonly maxPosition: bigint;
  /** Largest quantity times price of one order, scaled by 1e16. */
  readonly maxOrderValue: bigint;
  /** Largest loss of a day, scaled by 1e16. */
  readonly maxDailyLoss: bigint;
  /** A quantity must be a multiple of it. */
  readonly lot: bigint;
  /** Largest distance from the live market, in millionths. */
  readonly collarMillionths: bigint;
  /** A price older than this is no market. */
  readonly staleNs: number;
  readonly ordersPerSecond: number;
}

export function limitsOf(risk: ConfigValues['risk']): RiskLimits {
  return {
    maxPosition: parseMoney(risk.maxPosition),
    maxOrderValue: parseMoney(risk.maxOrderValue) * moneyScale,
    maxDailyLoss: parseMoney(risk.maxDailyLoss) * moneyScale,
    lot: parseMoney(risk.lot),
    collarMillionths: BigInt(Math.round(risk.collarPercent * 10_000)),
    staleNs: risk.staleMs * nsPerMs,
    ordersPerSecond: risk.ordersPerSecond,
  };
}
