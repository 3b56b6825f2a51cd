// Positions as people and other nodes see them: plain data, decimal text.

import { moneyText, type PositionView } from '@ndts/protocol';
import { fromSquared, type Position } from './position.js';

export function positionView(
  position: Position,
  symbolName: string,
  lastPrice: bigint,
): PositionView {
  return {
    symbol: position.symbol,
    symbolName,
    quantity: moneyText(position.quantity),
    averagePrice: moneyText(position.averagePrice),
    lastPrice: moneyText(lastPrice),
    realisedPnl: moneyText(fromSquared(position.realised)),
    unrealisedPnl: moneyText(fromSquared(position.unrealised)),
    fees: moneyText(position.fees),
    currency: position.currency,
    multiplier: Number(position.multiplier),
  };
}
