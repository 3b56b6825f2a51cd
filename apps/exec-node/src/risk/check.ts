// The risk check: a pure function of order, limits, exposure, market and time. What always holds:
// it changes nothing, reads nothing else, and gives exactly one reason. Cancels do not pass through
// it. An order that only reduces a position passes REDUCING, a symbol that is not GOOD or whose
// price is old, and the daily loss: getting out must stay possible.

import {
  moneyFromFloat,
  nsBetween,
  OrderFlags,
  OrderType,
  RiskReason,
  TickFlags,
  type Time,
  type TradingStateName,
} from '@ndts/protocol';
import type { RiskLimits } from './limits.js';
import { type MarketPoint, priceOf } from './market.js';

export interface RiskOrder {
  readonly symbol: number;
  readonly side: number;
  readonly orderType: number;
  readonly quantity: bigint;
  readonly limitPrice: bigint;
  /** The price that triggers; 0: none. */
  readonly stopPrice?: bigint;
  /** Bits of OrderFlags. */
  readonly flags?: number;
}

export interface RiskExposure {
  /** Signed position of the symbol. */
  position: bigint;
  /** Open quantities of orders of the symbol, intents not yet sent included. */
  openBuy: bigint;
  openSell: bigint;
  /** Loss of the day, fees and unrealised included, scaled by 1e16. */
  dayLoss: bigint;
  tradingState: TradingStateName;
  brokerConnected: boolean;
  /** Orders that may still be sent in the current second. */
  messagesLeft: number;
}

/** Flags under which a symbol is reduce-only. */
export const reduceOnlyFlags =
  TickFlags.stale | TickFlags.gapped | TickFlags.crossed | TickFlags.halted;

const million = 1_000_000n;

export function checkRisk(
  order: RiskOrder,
  limits: RiskLimits,
  exposure: RiskExposure,
  market: MarketPoint,
  now: Time,
): RiskReason {
  if (!isOrder(order)) return RiskReason.INVALID_ORDER;
  if (order.quantity <= 0n || order.quantity % limits.lot !== 0n)
    return RiskReason.INVALID_QUANTITY;
  if (((order.flags ?? 0) & OrderFlags.reduceOnly) !== 0 && !reducesPosition(order, exposure))
    return RiskReason.REDUCE_ONLY;
  if (exposure.tradingState === 'HALTED') return RiskReason.TRADING_HALTED;
  if (!exposure.brokerConnected) return RiskReason.BROKER_UNAVAILABLE;

  if (!(market.last > 0)) return RiskReason.NO_MARKET;
  const reducing = reducesPosition(order, exposure);
  if (!reducing) {
    // A price from the future is as wrong as an old one.
    if (Math.abs(nsBetween(now, market)) > limits.staleNs) return RiskReason.STALE_MARKET;
    if ((market.flags & reduceOnlyFlags) !== 0 || market.isSilent) return RiskReason.SYMBOL_QUALITY;
    if (exposure.tradingState === 'REDUCING') return RiskReason.REDUCE_ONLY;
  }

  const last = moneyFromFloat(market.last);
  const price = priceOf(order, order.stopPrice ?? 0n, market);
  const distance = price > last ? price - last : last - price;
  if (distance * million > last * limits.collarMillionths) return RiskReason.PRICE_COLLAR;
  if (order.quantity * price > limits.maxOrderValue) return RiskReason.ORDER_VALUE_EXCEEDED;
  if (worstPosition(order, exposure) > limits.maxPosition)
    return RiskReason.POSITION_LIMIT_EXCEEDED;
  if (!reducing && exposure.dayLoss >= limits.maxDailyLoss) return RiskReason.DAILY_LOSS_LIMIT;
  return exposure.messagesLeft > 0 ? RiskReason.APPROVED : RiskReason.MESSAGE_RATE;
}

function isOrder(order: RiskOrder): boolean {
  if (order.side !== 1 && order.side !== -1) return false;
  if (order.orderType === OrderType.limit) return order.limitPrice > 0n;
  return order.orderType === OrderType.market
    ? order.limitPrice === 0n
    : order.orderType <= OrderType.iceberg;
}

/** True when the position only shrinks, should this order and all others of its side fill. */
function reducesPosition(order: RiskOrder, exposure: RiskExposure): boolean {
  return order.side > 0
    ? exposure.position + exposure.openBuy + order.quantity <= 0n
    : exposure.position - exposure.openSell - order.quantity >= 0n;
}

/** Largest position towards the order's side, should it and all others of its side fill. */
function worstPosition(order: RiskOrder, exposure: RiskExposure): bigint {
  return order.side > 0
    ? exposure.position + exposure.openBuy + order.quantity
    : exposure.openSell + order.quantity - exposure.position;
}
