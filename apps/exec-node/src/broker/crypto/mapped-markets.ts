// The markets that symbols are mapped to, as far as ccxt describes them. What always holds: what
// could be traded here only with other quantities, prices or values than the venue's is refused
// before anything is sent.

import { moneyToFloat, NdtsError } from '@ndts/protocol';
import type { CcxtMarket, CcxtTrading } from './ccxt-trading.js';
import { exactOf } from './exact.js';

/** Of ccxt: how a market says how fine it is. */
const decimalPlaces = 2;
const tickSize = 4;

/** Throws CONFIG_INVALID_VALUE. */
export function checkMarkets(exchange: CcxtTrading, names: readonly string[]): void {
  const markets = names.map((name) => {
    const market = exchange.markets?.[name];
    const why = market === undefined ? 'the venue has no such market' : faultOf(exchange, market);
    if (market === undefined || why !== undefined) throw refused(name, why ?? '');
    return { name, market };
  });
  for (const { name, market } of markets) {
    if (market.contract === true) continue;
    const margin = markets.find(
      ({ market: other }) => other.contract === true && other.settle === market.base,
    );
    if (margin !== undefined)
      throw refused(name, `its coin is the margin of ${margin.name}, too; use another account`);
  }
}

function refused(name: string, why: string): NdtsError {
  return new NdtsError('CONFIG_INVALID_VALUE', `ccxt.markets: ${name}: ${why}`);
}

function faultOf(exchange: CcxtTrading, market: CcxtMarket): string | undefined {
  const { contract, inverse, option, contractSize = 1 } = market;
  if (option === true) return 'options are not traded';
  // Worth by the inverse of the price: neither quantity nor PnL would be right.
  if (contract === true && inverse === true) return 'it is settled in the coin that is traded';
  const price = stepOf(exchange, market.precision?.price);
  const amount = stepOf(exchange, market.precision?.amount);
  if (price !== undefined && !isExact(price))
    return `its prices are in steps of ${price}; NDTS knows none finer than 1e-8`;
  if (amount !== undefined && !isExact(amount * contractSize))
    return `its amounts are in steps of ${amount * contractSize}; NDTS knows none finer than 1e-8`;
  return undefined;
}

/** As quantities are counted here; 0n: the venue does not say. */
export function lotOf(exchange: CcxtTrading, { precision, contractSize = 1 }: CcxtMarket): bigint {
  const step = stepOf(exchange, precision?.amount);
  return step === undefined ? 0n : exactOf(step * contractSize);
}

function stepOf({ precisionMode }: CcxtTrading, precision: number | undefined): number | undefined {
  if (precision === undefined || precision === null) return undefined;
  if (precisionMode === tickSize) return precision;
  return precisionMode === decimalPlaces ? 10 ** -precision : undefined;
}

/** But for what the arithmetic of floats makes of it. */
function isExact(step: number): boolean {
  const nearest = moneyToFloat(exactOf(step));
  return nearest > 0 && Math.abs(nearest - step) <= step * 1e-9;
}
