// The risk check: a pure function of order, limits, exposure, market and time. What always holds:
// it changes nothing, reads nothing else, and gives exactly one reason. Cancels do not pass through
// it. An order that only reduces a position passes REDUCING, a symbol that is not GOOD or whose
// price is old, and the daily loss: getting out must stay possible.

import {
  moneyFromFloat,
  moneyScale,
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
  /** Of an iceberg: an order of so much each; 0: none. */
  readonly shown?: bigint;
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
  /** Worth of one unit at price 1; absent: 1. */
  multiplier?: bigint;
  /** Best price of our own open orders of the other side; 0: none, or we may meet them. */
  ownAgainst?: bigint;
  /** Worth of its currency in that of the account, scaled by 1e8; absent: 1. */
  rate?: bigint;
  /** Equal to an order of the same strategy a moment ago. */
  isDuplicate?: boolean;
  /** The strategy executed too often in a row. */
  isThrottled?: boolean;
  /** The route has no instrument for the symbol. */
  isUnmapped?: boolean;
  /** Of the strategy alone; absent: an order of a person, who acts for all. */
  own?: OpenPosition | undefined;
  /** What the offset of the order may close; undefined: it closes nothing by offset. */
  closable?: bigint | undefined;
  /** The venue takes less than a lot of what closes all that is held. */
  closesOddLots?: boolean;
  /** A person closes everything, where long and short are kept apart both sides, and this is an
   * order of persons. */
  isFlattening?: boolean;
  /** The books of the strategy and the account, where they have limits of their own. */
  books?: readonly BookExposure[];
}

/** The same as above, of one strategy or account alone. */
export interface BookExposure {
  readonly position: bigint;
  readonly openBuy: bigint;
  readonly openSell: bigint;
  readonly dayLoss: bigint;
  readonly maxPosition: bigint | undefined;
  readonly maxDailyLoss: bigint | undefined;
}

/** Flags under which a symbol is reduce-only. */
export const reduceOnlyFlags =
  TickFlags.stale | TickFlags.gapped | TickFlags.crossed | TickFlags.halted;

type OpenPosition = Pick<RiskExposure, 'position' | 'openBuy' | 'openSell'>;

const million = 1_000_000n;

export function checkRisk(
  order: RiskOrder,
  limits: RiskLimits,
  exposure: RiskExposure,
  market: MarketPoint,
  now: Time,
): RiskReason {
  if (!isOrder(order)) return RiskReason.INVALID_ORDER;
  const { quantity, shown = 0n } = order;
  if (quantity <= 0n || shown % limits.lot !== 0n) return RiskReason.INVALID_QUANTITY;
  const isOdd = quantity % limits.lot !== 0n;
  if (isOdd && !(exposure.closesOddLots === true && closesAll(order, exposure)))
    return RiskReason.INVALID_QUANTITY;
  if (limits.minQuantity > 0n && (shown > 0n ? shown : quantity) < limits.minQuantity)
    return RiskReason.QUANTITY_LIMIT;
  if (limits.maxQuantity > 0n && order.quantity > limits.maxQuantity)
    return RiskReason.QUANTITY_LIMIT;
  if (limits.tick > 0n && !isOnTick(order, limits.tick)) return RiskReason.INVALID_PRICE;
  if (((order.flags ?? 0) & OrderFlags.reduceOnly) !== 0 && !reducesOwn(order, exposure))
    return RiskReason.REDUCE_ONLY;
  if (exposure.closable !== undefined && order.quantity > exposure.closable)
    return RiskReason.CLOSE_EXCEEDED;
  if (exposure.tradingState === 'HALTED') return RiskReason.TRADING_HALTED;
  if (!exposure.brokerConnected) return RiskReason.BROKER_UNAVAILABLE;

  if (!(market.last > 0)) return RiskReason.NO_MARKET;
  const reducing = isReducing(order, exposure);
  if (!reducing) {
    // A price from the future is as wrong as an old one.
    if (Math.abs(nsBetween(now, market)) > limits.staleNs) return RiskReason.STALE_MARKET;
    if ((market.flags & reduceOnlyFlags) !== 0 || market.isSilent) return RiskReason.SYMBOL_QUALITY;
    if (exposure.tradingState === 'REDUCING') return RiskReason.REDUCE_ONLY;
    if (limits.isRestricted) return RiskReason.RESTRICTED;
    if (exposure.isUnmapped === true) return RiskReason.UNMAPPED;
    if (exposure.isThrottled === true) return RiskReason.REPEATED_EXECUTION;
  }
  if (exposure.isDuplicate === true) return RiskReason.DUPLICATE_ORDER;

  const last = moneyFromFloat(market.last);
  const price = priceOf(order, order.stopPrice ?? 0n, market);
  const closes = exposure.isFlattening === true && reducing && order.limitPrice > 0n;
  const collar = closes ? limits.closingMillionths : limits.collarMillionths;
  if (!isWithin(price, last, collar)) return RiskReason.PRICE_COLLAR;
  if (meetsOwn(order, price, exposure.ownAgainst ?? 0n)) return RiskReason.SELF_TRADE;
  const value = order.quantity * price * (exposure.multiplier ?? 1n);
  // Not divided: nothing is rounded away.
  if (value * (exposure.rate ?? moneyScale) > limits.maxOrderValue * moneyScale)
    return RiskReason.ORDER_VALUE_EXCEEDED;
  // The other side goes, too.
  const isOneOfTwo = exposure.isFlattening === true && exposure.closable !== undefined;
  if (!isOneOfTwo && worstPosition(order, exposure) > limits.maxPosition)
    return RiskReason.POSITION_LIMIT_EXCEEDED;
  if (!reducing && exposure.dayLoss >= limits.maxDailyLoss) return RiskReason.DAILY_LOSS_LIMIT;
  for (const book of exposure.books ?? []) {
    const reason = isOneOfTwo ? RiskReason.APPROVED : checkBook(order, book, exposure);
    if (reason !== RiskReason.APPROVED) return reason;
  }
  return exposure.messagesLeft > 0 ? RiskReason.APPROVED : RiskReason.MESSAGE_RATE;
}

/** Not further from the last price than so many millionths of it. */
export function isWithin(price: bigint, last: bigint, millionths: bigint): boolean {
  const distance = price > last ? price - last : last - price;
  return distance * million <= last * millionths;
}

/** The limit with which something closes that is too far for the collar at the market; undefined:
 * the market is further away than that, too. */
export function closingLimit(
  side: number,
  touch: bigint,
  last: bigint,
  { closingMillionths, tick }: Pick<RiskLimits, 'closingMillionths' | 'tick'>,
): bigint | undefined {
  const most = (last * closingMillionths) / million;
  const step = tick > 0n ? tick : 1n;
  const limit = side > 0 ? last + most : last - most;
  const rest = limit % step;
  const onTick = side > 0 || rest === 0n ? limit - rest : limit - rest + step;
  return (side > 0 ? touch <= onTick : touch >= onTick) ? onTick : undefined;
}

/** The position and loss of one strategy or account. */
function checkBook(
  order: RiskOrder,
  book: BookExposure,
  { closable }: Pick<RiskExposure, 'closable'>,
): RiskReason {
  const { maxPosition, maxDailyLoss } = book;
  if (maxPosition !== undefined && worstPosition(order, book) > maxPosition)
    return RiskReason.POSITION_LIMIT_EXCEEDED;
  if (maxDailyLoss === undefined || book.dayLoss < maxDailyLoss) return RiskReason.APPROVED;
  if (closable === undefined && !reducesPosition(order, book)) return RiskReason.DAILY_LOSS_LIMIT;
  return RiskReason.APPROVED;
}

function isOnTick({ limitPrice, stopPrice }: RiskOrder, tick: bigint): boolean {
  return limitPrice % tick === 0n && (stopPrice ?? 0n) % tick === 0n;
}

/** A stop that waits meets nobody. */
function meetsOwn(order: RiskOrder, price: bigint, against: bigint): boolean {
  if (against === 0n || (order.stopPrice ?? 0n) > 0n) return false;
  return order.side > 0 ? price >= against : price <= against;
}

function isOrder(order: RiskOrder): boolean {
  if (order.side !== 1 && order.side !== -1) return false;
  if (order.orderType === OrderType.limit) return order.limitPrice > 0n;
  return order.orderType === OrderType.market
    ? order.limitPrice === 0n
    : order.orderType <= OrderType.iceberg;
}

/** What closes by its offset takes risk away, also where long and short stand against each
 * other. */
function isReducing(order: RiskOrder, exposure: RiskExposure): boolean {
  return exposure.closable !== undefined || reducesPosition(order, exposure);
}

/** Both what the node holds and what its strategy does. */
function reducesOwn(order: RiskOrder, exposure: RiskExposure): boolean {
  const { own, closable } = exposure;
  if (!isReducing(order, exposure)) return false;
  return own === undefined || closable !== undefined || reducesPosition(order, own);
}

/** It and all others of its side leave nothing of what is held, or of what its offset may close. */
function closesAll(order: RiskOrder, exposure: RiskExposure): boolean {
  if (exposure.closable !== undefined) return order.quantity === exposure.closable;
  return order.side > 0
    ? exposure.position + exposure.openBuy + order.quantity === 0n
    : exposure.position - exposure.openSell - order.quantity === 0n;
}

/** True when the position only shrinks, should this order and all others of its side fill. */
function reducesPosition(order: RiskOrder, exposure: OpenPosition): boolean {
  return order.side > 0
    ? exposure.position + exposure.openBuy + order.quantity <= 0n
    : exposure.position - exposure.openSell - order.quantity >= 0n;
}

/** Largest position towards the order's side, should it and all others of its side fill. */
function worstPosition(order: RiskOrder, exposure: OpenPosition): bigint {
  return order.side > 0
    ? exposure.position + exposure.openBuy + order.quantity
    : exposure.openSell + order.quantity - exposure.position;
}
