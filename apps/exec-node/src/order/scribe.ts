// The one way an event comes to be while the node lives: it is appended to the journal and applied
// to the ledger in one step, so that the two never differ. What always holds: nothing leaves the
// node because of an event before flush() wrote it.

import {
  type Clock,
  encodeFill,
  encodeOperatorAction,
  encodeOrderDenied,
  encodeOrderEvent,
  encodeOrderIntent,
  encodePositionAdjusted,
  errorLine,
  type Fill,
  type OperatorAction,
  type OrderDenied,
  type OrderIntent,
  type OrderState,
  type PositionAdjusted,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { EventJournal } from './journal.js';
import type { Ledger } from './ledger.js';
import type { Order } from './order.js';

const retryNs = 100e6;

export class Scribe {
  readonly #journal: EventJournal;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onChange: (order: Order) => void;
  #retryAtNs = 0;
  /** Why the journal can't be written; empty when it can. */
  failure = '';

  constructor(
    journal: EventJournal,
    ledger: Ledger,
    clock: Clock,
    logger: Logger,
    onChange: (order: Order) => void,
  ) {
    this.#journal = journal;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#logger = logger;
    this.#onChange = onChange;
  }

  intent(intent: OrderIntent): Order {
    const sequence = this.#journal.append(encodeOrderIntent(intent));
    return this.#changed(this.#ledger.applyIntent(sequence, intent));
  }

  denied(denied: OrderDenied): void {
    const sequence = this.#journal.append(encodeOrderDenied(denied));
    this.#changed(this.#ledger.applyDenied(sequence, denied));
  }

  /** A change of state that was found legal. */
  state(order: Order, state: OrderState, venueOrderId: string, reason: string): void {
    const clientOrderId = order.intent.clientOrderId;
    const event = { clientOrderId, state, venueOrderId, reason, time: this.#clock.now() };
    this.#journal.append(encodeOrderEvent(event));
    this.#ledger.applyEvent(event);
    this.#changed(order);
  }

  /** An execution that was found new and legal. */
  fill(fill: Fill): void {
    this.#journal.appendFill(encodeFill(fill), fill.venue, fill.tradeId);
    const order = this.#ledger.applyFill(fill);
    if (order !== undefined) this.#changed(order);
  }

  action(action: OperatorAction): void {
    this.#journal.append(encodeOperatorAction(action));
    this.#ledger.applyAction(action);
  }

  adjustment(adjusted: PositionAdjusted): void {
    this.#journal.append(encodePositionAdjusted(adjusted));
    this.#ledger.applyAdjustment(adjusted);
  }

  /** Writes what was appended. False: it can't be written now; it is tried again, and until then
   * nothing may leave the node. */
  flush(): boolean {
    if (this.failure !== '' && this.#clock.monotonicNs() < this.#retryAtNs) return false;
    try {
      this.#journal.flush();
      if (this.failure !== '') this.#logger.warn('the order journal can be written again');
      this.failure = '';
      return true;
    } catch (error) {
      const failure = errorLine(error);
      if (failure !== this.failure)
        this.#logger.error({ failure }, 'the order journal cannot be written; trading waits');
      this.failure = failure;
      this.#retryAtNs = this.#clock.monotonicNs() + retryNs;
      return false;
    }
  }

  #changed(order: Order): Order {
    this.#onChange(order);
    return order;
  }
}
