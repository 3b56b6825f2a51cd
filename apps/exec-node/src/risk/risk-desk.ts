// Gathers what the risk check looks at, and asks it. What always holds: the check itself sees only
// what is handed to it here; cancels never come by; what a person must arm again is journaled
// before the next order is judged.

import {
  type Clock,
  type ConfigValues,
  moneyScale,
  moneyText,
  nsPerMs,
  type OrderIntent,
  type OrderTerms,
  OrderType,
  type RiskReason,
  RiskReasonNames,
  type RiskView,
  type Time,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Ledger } from '../order/ledger.js';
import { type Order, personInstance } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { fromSquared } from '../position/position.js';
import type { Positions } from '../position/positions.js';
import type { Rates } from '../position/rates.js';
import {
  type BookExposure,
  checkRisk,
  closingLimit,
  isWithin,
  type RiskExposure,
} from './check.js';
import type { DataWatch } from './data-watch.js';
import { type BookLimits, type EffectiveLimits, LimitBook } from './limits.js';
import { emptyPoint, type Market, priceOf } from './market.js';
import { MessageRate } from './message-rate.js';
import { OwnOrders } from './own-orders.js';
import { Repeats } from './repeats.js';

export interface RiskDeskDeps {
  readonly risk: ConfigValues['risk'];
  readonly rates: Rates;
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly market: Market;
  readonly dataWatch: DataWatch;
  readonly clock: Clock;
  readonly symbolName: (id: number) => string;
  /** What an order with this offset may close; undefined: it closes nothing by offset. */
  readonly closable: (order: OrderIntent, offset: number) => bigint | undefined;
  readonly connected: () => boolean;
  /** Whether it goes where orders are taken. */
  readonly takes: (order: OrderIntent) => boolean;
  /** The venue takes less than a lot of what closes all that is held. */
  readonly closesOddLots: () => boolean;
  /** Whether the route has an instrument for the symbol. */
  readonly trades: (symbol: number) => boolean;
  /** How fine the venue trades it, as it says; 0n: it does not. */
  readonly venueLot: (symbol: number) => bigint;
}

type Sized = Pick<
  OrderIntent,
  'account' | 'instance' | 'symbol' | 'side' | 'quantity' | 'limitPrice'
>;

/** `limit`: undefined: the market is too far away. */
export interface ClosingWay {
  readonly limit: bigint | undefined;
  readonly last: bigint;
  readonly touch: bigint;
}

export class RiskDesk {
  /** What is not closed for now, and why; empty: nothing. */
  closingWaits: () => string = () => '';
  readonly limits: LimitBook;
  /** Limits with the lot of the venue in them. */
  readonly #lotted = new WeakMap<EffectiveLimits, EffectiveLimits>();
  readonly #deps: RiskDeskDeps;
  readonly #rate = new MessageRate();
  readonly #repeats = new Repeats();
  readonly #own = new OwnOrders();
  readonly #point = emptyPoint();
  /** Of a strategy and an account: filled again for each order. */
  readonly #firstBook = emptyBook();
  readonly #secondBook = emptyBook();
  readonly #ownBook = emptyBook();
  readonly #exposure: Required<RiskExposure> & { books: BookExposure[] } = {
    ...{ position: 0n, openBuy: 0n, openSell: 0n, dayLoss: 0n, tradingState: 'ACTIVE' },
    ...{ brokerConnected: false, messagesLeft: 0, multiplier: 1n, rate: moneyScale },
    ...{ ownAgainst: 0n, closable: undefined, own: undefined, closesOddLots: false },
    ...{ isDuplicate: false, isThrottled: false, isUnmapped: false, isFlattening: false },
    books: [],
  };

  constructor(deps: RiskDeskDeps) {
    this.#deps = deps;
    const { books } = deps.ledger;
    this.limits = new LimitBook(deps.risk, deps.symbolName, (id) => books.instrument(id));
  }

  /** After the journal was folded. */
  open(): void {
    for (const order of this.#deps.ledger.orders.open()) this.#own.changed(order);
  }

  changed(order: Order): void {
    this.#own.changed(order);
  }

  /** An order is about to be sent. */
  count(): void {
    this.#rate.count(this.#deps.clock.monotonicNs());
  }

  limitsFor(intent: Pick<OrderIntent, 'account' | 'instance' | 'symbol'>): EffectiveLimits {
    const { controls, books } = this.#deps.ledger;
    const version = controls.limitsVersion + books.instrumentsVersion;
    this.limits.follow(version, () => controls.limits());
    const limits = this.limits.of(intent.account, intent.instance, intent.symbol);
    const theirs = this.#deps.venueLot(intent.symbol);
    return theirs > limits.lot ? this.#inLots(limits, theirs) : limits;
  }

  /** Before every order: made once for each. */
  #inLots(limits: EffectiveLimits, lot: bigint): EffectiveLimits {
    let made = this.#lotted.get(limits);
    if (made?.lot !== lot) {
      made = { ...limits, lot };
      this.#lotted.set(limits, made);
    }
    return made;
  }

  /** Whether an order may have the price. */
  isOnTick(order: Pick<OrderIntent, 'account' | 'instance' | 'symbol'>, price: bigint): boolean {
    const { tick } = this.limitsFor(order);
    return tick === 0n || price % tick === 0n;
  }

  /** As much of a quantity as one order may be for; all of it when not even a lot may. */
  mostOf(order: Sized): bigint {
    const { ledger, market, rates } = this.#deps;
    const { symbol, side, quantity, limitPrice } = order;
    const { lot, maxQuantity, maxOrderValue } = this.limitsFor(order);
    const instrument = ledger.books.instrument(symbol);
    market.read(symbol, this.#point);
    const price = priceOf({ side, limitPrice }, 0n, this.#point);
    const unit = price * BigInt(instrument?.multiplier ?? 1) * rates.of(instrument?.currency ?? '');
    let most = maxQuantity > 0n && maxQuantity < quantity ? maxQuantity : quantity;
    const byValue = unit > 0n ? (maxOrderValue * moneyScale) / unit : most;
    if (byValue < most) most = byValue;
    most -= most % lot;
    return most > 0n ? most : quantity;
  }

  /** How something closes: 0n: at the market, or risk says why not; else with this limit. */
  closingWay(order: Sized): ClosingWay {
    const { symbol, side, quantity } = order;
    const limits = this.limitsFor(order);
    const { lot, minQuantity, collarMillionths } = limits;
    this.#deps.market.read(symbol, this.#point);
    const last = this.#deps.market.lastMoney(symbol);
    const touch = priceOf({ side, limitPrice: 0n }, 0n, this.#point);
    const isOdd = quantity < lot && !this.#deps.closesOddLots();
    const isTooLittle = isOdd || quantity < minQuantity;
    if (isTooLittle || last === 0n || isWithin(touch, last, collarMillionths))
      return { limit: 0n, last, touch };
    return { limit: closingLimit(side, touch, last, limits), last, touch };
  }

  /** `counted`: what of it is in the open quantities already; above 0 for a child. */
  check(order: OrderIntent, terms: OrderTerms, counted: bigint, now: Time): RiskReason {
    const limits = this.limitsFor(order);
    this.#gather(order, terms, counted, limits);
    return this.#judge(order, terms, limits, now);
  }

  /** What an open order would be: judged whole, in the place of what it is. */
  checkChange(order: Order, to: WorkingTerms, now: Time): RiskReason {
    const intent = { ...order.intent, quantity: to.quantity, limitPrice: to.limitPrice };
    const terms = { ...order.terms, stopPrice: to.stopPrice };
    const limits = this.limitsFor(intent);
    const { group, filled } = order;
    const ofGroup = intent.side > 0 ? group?.exposedBuy : group?.exposedSell;
    // Of what is executed the position knows.
    this.#gather(intent, terms, (ofGroup ?? order.exposed) + filled, limits);
    const exposure = this.#exposure;
    const closing = order.worksHere ? order.childrenOpen : order.open;
    if (exposure.closable !== undefined) exposure.closable += closing + filled;
    return this.#judge(intent, terms, limits, now);
  }

  #gather(order: OrderIntent, terms: OrderTerms, counted: bigint, limits: EffectiveLimits): void {
    const { ledger, connected, takes, rates } = this.#deps;
    const { account, instance, symbol, side } = order;
    const exposure = this.#exposure;
    const { positions, controls } = ledger;
    positions.mark(this.#lastMoney);
    const position = positions.get(symbol);
    exposure.position = position?.quantity ?? 0n;
    exposure.openBuy = (position?.openBuy ?? 0n) - (side > 0 ? counted : 0n);
    exposure.openSell = (position?.openSell ?? 0n) - (side > 0 ? 0n : counted);
    const instrument = ledger.books.instrument(symbol);
    exposure.multiplier = instrument === undefined ? 1n : BigInt(instrument.multiplier);
    exposure.rate = rates.of(instrument?.currency ?? '');
    exposure.dayLoss = positions.dayLoss(this.#deps.rates.of);
    exposure.closable = this.#deps.closable(order, terms.offset);
    exposure.tradingState = controls.stateFor(account, instance, symbol);
    exposure.brokerConnected = connected() && takes(order);
    exposure.closesOddLots = this.#deps.closesOddLots();
    exposure.isUnmapped = !this.#deps.trades(symbol);
    exposure.isThrottled = controls.isThrottled(instance);
    exposure.isFlattening = instance === personInstance && controls.flatten !== '';
    exposure.ownAgainst = this.#deps.risk.selfTrade ? 0n : this.#own.against(symbol, side);
    this.#look(order, terms, counted, limits);
  }

  #judge(order: OrderIntent, terms: OrderTerms, limits: EffectiveLimits, now: Time): RiskReason {
    const { market, dataWatch } = this.#deps;
    const { symbol, side, orderType, quantity, limitPrice } = order;
    market.read(symbol, this.#point);
    this.#point.isSilent = dataWatch.isSilent();
    const { stopPrice, flags, shown } = terms;
    const asked = { symbol, side, orderType, quantity, limitPrice, stopPrice, flags, shown };
    return checkRisk(asked, limits, this.#exposure, this.#point, now);
  }

  /** An order was approved: it counts for the throttle, which may close behind it. */
  approved({ instance, symbol, side, quantity, limitPrice }: OrderIntent, now: Time): void {
    const { risk, clock, scribe } = this.#deps;
    if (risk.repeatCount === 0 && risk.duplicateMs === 0) return;
    const order = { quantity, limitPrice };
    const nowNs = clock.monotonicNs();
    const windowNs = risk.repeatMs * nsPerMs;
    const count = this.#repeats.count(instance, symbol, side, order, nowNs, windowNs);
    if (risk.repeatCount === 0 || count < risk.repeatCount) return;
    const detail = JSON.stringify({ scope: 'strategy', name: String(instance) });
    const why = `${count} orders of symbol ${symbol} within ${risk.repeatMs} ms`;
    scribe.action({ actor: 'risk', action: 'throttle', detail, why, time: now });
  }

  /** As people see it; `denied`: counts by RiskReason. */
  view(denied: readonly number[]): Omit<RiskView, 'differences'> {
    const { controls, positions } = this.#deps.ledger;
    const { risk } = this.#deps;
    positions.mark(this.#lastMoney);
    const { maxPosition, maxOrderValue, maxDailyLoss, lot, tick, minQuantity, maxQuantity } = risk;
    const otherFees = this.#deps.rates.otherFees(positions);
    const counts: Record<string, number> = {};
    denied.forEach((count, reason) => {
      if (count > 0) counts[RiskReasonNames[reason] ?? String(reason)] = count;
    });
    return {
      tradingState: controls.state,
      tradingReason: controls.reason,
      flatten: [controls.flatten, this.closingWaits()].filter((one) => one !== '').join('; '),
      dayLoss: moneyText(fromSquared(positions.dayLoss(this.#deps.rates.of))),
      ...(otherFees.length === 0 ? {} : { otherFees }),
      limits: { maxPosition, maxOrderValue, maxDailyLoss, lot, tick, minQuantity, maxQuantity },
      controls: [...controls.entries()],
      denied: counts,
    };
  }

  /** What depends on the moment, and on whose order it is. */
  #look(order: OrderIntent, terms: OrderTerms, counted: bigint, limits: EffectiveLimits): void {
    const { risk, clock, ledger } = this.#deps;
    const { instance, symbol, side, account } = order;
    const exposure = this.#exposure;
    const nowNs = clock.monotonicNs();
    exposure.messagesLeft = this.#rate.left(nowNs, limits.ordersPerSecond);
    const within = risk.duplicateMs * nsPerMs;
    const isPerson = instance === personInstance;
    // Children are alike by design, and a person who repeats an order means it.
    exposure.isDuplicate =
      counted === 0n &&
      !isPerson &&
      order.orderType <= OrderType.limit &&
      terms.entry === '' &&
      this.#repeats.isDuplicate(instance, symbol, side, order, nowNs, within);
    const own = ledger.books.strategy(instance);
    exposure.own = isPerson ? undefined : openOf(own, order, counted, this.#ownBook);
    exposure.books.length = 0;
    this.#addBook(own, limits.strategy, order, counted);
    this.#addBook(ledger.books.account(account), limits.account, order, counted);
  }

  #addBook(
    book: Positions | undefined,
    limits: BookLimits | undefined,
    order: OrderIntent,
    counted: bigint,
  ): void {
    if (limits === undefined) return;
    book?.mark(this.#lastMoney);
    const { books } = this.#exposure;
    const room = books.length === 0 ? this.#firstBook : this.#secondBook;
    openOf(book, order, counted, room);
    room.dayLoss = book?.dayLoss(this.#deps.rates.of) ?? 0n;
    room.maxPosition = limits.maxPosition;
    room.maxDailyLoss = limits.maxDailyLoss;
    books.push(room);
  }

  readonly #lastMoney = (symbol: number): bigint => this.#deps.market.lastMoney(symbol);
}

type BookRoom = { -readonly [Name in keyof BookExposure]: BookExposure[Name] };

/** What is held and open, without what counts of the order itself already. */
function openOf(
  book: Positions | undefined,
  { symbol, side }: OrderIntent,
  counted: bigint,
  room: BookRoom,
): BookRoom {
  const position = book?.get(symbol);
  room.position = position?.quantity ?? 0n;
  room.openBuy = (position?.openBuy ?? 0n) - (side > 0 ? counted : 0n);
  room.openSell = (position?.openSell ?? 0n) - (side > 0 ? 0n : counted);
  return room;
}

function emptyBook(): BookRoom {
  return {
    ...{ position: 0n, openBuy: 0n, openSell: 0n, dayLoss: 0n },
    ...{ maxPosition: undefined, maxDailyLoss: undefined },
  };
}
