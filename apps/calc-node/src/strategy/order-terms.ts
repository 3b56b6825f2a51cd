// From the options of buy() and sell() to the terms in a signal's slot. Always: what is no whole
// order of its type, or a word that is not known, is INVALID_ARGUMENT inside the hook that asked
// for it; a plain order leaves every term as a plain order has it, and costs no look at them.

import {
  moneyFromFloat,
  moneyScale,
  moneyText,
  NdtsError,
  OrderFlags,
  OrderOffset,
  type OrderOffsetName,
  OrderOffsetNames,
  OrderType,
  type OrderTypeName,
  OrderTypeNames,
  TimeInForce,
  type TimeInForceName,
  TimeInForceNames,
} from '@ndts/protocol';
import type { SignalDraft } from '../emit/signal-writer.js';
import type { OrderOptions } from './define.js';

/** Quantities and prices as decimal text; what an order does not have is not there. */
export interface OrderTermsText {
  readonly type: OrderTypeName;
  /** Stop price, distance, quantity shown, or number of slices. */
  readonly parameter?: string;
  readonly takeProfit?: string;
  readonly stopLoss?: string;
  readonly workForMs?: number;
  readonly timeInForce?: TimeInForceName;
  readonly offset?: OrderOffsetName;
  readonly postOnly?: boolean;
  readonly reduceOnly?: boolean;
  /** A stop order beside it, at the price of the parameter. */
  readonly pair?: boolean;
}

/** What a quantity is at most; prices are below it. */
export const quantityMax = 2n ** 62n;
const slicesMax = 10_000;
const millisecondsMax = 2 ** 32 - 1;

const optionNames: ReadonlySet<string> = new Set<keyof OrderOptions>([
  ...(['limitPrice', 'stopPrice', 'distance', 'shown', 'slices', 'workForMs'] as const),
  ...(['timeInForce', 'postOnly', 'reduceOnly', 'takeProfit', 'stopLoss', 'offset'] as const),
  ...(['orStopPrice'] as const),
]);
/** Each makes a type of its own, and there is room for one. */
const parameterNames = ['stopPrice', 'distance', 'shown', 'slices', 'orStopPrice'] as const;

/** Sets type and terms of a draft that has its side and quantity. */
export function setTerms(draft: SignalDraft, options: OrderOptions | undefined): void {
  clearTerms(draft);
  if (options === undefined) return;
  for (const name of Object.keys(options))
    if (!optionNames.has(name)) refuse(`an option of an order (${[...optionNames]})`, name);
  draft.limitPrice = priceOf('limitPrice', options.limitPrice);
  draft.takeProfit = priceOf('takeProfit', options.takeProfit);
  draft.stopLoss = priceOf('stopLoss', options.stopLoss);
  draft.timeInForce = wordOf('timeInForce', TimeInForce, options.timeInForce);
  draft.offset = wordOf('offset', OrderOffset, options.offset);
  draft.flags =
    flagOf('postOnly', options.postOnly, OrderFlags.postOnly) |
    flagOf('reduceOnly', options.reduceOnly, OrderFlags.reduceOnly);
  setType(draft, options);
  setWorkFor(draft, options.workForMs);
  if ((draft.flags & OrderFlags.postOnly) !== 0 && draft.orderType !== OrderType.limit)
    refuse('postOnly with a limit order', OrderTypeNames[draft.orderType]);
}

export function isPlain(draft: SignalDraft): boolean {
  return (
    draft.orderType <= OrderType.limit &&
    draft.timeInForce <= TimeInForce.gtc &&
    draft.flags === 0 &&
    draft.offset === 0 &&
    draft.takeProfit === 0n &&
    draft.stopLoss === 0n
  );
}

/** What an order has beside its limit price, as text and words; undefined: it is a plain one. */
export function termsText(draft: SignalDraft): OrderTermsText | undefined {
  if (isPlain(draft)) return undefined;
  const { parameter, takeProfit, stopLoss, workForMs, flags } = draft;
  return {
    type: OrderTypeNames[draft.orderType]!,
    ...(parameter === 0n ? {} : { parameter: moneyText(parameter) }),
    ...(takeProfit === 0n ? {} : { takeProfit: moneyText(takeProfit) }),
    ...(stopLoss === 0n ? {} : { stopLoss: moneyText(stopLoss) }),
    ...(workForMs === 0 ? {} : { workForMs }),
    ...(draft.timeInForce === 0 ? {} : { timeInForce: TimeInForceNames[draft.timeInForce]! }),
    ...(draft.offset === 0 ? {} : { offset: OrderOffsetNames[draft.offset]! }),
    ...((flags & OrderFlags.postOnly) === 0 ? {} : { postOnly: true }),
    ...((flags & OrderFlags.reduceOnly) === 0 ? {} : { reduceOnly: true }),
    ...((flags & OrderFlags.pair) === 0 ? {} : { pair: true }),
  };
}

function clearTerms(draft: SignalDraft): void {
  draft.orderType = OrderType.market;
  draft.limitPrice = 0n;
  draft.parameter = 0n;
  draft.takeProfit = 0n;
  draft.stopLoss = 0n;
  draft.workForMs = 0;
  draft.timeInForce = 0;
  draft.offset = 0;
  draft.flags = 0;
}

function setType(draft: SignalDraft, options: OrderOptions): void {
  const given = parameterNames.filter((name) => options[name] !== undefined);
  if (given.length > 1)
    refuse('one of stopPrice, distance, shown, slices and orStopPrice', String(given));
  const hasLimit = draft.limitPrice > 0n;
  draft.orderType = hasLimit ? OrderType.limit : OrderType.market;
  switch (given[0]) {
    case undefined:
      return;
    case 'stopPrice':
      draft.orderType = hasLimit ? OrderType.stopLimit : OrderType.stop;
      draft.parameter = priceOf('stopPrice', options.stopPrice);
      return;
    case 'distance':
      if (hasLimit) refuse('distance without limitPrice', 'both');
      draft.orderType = OrderType.trailing;
      draft.parameter = priceOf('distance', options.distance);
      return;
    case 'shown':
      draft.orderType = OrderType.iceberg;
      if (!hasLimit) refuse('shown with limitPrice', 'none');
      if (!isBetween(options.shown, draft.quantity)) refuse('shown below quantity', options.shown);
      draft.parameter = options.shown;
      return;
    case 'orStopPrice':
      if (!hasLimit) refuse('orStopPrice with limitPrice', 'none');
      draft.parameter = priceOf('orStopPrice', options.orStopPrice);
      draft.flags |= OrderFlags.pair;
      return;
    case 'slices':
      draft.orderType = OrderType.twap;
      draft.parameter = BigInt(wholeOf('slices', options.slices, slicesMax)) * moneyScale;
  }
}

function setWorkFor(draft: SignalDraft, workForMs: number | undefined): void {
  const needs = draft.orderType === OrderType.twap || draft.timeInForce === TimeInForce.gtd;
  if (needs) draft.workForMs = wholeOf('workForMs', workForMs, millisecondsMax);
  else if (workForMs !== undefined) refuse("workForMs with slices or timeInForce 'gtd'", workForMs);
}

/** 0n: not given. */
function priceOf(name: string, value: bigint | number | undefined): bigint {
  if (value === undefined) return 0n;
  const price = typeof value === 'number' ? moneyFromFloat(value) : value;
  if (!isBetween(price, quantityMax)) refuse(`${name} above 0`, value);
  return price;
}

function isBetween(value: unknown, end: bigint): value is bigint {
  return typeof value === 'bigint' && value > 0n && value < end;
}

function wholeOf(name: string, value: number | undefined, most: number): number {
  if (value === undefined || !Number.isInteger(value) || value < 1 || value > most)
    refuse(`${name}, a whole number from 1 to ${most}`, value);
  return value;
}

function wordOf(
  name: string,
  words: Readonly<Record<string, number>>,
  word: string | undefined,
): number {
  if (word === undefined) return 0;
  const number = Object.hasOwn(words, word) ? words[word] : undefined;
  if (number === undefined) refuse(`${name}, one of ${Object.keys(words).join(', ')}`, word);
  return number;
}

function flagOf(name: string, value: boolean | undefined, bit: number): number {
  if (value !== undefined && typeof value !== 'boolean') refuse(`${name}, true or false`, value);
  return value === true ? bit : 0;
}

function refuse(expected: string, found: unknown): never {
  throw new NdtsError('INVALID_ARGUMENT', `order: expected ${expected}, found ${String(found)}`);
}
