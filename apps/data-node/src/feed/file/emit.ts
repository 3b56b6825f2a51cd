// hot: no allocation after init
// One row of each kind, written into the queues; what every format does.

import { TradeFlags } from '@ndts/protocol';
import type { FeedRows } from '../feed-rows.js';

export interface RecordTime {
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly symbol: Uint32Array;
}

/** A tick without a quote has 0 for bid, ask and their volumes: there is none. */
export function emitTick(
  rows: FeedRows,
  of: RecordTime,
  record: number,
  price: number,
  volume: number,
  bid = 0,
  ask = 0,
  bidVolume = 0,
  askVolume = 0,
): void {
  const row = rows.claimTick();
  if (row < 0) return;
  const { ticks } = rows;
  ticks.day[row] = of.day[record]!;
  ticks.nsOfDay[row] = of.nsOfDay[record]!;
  ticks.price[row] = price;
  ticks.volume[row] = volume;
  ticks.bid[row] = bid;
  ticks.ask[row] = ask;
  ticks.bidVolume[row] = bidVolume;
  ticks.askVolume[row] = askVolume;
  ticks.symbol[row] = of.symbol[record]!;
  ticks.flags[row] = 0;
}

/** Of a venue that names trades by whole numbers. */
function isId(tradeId: number): boolean {
  return Number.isSafeInteger(tradeId) && tradeId >= 0;
}

export function emitTrade(
  rows: FeedRows,
  of: RecordTime,
  record: number,
  price: number,
  volume: number,
  tradeId: number,
  flags: number,
): void {
  const row = rows.claimTrade();
  if (row < 0) return;
  const { trades } = rows;
  trades.day[row] = of.day[record]!;
  trades.nsOfDay[row] = of.nsOfDay[record]!;
  trades.price[row] = price;
  trades.volume[row] = volume;
  trades.tradeId[row] = isId(tradeId) ? tradeId : 0;
  trades.symbol[row] = of.symbol[record]!;
  trades.flags[row] = isId(tradeId) ? flags | TradeFlags.id : flags;
}

export function emitLevel(
  rows: FeedRows,
  of: RecordTime,
  record: number,
  price: number,
  quantity: number,
  flags: number,
): void {
  const row = rows.claimBook();
  if (row < 0) return;
  const { book } = rows;
  book.day[row] = of.day[record]!;
  book.nsOfDay[row] = of.nsOfDay[record]!;
  book.price[row] = price;
  book.quantity[row] = quantity;
  book.sequence[row] = Number.NaN;
  book.previous[row] = Number.NaN;
  book.symbol[row] = of.symbol[record]!;
  book.flags[row] = flags;
}
