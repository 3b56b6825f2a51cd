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
  const quantity = a.quantity + b.quantity;
  const shared = { ...sharedCoin(a, b), ...widest(a, b) };
  if (b.quantity === 0n) return { ...a, ...shared };
  if (a.quantity === 0n) return { ...b, ...shared };
  const cost = a.quantity * a.averagePrice + b.quantity * b.averagePrice;
  // Of long and short together there is no average that an order of executions would give.
  const isOne = a.quantity > 0n === b.quantity > 0n && a.averagePrice > 0n && b.averagePrice > 0n;
  const averagePrice = isOne ? divideRound(cost, quantity) : 0n;
  return { symbol: a.symbol, quantity, averagePrice, ...shared };
}

/** The books that a balance is compared with are those of all venues. */
function sharedCoin(a: BrokerPosition, b: BrokerPosition): Pick<BrokerPosition, 'coin'> {
  const coin = a.coin ?? b.coin;
  if (coin === undefined || a.coin === undefined || b.coin === undefined)
    return coin === undefined ? {} : { coin };
  const heldAs = [...new Set([...coin.heldAs, ...b.coin.heldAs])];
  return { coin: { ...coin, heldAs, paidFor: [...new Set([...coin.paidFor, ...b.coin.paidFor])] } };
}

function widest(a: BrokerPosition, b: BrokerPosition): Pick<BrokerPosition, 'within'> {
  const [ours, theirs] = [a.within ?? 0n, b.within ?? 0n];
  const within = ours > theirs ? ours : theirs;
  return within === 0n ? {} : { within };
}
