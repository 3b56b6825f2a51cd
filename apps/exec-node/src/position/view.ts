// Positions as people and other nodes see them: plain data, decimal text.

import {
  moneyText,
  type OffsetView,
  type PositionsRequest,
  type PositionView,
} from '@ndts/protocol';
import type { PositionBooks } from './books.js';
import type { OffsetPosition } from './offsets.js';
import { fromSquared, type Position } from './position.js';
import type { Positions } from './positions.js';

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

/** Of each account or strategy, in their order. `priceOf`: the last one; 0n: there is none. */
export function viewsBy(
  books: PositionBooks,
  by: NonNullable<PositionsRequest['by']>,
  symbolName: (id: number) => string,
  priceOf: (symbol: number) => bigint,
): PositionView[] {
  const views = (book: Positions, whose: object): PositionView[] => {
    book.mark(priceOf);
    return [...book.all()]
      .filter(({ wasTraded }) => wasTraded)
      .sort((a, b) => a.symbol - b.symbol)
      .map((one) => ({
        ...whose,
        ...positionView(one, symbolName(one.symbol), priceOf(one.symbol)),
      }));
  };
  if (by === 'account')
    return [...books.accounts()].flatMap(([account, book]) => views(book, { account }));
  const strategies = [...books.strategies()].sort(([a], [b]) => a - b);
  return strategies.flatMap(([instance, book]) => views(book, { instance }));
}
