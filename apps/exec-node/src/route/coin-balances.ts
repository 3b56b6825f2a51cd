// Positions at a venue that knows balances of coins alone. What always holds: of a coin all is
// compared together, whatever symbols are held in it, paid with it, or had their fees in it; what
// differs shows in the symbol that its balance was told for.

import { type BrokerPosition, divideRound, moneyScale } from '@ndts/protocol';
import type { Positions } from '../position/positions.js';

/** What of each balance is of its symbol by our books, and so much of a difference as is none. */
export function withoutOthers(
  told: readonly BrokerPosition[],
  ours: Positions,
): readonly BrokerPosition[] {
  if (!told.some(({ coin, within }) => coin !== undefined || within !== undefined)) return told;
  const found = new Map(told.map((one) => [one.symbol, one]));
  const counted = new Set<number>();
  for (const { symbol, coin } of told) {
    const balance = found.get(symbol);
    if (coin === undefined || balance === undefined || counted.has(symbol)) continue;
    let quantity = balance.quantity - flowOf(coin.paidFor, ours) + feesIn(coin.name, ours);
    for (const other of coin.heldAs) {
      const held = ours.get(other)?.quantity ?? 0n;
      quantity += (found.get(other)?.quantity ?? 0n) - held;
      counted.add(other);
      found.set(other, { symbol: other, quantity: held, averagePrice: 0n });
    }
    found.set(symbol, { ...balance, quantity });
  }
  return [...found.values()].map((one) => near(one, ours));
}

/** What was received for symbols that are paid in a coin, less what was paid. */
function flowOf(symbols: readonly number[], ours: Positions): bigint {
  let flow = 0n;
  for (const symbol of symbols) {
    const { cash, fees } = ours.get(symbol) ?? { cash: 0n, fees: 0n };
    flow += cash - fees * moneyScale;
  }
  return divideRound(flow, moneyScale);
}

/** Of executions that are priced in another currency. */
function feesIn(coin: string, ours: Positions): bigint {
  for (const [currency, { otherFees }] of ours.currencies())
    if (currency === coin) return otherFees;
  return 0n;
}

function near(their: BrokerPosition, ours: Positions): BrokerPosition {
  const quantity = ours.get(their.symbol)?.quantity ?? 0n;
  const gap = their.quantity > quantity ? their.quantity - quantity : quantity - their.quantity;
  return gap <= (their.within ?? 0n) ? { ...their, quantity } : their;
}
