// Several answers about the position of one symbol: of several accounts, of long and short held at
// once, or of two venues. What always holds: none of them is passed over.

import { type BrokerPosition, divideRound } from '@ndts/protocol';

/** One for each symbol, in the order in which they were told. */
export function positionSums(told: readonly BrokerPosition[]): BrokerPosition[] {
  const sums = new Map<number, BrokerPosition>();
  for (const theirs of told) {
    const before = sums.get(theirs.symbol);
    sums.set(theirs.symbol, before === undefined ? theirs : added(before, theirs));
  }
  return [...sums.values()];
}

function added(a: BrokerPosition, b: BrokerPosition): BrokerPosition {
  if (b.quantity === 0n) return a;
  if (a.quantity === 0n) return b;
  const quantity = a.quantity + b.quantity;
  const cost = a.quantity * a.averagePrice + b.quantity * b.averagePrice;
  // Of long and short together there is no average that an order of executions would give.
  const isOne = a.quantity > 0n === b.quantity > 0n && a.averagePrice > 0n && b.averagePrice > 0n;
  return { symbol: a.symbol, quantity, averagePrice: isOne ? divideRound(cost, quantity) : 0n };
}
