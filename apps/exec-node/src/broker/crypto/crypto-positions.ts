// Positions as a crypto exchange tells them: contracts by market, coins by balance. What always
// holds: a balance is told once, with all mapped markets that change it; both sides of a market
// add up.

import type { BrokerPosition } from '@ndts/protocol';
import { positionSums } from '../position-sums.js';
import type { CcxtMarket, CcxtPosition, CcxtTrading } from './ccxt-trading.js';
import { exactOf } from './exact.js';
import { lotOf } from './mapped-markets.js';

type Markets = ReadonlyMap<number, string>;
type Ask = <T>(request: (exchange: CcxtTrading) => Promise<T>) => Promise<T>;
type Coin = readonly [symbol: number, market: CcxtMarket];

export async function positionsOf(
  ask: Ask,
  exchange: CcxtTrading,
  mapped: Markets,
): Promise<BrokerPosition[]> {
  const contracts = new Map<string, number>();
  const coins: Coin[] = [];
  for (const [symbol, name] of mapped) {
    const market = exchange.markets?.[name];
    if (market?.contract === true) contracts.set(name, symbol);
    else if (market !== undefined) coins.push([symbol, market]);
  }
  const positions: BrokerPosition[] = [];
  if (contracts.size > 0)
    for (const told of await ask((one) => one.fetchPositions([...contracts.keys()]))) {
      const symbol = contracts.get(told.symbol);
      if (symbol !== undefined && (told.contracts ?? 0) !== 0)
        positions.push(held(symbol, told, exchange.markets?.[told.symbol]?.contractSize ?? 1));
    }
  if (coins.length > 0) {
    const { total = {} } = await ask((one) => one.fetchBalance());
    positions.push(...balances(coins, total, (market) => lotOf(exchange, market)));
  }
  return positionSums(positions);
}

function held(symbol: number, told: CcxtPosition, size: number): BrokerPosition {
  const units = (told.contracts ?? 0) * size;
  const quantity = exactOf(told.side === 'short' ? -units : units);
  return { symbol, quantity, averagePrice: exactOf(told.entryPrice ?? 0) };
}

/** Of each coin one, for the symbol that was mapped first. */
function balances(
  coins: readonly Coin[],
  total: Readonly<Record<string, number>>,
  lot: (market: CcxtMarket) => bigint,
): BrokerPosition[] {
  const told: BrokerPosition[] = [];
  for (const name of new Set(coins.map(([, { base }]) => base))) {
    const those = coins.filter(([, { base }]) => base === name);
    const [symbol = 0, ...heldAs] = those.map(([one]) => one);
    const paidFor = coins.filter(([, { quote }]) => quote === name).map(([one]) => one);
    // What a balance has of finer parts than ours adds up, and is never as much as was traded.
    const lots = those.map(([, market]) => lot(market));
    const within = lots.reduce((a, b) => (a < b ? a : b)) - 1n;
    told.push({
      ...{ symbol, quantity: exactOf(total[name] ?? 0), averagePrice: 0n },
      ...{ coin: { name, heldAs, paidFor }, ...(within > 0n ? { within } : {}) },
    });
  }
  return told;
}
