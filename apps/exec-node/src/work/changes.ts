// Changes of quantity and prices of open orders, as a person asks for them. What always holds: a
// change that asks for more, or for another price of what is at the venue, passes the risk check as
// the order it would become; it is journaled before it is sent; what only takes away passes none.

import {
  type ConfigValues,
  type Clock,
  NdtsError,
  OrderState,
  OrderStateNames,
  RiskReason,
  RiskReasonNames,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Gateway } from '../broker/gateway.js';
import type { EventJournal } from '../order/journal.js';
import { changePhase, type Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { nextState } from '../order/transitions.js';
import { barredBy } from '../risk/barred.js';

export interface ChangesDeps {
  readonly mode: ConfigValues['exec']['journalMode'];
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly journal: EventJournal;
  readonly broker: Gateway;
  readonly clock: Clock;
  /** What risk says of the order it would become. */
  readonly check: (order: Order, terms: WorkingTerms) => RiskReason;
  /** Whether it may have the price. */
  readonly isOnTick: (order: Order, price: bigint) => boolean;
  /** Writes the journal; false: it can't be. */
  readonly write: () => boolean;
  /** It is about to be sent: it counts for the rate, and an answer is due. */
  readonly onSend: (order: Order) => void;
}

export class Changes {
  readonly #deps: ChangesDeps;

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
  }

  /** What is not given stays. Rejects with the reason when it can't be changed; the answer is what
   * was asked for. */
  async replace(clientOrderId: string, to: Partial<WorkingTerms>, why: string): Promise<void> {
    const { ledger, scribe, journal, mode } = this.#deps;
    const order = ledger.orders.get(clientOrderId);
    if (order === undefined || order.closed)
      throw new NdtsError('NOT_FOUND', `no open order is called '${clientOrderId}'`);
    const { quantity, limitPrice } = order.intent;
    const terms = { quantity, limitPrice, stopPrice: order.terms.stopPrice, ...to };
    const asksMore = this.#asksMore(order, terms);
    this.#refuse(order, terms);
    if (order.worksHere) {
      scribe.change(order, changePhase.done, terms, why);
    } else {
      scribe.change(order, changePhase.asked, terms, why);
      scribe.state(order, OrderState.pendingReplace, '', '');
    }
    if (!this.#deps.write()) throw new NdtsError('IO_ERROR', scribe.failure);
    if (order.worksHere) return;
    if (mode === 'durable') await journal.durable();
    if (order.state !== OrderState.pendingReplace || !isAsked(order, terms))
      this.#comeToNothing(order, terms);
    const barred = asksMore ? barredBy(ledger, order.intent, order.terms.offset) : undefined;
    if (barred !== undefined) this.#takeBack(order, terms, barred);
    this.#send(order, terms, why);
  }

  /** While it waited for the disk the order was canceled or ended: nothing of it was sent. */
  #comeToNothing(order: Order, terms: WorkingTerms): never {
    const { scribe, write } = this.#deps;
    const why = `it is ${OrderStateNames[order.state]} by now; nothing was sent`;
    // Why it was canceled stays its reason.
    if (isAsked(order, terms)) scribe.change(order, changePhase.refused, terms, '');
    write();
    throw refusal(order, why);
  }

  /** Trading states hold also for what was approved before. Throws. */
  #takeBack(order: Order, terms: WorkingTerms, reason: string): never {
    const { scribe, write } = this.#deps;
    scribe.change(order, changePhase.refused, terms, reason);
    const { accepted, partiallyFilled } = OrderState;
    const state = order.filled > 0n ? partiallyFilled : accepted;
    // It may have executed all that it was for.
    if (!order.closed) scribe.state(order, state, '', '');
    write();
    throw refusal(order, reason);
  }

  /** Than what is at the venue, or another price of it. */
  #asksMore(
    { quantity, worksHere, intent, terms: { stopPrice } }: Order,
    to: WorkingTerms,
  ): boolean {
    const moves = to.limitPrice !== intent.limitPrice || to.stopPrice !== stopPrice;
    return to.quantity > quantity || (!worksHere && moves);
  }

  #send(order: Order, terms: WorkingTerms, reason: string): void {
    const { broker, clock, onSend } = this.#deps;
    onSend(order);
    const { id: clientOrderId } = order;
    const time = clock.now();
    broker.replace?.({ clientOrderId, phase: changePhase.asked, ...terms, reason, time });
  }

  #refuse(order: Order, terms: WorkingTerms): void {
    const { card } = this.#deps.broker;
    const refused = (why: string): NdtsError => refusal(order, why);
    if (order.parent !== undefined)
      throw refused(`it is a part of ${order.parent.id}; change that`);
    if (terms.quantity <= order.filled) throw refused('no more would be left than is executed');
    if (terms.limitPrice < 0n || terms.stopPrice < 0n) throw refused('a price is above 0');
    const { limitPrice } = order.intent;
    const { stopPrice } = order.terms;
    if (terms.limitPrice > 0n !== limitPrice > 0n || terms.stopPrice > 0n !== stopPrice > 0n)
      throw refused('it is of its type');
    if (!order.worksHere && card.can?.replace !== true)
      throw refused(`${card.name} cannot replace; cancel it and send another`);
    if (!order.worksHere && nextState(order.state, 'requestReplace') === 0)
      throw refused(`it is ${OrderStateNames[order.state]}`);
    // Children of what is worked here are checked when they go out, and none would.
    if (terms.limitPrice !== limitPrice && !this.#deps.isOnTick(order, terms.limitPrice))
      throw refused(RiskReasonNames[RiskReason.INVALID_PRICE] ?? '');
    if (!this.#asksMore(order, terms)) return;
    const reason = this.#deps.check(order, terms);
    if (reason !== RiskReason.APPROVED) throw refused(RiskReasonNames[reason] ?? String(reason));
  }
}

function isAsked({ asked }: Order, { quantity, limitPrice, stopPrice }: WorkingTerms): boolean {
  if (asked?.quantity !== quantity || asked.limitPrice !== limitPrice) return false;
  return asked.stopPrice === stopPrice;
}

function refusal({ id }: Order, why: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `order ${id} cannot be changed so: ${why}`);
}
