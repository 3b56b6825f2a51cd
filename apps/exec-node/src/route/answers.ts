// What the broker tells: updates and fills, in whatever order and however often they come. Each is
// checked against the order and the transition table, and then journaled and applied. What always
// holds: an execution counts once by (venue, trade id); nothing illegal changes an order; nothing
// is processed inside the broker's call, only in the node's own cycle.

import {
  type BrokerListener,
  type BrokerOrderUpdate,
  type Fill,
  moneyText,
  OrderState,
  OrderStateNames,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { EventJournal } from '../order/journal.js';
import { changePhase, type Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { eventOfState, isFinal, nextState } from '../order/transitions.js';
import type { LogGate } from './log-gate.js';
import type { Strays } from './strays.js';
import { isSame } from './venue-terms.js';

export interface AnswerCounts {
  updates: number;
  duplicateUpdates: number;
  duplicateFills: number;
  /** Events the transition table forbids, or that contradict the order. */
  illegal: number;
  /** Fills beyond the quantity of the order; refused. */
  overfills: number;
  /** About orders that are not in memory: foreign, or closed long ago. */
  foreign: number;
}

export class Answers implements BrokerListener {
  readonly counts: AnswerCounts = {
    updates: 0,
    duplicateUpdates: 0,
    duplicateFills: 0,
    illegal: 0,
    overfills: 0,
    foreign: 0,
  };
  readonly #inbox: (BrokerOrderUpdate | Fill)[] = [];
  readonly #ledger: Ledger;
  readonly #journal: EventJournal;
  readonly #scribe: Scribe;
  readonly #logger: Logger;
  readonly #gate: LogGate;
  readonly #strays: Pick<Strays, 'ended'>;

  constructor(
    ledger: Ledger,
    journal: EventJournal,
    scribe: Scribe,
    logger: Logger,
    gate: LogGate,
    strays: Pick<Strays, 'ended'>,
  ) {
    this.#strays = strays;
    this.#ledger = ledger;
    this.#journal = journal;
    this.#scribe = scribe;
    this.#logger = logger;
    this.#gate = gate;
  }

  onOrderUpdate(update: BrokerOrderUpdate): void {
    this.#inbox.push(update);
  }

  onFill(fill: Fill): void {
    this.#inbox.push(fill);
  }

  /** Processes what came in; returns how many. */
  drain(): number {
    const inbox = this.#inbox;
    const count = inbox.length;
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const item = inbox[index];
      if (item === undefined) continue;
      const isTaken = 'tradeId' in item ? this.#takeFill(item) : this.#takeUpdate(item);
      if (!isTaken) inbox[kept++] = item;
    }
    inbox.length = kept;
    return count - kept;
  }

  /** False: the order ended, and fills of it are on their way. Until they are here it is not over:
   * what works in its place would execute them once more. */
  #takeUpdate(update: BrokerOrderUpdate): boolean {
    const order = this.#ledger.orders.get(update.clientOrderId);
    if (order !== undefined && !order.closed && isAhead(update, order)) return false;
    this.counts.updates += 1;
    // Closed here already: nothing but that the venue has it no longer is news.
    const isEnd = isFinal(update.state) && this.#strays.ended(update.clientOrderId);
    if (order === undefined || (order.closed && isEnd)) this.counts.foreign += 1;
    else this.#takeOwnUpdate(order, update);
    return true;
  }

  #takeOwnUpdate(order: Order, update: BrokerOrderUpdate): void {
    if (update.working !== undefined) this.#takeChange(order, update.working);
    else if (order.state === OrderState.pendingReplace && update.reason !== '')
      this.#changeRefused(order, update);
    const next = this.#stateAfter(order, update.state);
    if (next === 0) {
      this.#refuse(order, `update to ${OrderStateNames[update.state] ?? update.state}`);
      return;
    }
    const news = update.venueOrderId !== '' && update.venueOrderId !== order.venueOrderId;
    if (next === order.state && !news) {
      this.counts.duplicateUpdates += 1;
      return;
    }
    this.#scribe.state(order, next, update.venueOrderId, update.reason);
  }

  /** What was asked for is done. Anything else is old news: the venue changes nothing by itself. */
  #takeChange(order: Order, working: WorkingTerms): void {
    const { asked } = order;
    if (asked === undefined || !isSame(asked, working)) return;
    const state = nextState(order.state, 'replace');
    this.#scribe.change(order, changePhase.done, asked, '');
    if (state !== 0 && !order.closed)
      this.#scribe.state(order, this.#working(order, state), '', '');
  }

  #changeRefused(order: Order, { state, reason }: BrokerOrderUpdate): void {
    if (eventOfState(state) !== 'accept' || order.asked === undefined) return;
    this.#scribe.change(order, changePhase.refused, order.asked, reason);
  }

  /** Fills do not unhappen. */
  #working(order: Order, state: OrderState): OrderState {
    const partly = state === OrderState.accepted && order.filled > 0n;
    return partly ? OrderState.partiallyFilled : state;
  }

  /** 0: illegal. */
  #stateAfter(order: Order, told: OrderState): OrderState | 0 {
    const event = eventOfState(told);
    // Word of a (partial) fill: the fill itself is what counts.
    if (event === undefined) return order.state;
    let next = nextState(order.state, event);
    // A late acknowledgement says nothing about a change that is still on its way.
    const changes = order.state === OrderState.pendingReplace || order.state === OrderState.unknown;
    if (changes && event === 'accept' && order.asked !== undefined) return order.state;
    // A venue may refuse what it had taken: an exchange behind it did. It is over as if canceled.
    const isLate = next === 0 || order.filled > 0n;
    if (event === 'reject' && isLate && !order.closed) next = nextState(order.state, 'cancel');
    if (next !== 0) next = this.#working(order, next);
    if (order.closed && next !== order.state && !isFinal(next as OrderState)) return 0;
    return next;
  }

  /** False: it can't be judged now, and comes again. */
  #takeFill(told: Fill): boolean {
    const fill = this.#scribe.dated(told);
    const order = this.#ledger.orders.get(fill.clientOrderId);
    if (order === undefined) return this.#takeForeignFill(fill);
    this.#takeOwnFill(order, fill);
    return true;
  }

  #takeOwnFill(order: Order, fill: Fill): void {
    if (order.tradeIds.includes(fill.tradeId)) {
      this.counts.duplicateFills += 1;
      return;
    }
    const { intent, quantity } = order;
    // What was inferred of it counts already.
    const own = this.#ledger.inferred.ownQuantity(fill, order);
    const total = order.filled - own + fill.quantity;
    if (total > quantity) {
      this.counts.overfills += 1;
      const beyond = moneyText(total - quantity);
      if (this.#gate.open())
        this.#logger.error({ ...ids(order), tradeId: fill.tradeId, beyond }, 'overfill refused');
      return;
    }
    const event = total === quantity ? 'complete' : 'fill';
    const fits = fill.quantity > 0n && fill.symbol === intent.symbol && fill.side === intent.side;
    const isLegal = own === fill.quantity || nextState(order.state, event) !== 0;
    if (!fits || !isLegal) {
      this.#refuse(order, `fill ${fill.tradeId}`);
      return;
    }
    this.#scribe.fill(fill);
  }

  /** The journal tells whether it is old news; if not, the position is what the venue says. */
  #takeForeignFill(fill: Fill): boolean {
    // What is still pending must be visible to the question below.
    if (!this.#scribe.flush()) return false;
    this.counts.foreign += 1;
    if (this.#journal.knowsTrade(fill.venue, fill.tradeId)) {
      this.counts.duplicateFills += 1;
      return true;
    }
    if (fill.quantity <= 0n || fill.side * fill.side !== 1) {
      this.counts.illegal += 1;
      return true;
    }
    if (this.#gate.open())
      this.#logger.warn(
        { clientOrderId: fill.clientOrderId, tradeId: fill.tradeId },
        'fill of an order that is not open here; the position follows it',
      );
    this.#scribe.fill(fill);
    return true;
  }

  #refuse(order: Order, what: string): void {
    this.counts.illegal += 1;
    if (this.#gate.open())
      this.#logger.warn(
        { ...ids(order), state: OrderStateNames[order.state], code: 'ILLEGAL_TRANSITION' },
        `illegal ${what} refused`,
      );
  }
}

function ids(order: Order): { clientOrderId: string; venueOrderId: string } {
  return { clientOrderId: order.intent.clientOrderId, venueOrderId: order.venueOrderId };
}

/** It tells of an end with more than the fills told so far. */
function isAhead({ state, filledQuantity = 0n }: BrokerOrderUpdate, { filled }: Order): boolean {
  return filledQuantity > filled && isFinal(state);
}
