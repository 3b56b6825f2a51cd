// Positions as people and other nodes see them: plain data, decimal text.

import { moneyText, type OffsetView, type PositionView } from '@ndts/protocol';
import type { OffsetPosition } from './offsets.js';
import { fromSquared, type Position } from './position.js';

export function offsetView(account: string, { long, short }: OffsetPosition): OffsetView {
  return {
    account,
    longToday: moneyText(long.today),
    longYesterday: moneyText(long.yesterday),
    shortToday: moneyText(short.today),
    shortYesterday: moneyText(short.yesterday),
  };
}

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
