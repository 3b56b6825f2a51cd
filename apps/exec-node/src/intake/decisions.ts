// From a draft to a journaled order: whole or not, where it can be worked, and what risk says. What
// always holds: a draft ends as one intent (with its legs) or as one denial, both with its ordinal;
// nothing is sent from here.

import {
  addNs,
  type BrokerAbilities,
  type BrokerCard,
  type Clock,
  nsPerMs,
  type OrderIntent,
  type OrderTerms,
  OrderType,
  plainAbilities,
  plainTerms,
  RiskReason,
} from '@ndts/protocol';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import type { Strays } from '../route/strays.js';
import { emptyPoint, type Market, priceOf } from '../risk/market.js';
import { isWorkedTime, type Place, placeOf } from '../work/abilities.js';
import type { Offsets } from '../work/offsets.js';
import {
  isBracketSound,
  isPair,
  isWhole,
  legsOf,
  type OrderDraft,
  pairOf,
  termsOf,
} from './draft.js';

export interface DecisionDeps {
  readonly scribe: Scribe;
  readonly market: Market;
  readonly clock: Clock;
  readonly account: string;
  /** Of the route a new order would take. */
  readonly card: () => BrokerCard;
  readonly offsets: Offsets;
  /** Open at the venue and not here. */
  readonly strays: Strays;
  readonly check: (intent: OrderIntent, terms: OrderTerms) => RiskReason;
  /** Whether an order of it may have the price. */
  readonly isOnTick: (intent: OrderIntent, price: bigint) => boolean;
  readonly onApproved: (intent: OrderIntent) => void;
  /** Before the flush that writes its intent. */
  readonly enqueue: (order: Order) => void;
  readonly onDenied: (reason: RiskReason) => void;
}

interface Prepared {
  readonly intent: OrderIntent;
  readonly terms: OrderTerms;
}

export class Decisions {
  readonly #deps: DecisionDeps;
  readonly #point = emptyPoint();

  constructor(deps: DecisionDeps) {
    this.#deps = deps;
  }

  /** The reason; APPROVED: it is an order now. */
  take(draft: OrderDraft, isExpired: boolean): RiskReason {
    const pair = pairOf(draft);
    return pair === undefined ? this.#takeOne(draft, isExpired) : this.takePair(...pair, isExpired);
  }

  /** Two orders under one ordinal, of which what one executes the other can't: both, or one
   * denial. Each is checked as if it were alone: only one of them will be. */
  takePair(first: OrderDraft, second: OrderDraft, isExpired: boolean): RiskReason {
    const card = this.#deps.card();
    const base = `${first.instance}-${first.ordinal}`;
    const group = `${base}-0`;
    const orderOf = (draft: OrderDraft, clientOrderId: string): Prepared => {
      const intent = this.#intentOf(draft, clientOrderId, card.name);
      const terms = termsOf(draft, clientOrderId) ?? { ...plainTerms, clientOrderId };
      return { intent, terms: { ...terms, group } };
    };
    const orders = [orderOf(first, `${base}-0`), orderOf(second, `${base}-1`)] as const;
    let reason: RiskReason = RiskReason.APPROVED;
    if (isExpired) reason = RiskReason.SIGNAL_EXPIRED;
    else if (this.#deps.strays.hasOf(first)) reason = RiskReason.DUPLICATE_ORDER;
    else if (!isPair(first, second)) reason = RiskReason.INVALID_ORDER;
    for (const { intent, terms } of orders) {
      if (reason !== RiskReason.APPROVED) break;
      const place = placeOf(intent.orderType, terms, card.can ?? plainAbilities);
      const offsets = terms.offset === 0 || this.#deps.offsets.knows(intent.symbol);
      reason =
        place === 'here' && offsets ? this.#deps.check(intent, terms) : RiskReason.UNSUPPORTED;
    }
    const [{ intent }] = orders;
    if (reason !== RiskReason.APPROVED) {
      this.#deny(intent, reason);
      return reason;
    }
    for (const order of orders)
      this.#deps.scribe.intent({ ...order.intent, broker: '' }, order.terms).signalTime =
        first.time;
    this.#deps.onApproved(intent);
    return reason;
  }

  #takeOne(draft: OrderDraft, isExpired: boolean): RiskReason {
    const clientOrderId = `${draft.instance}-${draft.ordinal}-0`;
    const card = this.#deps.card();
    const intent = this.#intentOf(draft, clientOrderId, card.name);
    const asked = isWhole(draft) ? termsOf(draft, clientOrderId) : undefined;
    const can = card.can ?? plainAbilities;
    const { terms, place } = this.#placed(intent, asked, can);
    let reason: RiskReason = RiskReason.APPROVED;
    if (isExpired) reason = RiskReason.SIGNAL_EXPIRED;
    else if (this.#deps.strays.hasOf(draft)) reason = RiskReason.DUPLICATE_ORDER;
    else if (!isWhole(draft)) reason = RiskReason.INVALID_ORDER;
    else if (place === 'nowhere') reason = RiskReason.UNSUPPORTED;
    else reason = this.#deps.check(intent, terms ?? plainTerms);
    if (reason === RiskReason.APPROVED) reason = this.#legsReason(draft, intent);
    if (reason === RiskReason.APPROVED) this.#accept(draft, intent, terms, place === 'here');
    else this.#deny(intent, reason);
    return reason;
  }

  /** Where it is worked, and there with which offset: one in several parts is worked here. */
  #placed(
    intent: OrderIntent,
    asked: OrderTerms | undefined,
    can: BrokerAbilities,
  ): { terms: OrderTerms | undefined; place: Place } {
    const { offsets } = this.#deps;
    const terms = asked ?? plainTerms;
    const place = placeOf(intent.orderType, terms, can);
    if (!offsets.knows(intent.symbol))
      return { terms: asked, place: terms.offset === 0 ? place : 'nowhere' };
    if (place !== 'venue') return { terms: asked, place };
    const parts = offsets.partsOf(intent, terms.offset, intent.quantity);
    const [first] = parts;
    // Of none risk says why.
    if (first === undefined) return { terms: asked, place };
    const { clientOrderId } = intent;
    if (parts.length === 1)
      return { terms: { ...terms, clientOrderId, offset: first.offset }, place };
    return { terms: asked, place: isWorkedTime(terms.timeInForce) ? 'here' : 'nowhere' };
  }

  #accept(
    draft: OrderDraft,
    intent: OrderIntent,
    terms: OrderTerms | undefined,
    here: boolean,
  ): void {
    const { scribe, enqueue } = this.#deps;
    const { clientOrderId } = intent;
    const own = here && terms === undefined ? { ...plainTerms, clientOrderId } : terms;
    const order = scribe.intent(here ? { ...intent, broker: '' } : intent, own);
    order.signalTime = draft.time;
    this.#deps.onApproved(intent);
    order.validUntil = addNs(draft.time, draft.validForMs * nsPerMs);
    if (!here) enqueue(order);
    for (const { orderType, limitPrice, terms: leg } of legsOf(draft, clientOrderId)) {
      const { clientOrderId: id } = leg;
      const side = -intent.side;
      scribe.intent({ ...intent, clientOrderId: id, orderType, limitPrice, side, broker: '' }, leg);
    }
  }

  #deny(intent: OrderIntent, reason: RiskReason): void {
    const { clientOrderId, instance, ordinal, symbol, side, quantity, time } = intent;
    this.#deps.onDenied(reason);
    this.#deps.scribe.denied({
      ...{ clientOrderId, instance, ordinal, symbol, side, quantity, reason, time },
    });
  }

  /** Of the legs of a bracket, which are not judged again before they are to be worked. */
  #legsReason(draft: OrderDraft, intent: OrderIntent): RiskReason {
    if (draft.takeProfit === 0n && draft.stopLoss === 0n) return RiskReason.APPROVED;
    this.#deps.market.read(draft.symbol, this.#point);
    const stops = draft.orderType === OrderType.stop;
    const price = priceOf(draft, stops ? draft.parameter : 0n, this.#point);
    if (!isBracketSound(draft, price)) return RiskReason.INVALID_ORDER;
    const isOnTick = this.#deps.isOnTick(intent, draft.takeProfit);
    return isOnTick ? RiskReason.APPROVED : RiskReason.INVALID_PRICE;
  }

  #intentOf(draft: OrderDraft, clientOrderId: string, broker: string): OrderIntent {
    return {
      clientOrderId,
      account: this.#deps.account,
      instance: draft.instance,
      ordinal: BigInt(draft.ordinal),
      symbol: draft.symbol,
      side: draft.side,
      orderType: draft.orderType,
      quantity: draft.quantity,
      limitPrice: draft.limitPrice,
      time: this.#deps.clock.now(),
      tickTime: draft.tickTime,
      shard: draft.shard,
      epoch: draft.epoch,
      sequence: draft.sequence,
      factorValue: draft.factorValue,
      broker,
    };
  }
}
