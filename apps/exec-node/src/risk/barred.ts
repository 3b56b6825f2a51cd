// Whether what was approved may still leave: trading states change while it waits for the disk or
// the broker. What always holds: a halt lets nothing out; where trading only reduces, what could
// add to a position stays, by the measure of the risk check; what closes by its offset goes.

import { type OrderIntent, OrderOffset, RiskReason, RiskReasonNames } from '@ndts/protocol';
import type { Ledger } from '../order/ledger.js';

/** The name of the reason; undefined: nothing does. The order counts in the limits already. */
export function barredBy(
  { controls, positions }: Ledger,
  { account, instance, symbol, side }: OrderIntent,
  offset: number,
): string | undefined {
  const state = controls.stateFor(account, instance, symbol);
  if (state === 'HALTED') return RiskReasonNames[RiskReason.TRADING_HALTED];
  if (state !== 'REDUCING' || offset >= OrderOffset.close) return undefined;
  const { quantity = 0n, openBuy = 0n, openSell = 0n } = positions.get(symbol) ?? {};
  const adds = side > 0 ? quantity + openBuy > 0n : quantity - openSell < 0n;
  return adds ? RiskReasonNames[RiskReason.REDUCE_ONLY] : undefined;
}
