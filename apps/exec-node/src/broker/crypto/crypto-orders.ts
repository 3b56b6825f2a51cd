// The orders and trades of one crypto account as this gateway knows them. What always holds: an
// order is known by our id and by the venue's; a trade counts once by market and id, because venues
// number trades market by market; a trade of an order that is not ours is nobody's; what is over
// is forgotten as a whole, oldest first.

import {
  divideRound,
  type Fill,
  moneyScale,
  OrderState,
  timeFromMs,
  type WorkingTerms,
} from '@ndts/protocol';
import { Closed } from '../closed.js';
import { orderIdOf } from './client-ids.js';
import type { CcxtFill, CcxtMarket, CcxtOrder } from './ccxt-trading.js';
import { exactOf } from './exact.js';

export interface CryptoOrder {
  readonly clientOrderId: string;
  readonly market: string;
  venueOrderId: string;
  /** Of the venue: open, closed, ...; empty: it has said nothing yet. */
  status: string;
  refusal: string;
  /** Of the trades that were told. */
  filled: bigint;
  /** Executed as the order itself says, whose trades may be told later; undefined: it does not. */
  toldFilled: bigint | undefined;
  /** As the venue works it; undefined: it has not said. */
  terms: WorkingTerms | undefined;
  accepted: boolean;
  ended: boolean;
  /** It waits for its turn: nothing of it was sent. */
  waits: boolean;
  /** When it was handed over here; undefined: by another process. */
  sentMs: number | undefined;
  /** Since when the venue does not know it any more; undefined: it does. */
  missingNs: number | undefined;
  /** From then on it is certain that the venue has it or never will; by the monotonic clock. */
  certainNs: number;
}

/** Of an order: coins that fees of its executions took. */
const feeSuffix = '.fee';

export class CryptoOrders {
  readonly #venue: string;
  readonly #byId = new Map<string, CryptoOrder>();
  readonly #byVenueId = new Map<string, CryptoOrder>();
  readonly #fills = new Map<string, Fill>();
  readonly #working = new Set<CryptoOrder>();
  readonly #closed: Closed;

  constructor(venue: string, closed: Closed = new Closed()) {
    this.#venue = venue;
    this.#closed = closed;
  }

  get(clientOrderId: string): CryptoOrder | undefined {
    return this.#byId.get(clientOrderId);
  }

  add(clientOrderId: string, market: string): CryptoOrder {
    const order: CryptoOrder = {
      ...{ clientOrderId, market, venueOrderId: '', status: '', refusal: '', filled: 0n },
      ...{ accepted: false, ended: false, waits: false, certainNs: Number.POSITIVE_INFINITY },
      ...{ toldFilled: undefined, terms: undefined, missingNs: undefined, sentMs: undefined },
    };
    this.#byId.set(clientOrderId, order);
    this.#working.add(order);
    return order;
  }

  end(order: CryptoOrder): void {
    order.ended = true;
    this.lose(order);
  }

  /** Whether it is one that has ended, as far as is known. */
  hasEnded({ symbol, id, clientOrderId = '' }: CcxtOrder): boolean {
    const order =
      this.#byVenueId.get(`${symbol}#${id}`) ?? this.#byId.get(orderIdOf(clientOrderId));
    return order?.ended === true;
  }

  /** The venue has it open all the same: it can be canceled, and ends again. */
  reopen(clientOrderId: string): void {
    const order = this.#byId.get(clientOrderId);
    if (order === undefined) return;
    order.ended = false;
    order.refusal = '';
  }

  /** The venue does not have it; if it tells of it all the same, it works again. */
  lose(order: CryptoOrder): void {
    if (!this.#working.delete(order)) return;
    const forgotten = new Set<string>();
    for (const id of this.#closed.add(order.clientOrderId)) {
      const old = this.#byId.get(id);
      if (old === undefined || this.#working.has(old)) continue;
      forgotten.add(id);
      this.#byId.delete(id);
      this.#byVenueId.delete(`${old.market}#${old.venueOrderId}`);
    }
    if (forgotten.size === 0) return;
    for (const [tradeId, { clientOrderId }] of this.#fills)
      if (forgotten.has(clientOrderId.replace(feeSuffix, ''))) this.#fills.delete(tradeId);
  }

  /** Neither open there nor known: some venues forget at once what was canceled. True: it was not
   * known at `bound` either, nor since. */
  isGone(order: CryptoOrder, bound: number, now: number): boolean {
    order.missingNs ??= now;
    return order.missingNs <= bound;
  }

  /** What the venue tells of an order; undefined: it is not one of ours. */
  note(told: CcxtOrder): CryptoOrder | undefined {
    const clientOrderId = orderIdOf(told.clientOrderId ?? '');
    const before = this.#byVenueId.get(`${told.symbol}#${told.id}`);
    const order =
      this.#byId.get(clientOrderId) ??
      before ??
      (clientOrderId === '' ? undefined : this.add(clientOrderId, told.symbol));
    // It was listed without our id before its answer came.
    if (before !== undefined && before !== order && this.#working.delete(before))
      this.#byId.delete(before.clientOrderId);
    if (order === undefined) return undefined;
    order.venueOrderId = told.id;
    order.missingNs = undefined;
    this.#byVenueId.set(`${order.market}#${told.id}`, order);
    // An answer that was long on its way does not open again what has ended.
    if (order.ended) return order;
    order.status = told.status ?? 'open';
    this.#working.add(order);
    return order;
  }

  /** The fill of a trade seen for the first time, and with it that of the coins its fee took. */
  noteTrade(told: CcxtFill, symbol: number, market: CcxtMarket | undefined): readonly Fill[] {
    const order = this.#byVenueId.get(`${told.symbol}#${told.order ?? ''}`);
    if (order === undefined) return [];
    const tradeId = this.#tradeIdOf(told, order);
    if (this.#fills.has(tradeId)) return [];
    const quantity = exactOf(told.amount * (market?.contractSize ?? 1));
    const fill: Fill = {
      ...{ venue: this.#venue, tradeId, clientOrderId: order.clientOrderId, symbol, quantity },
      side: told.side === 'buy' ? 1 : -1,
      price: exactOf(told.price),
      ...feeOf(told, market),
      time: timeFromMs(told.timestamp),
    };
    order.filled += quantity;
    const fills = [fill, ...coinsTaken(fill, told, market)];
    for (const one of fills) this.#fills.set(one.tradeId, one);
    return fills;
  }

  /** Both sides of a trade with oneself have one id: the second is told with its order. */
  #tradeIdOf({ symbol, id, side, amount, price, timestamp }: CcxtFill, order: CryptoOrder): string {
    const named = (id ?? '') === '' ? `${timestamp}:${side}:${amount}:${price}` : id;
    const tradeId = `${symbol}#${named}`;
    const first = this.#fills.get(tradeId);
    const isOther = first !== undefined && first.clientOrderId !== order.clientOrderId;
    return isOther || id !== named ? `${tradeId}@${order.venueOrderId}` : tradeId;
  }

  /** Oldest first; all when `afterTradeId` is not among them. */
  fills(afterTradeId: string | undefined): Fill[] {
    const all = [...this.#fills.values()];
    const from = all.findIndex(({ tradeId }) => tradeId === afterTradeId) + 1;
    return all.slice(from);
  }

  /** Those that are not over, as far as is known; a copy. */
  working(): CryptoOrder[] {
    return [...this.#working];
  }
}

/** A fee in the coin that is traded is taken out of it. It was counted as money, so that the coins
 * are as good as sold at the price of their trade; of the order they are no execution. */
function coinsTaken(fill: Fill, told: CcxtFill, market: CcxtMarket | undefined): Fill[] {
  const fee = told.fee ?? told.fees?.[0];
  const cost = exactOf(fee?.cost ?? 0);
  const isOfCoin = market?.contract !== true && fee?.currency === market?.base;
  if (market === undefined || !isOfCoin || cost === 0n) return [];
  const coins = {
    ...{ tradeId: `${fill.tradeId}${feeSuffix}`, fee: 0n },
    ...{ clientOrderId: `${fill.clientOrderId}${feeSuffix}` },
  };
  const isTaken = cost > 0n;
  return [{ ...fill, ...coins, side: isTaken ? -1 : 1, quantity: isTaken ? cost : -cost }];
}

/** In the currency of the price where it can be told in it: a coin that is traded counts at the
 * price of its trade. */
function feeOf(
  { fees, fee = fees?.[0], price }: CcxtFill,
  market: CcxtMarket | undefined,
): Pick<Fill, 'fee' | 'feeCurrency'> {
  const cost = exactOf(fee?.cost ?? 0);
  const currency = fee?.currency;
  if (currency === undefined || market === undefined) return { fee: cost };
  if (currency === market.base) return { fee: divideRound(cost * exactOf(price), moneyScale) };
  const isOfPrice = currency === market.quote || currency === market.settle;
  return isOfPrice ? { fee: cost } : { fee: cost, feeCurrency: currency };
}

/** Executed, by its trades and by its own word. */
export function filledOf({ filled, toldFilled = 0n }: CryptoOrder): bigint {
  return toldFilled > filled ? toldFilled : filled;
}

/** `closed` is some venues' word for any end. */
export function stateOf(order: CryptoOrder): OrderState {
  const { status, refusal, filled, toldFilled, terms } = order;
  if (refusal !== '' || status === 'rejected')
    return filled > 0n ? OrderState.canceled : OrderState.rejected;
  const isTold = toldFilled !== undefined && terms !== undefined;
  if (status === 'closed')
    return isTold && filledOf(order) < terms.quantity ? OrderState.canceled : OrderState.filled;
  if (status === 'canceled' || status === 'expired') return OrderState.canceled;
  return filled > 0n ? OrderState.partiallyFilled : OrderState.accepted;
}
