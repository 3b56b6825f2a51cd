// Orders between the journal and the broker: a queue without promises. What always holds: an order
// is handed to the broker once, in the order of the journal, and only after its intent is written
// (journalMode accepted) or durable (durable). One that ran out of its time meanwhile expires, and
// one that the trading state does not let out any more is canceled; neither goes on at the backup.

import {
  type Clock,
  type ConfigValues,
  errorLine,
  nsBetween,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  plainTerms,
} from '@ndts/protocol';
import { LatencyHistogram, type Logger } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import type { EventJournal } from '../order/journal.js';
import type { Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { barredBy } from '../risk/barred.js';

export interface ReleaseLatencies {
  readonly tickToOrder: LatencyHistogram;
  readonly signalToOrder: LatencyHistogram;
}

export function newLatencies(): ReleaseLatencies {
  return { tickToOrder: new LatencyHistogram(), signalToOrder: new LatencyHistogram() };
}

export interface ReleaseDeps {
  readonly mode: ConfigValues['exec']['journalMode'];
  readonly answerTimeoutMs: number;
  readonly journal: EventJournal;
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly broker: Gateway;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly latencies: ReleaseLatencies;
}

/** A request to the broker, and when it left. */
interface Asked {
  readonly order: Order;
  readonly atNs: number;
}

export class Release {
  readonly #deps: ReleaseDeps;
  readonly #waiting = new Queue<Order>();
  readonly #unanswered = new Queue<Asked>();
  /** Orders at the end of the queue whose journal position is not known yet. */
  #unstamped: Order[] = [];
  #syncing = false;

  constructor(deps: ReleaseDeps) {
    this.#deps = deps;
    const { broker, ledger } = deps;
    broker.parts?.guard(
      (intent, terms) =>
        barredBy(ledger, intent, terms?.offset ?? 0) !== undefined || this.#isOver(intent, terms),
    );
  }

  /** Orders that were not handed over yet. */
  get waiting(): number {
    return this.#waiting.length + this.#unstamped.length;
  }

  /** Before the flush that writes its intent. */
  enqueue(order: Order): void {
    order.isOwn = true;
    this.#unstamped.push(order);
  }

  /** After that flush. */
  stamp(): void {
    for (const order of this.#unstamped) {
      order.position = this.#deps.journal.position;
      this.#waiting.push(order);
    }
    this.#unstamped.length = 0;
  }

  /** Hands over what may go; returns how many orders left the queue. */
  release(): number {
    if (this.#waiting.length === 0) return 0;
    const durable = this.#deps.mode === 'durable';
    const { journal } = this.#deps;
    if (durable) this.#sync();
    const bound = durable ? journal.durablePosition() : journal.position;
    let count = 0;
    for (;;) {
      const order = this.#waiting.head();
      if (order === undefined || order.position > bound) return count;
      this.#waiting.pop();
      count += 1;
      if (order.state === OrderState.intended) this.#submit(order);
    }
  }

  /** A cancel or a change was asked for: an answer is due again. */
  awaitAnswer(order: Order): void {
    order.submittedNs = this.#deps.clock.monotonicNs();
    this.#unanswered.push({ order, atNs: order.submittedNs });
  }

  /** Orders without an answer for too long become unknown. */
  timeOuts(): void {
    if (this.#unanswered.length === 0) return;
    const now = this.#deps.clock.monotonicNs();
    const limit = this.#deps.answerTimeoutMs * 1e6;
    for (;;) {
      const asked = this.#unanswered.head();
      if (asked === undefined) return;
      const { order, atNs } = asked;
      const { state } = order;
      // What was asked for since stands further back, and holds up no other one here.
      const silent =
        order.submittedNs === atNs &&
        (state === OrderState.submitted ||
          state === OrderState.pendingCancel ||
          state === OrderState.pendingReplace);
      if (silent && now - atNs < limit) return;
      this.#unanswered.pop();
      if (!silent) continue;
      this.#deps.scribe.state(order, OrderState.unknown, '', 'no answer in time');
    }
  }

  /** Asks for a sync while orders wait for one; a single question at a time, for all of them. */
  #sync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    this.#deps.journal
      .durable()
      .catch((error: unknown) => {
        this.#deps.logger.error({ error: errorLine(error) }, 'the order journal is not durable');
      })
      .finally(() => {
        this.#syncing = false;
      });
  }

  /** Nobody wants it any more: its signal is too old, or its own time is over. */
  #isOver({ clientOrderId }: OrderIntent, terms: OrderTerms | undefined): boolean {
    const now = this.#deps.clock.now();
    const { validUntil } = this.#deps.ledger.orders.get(clientOrderId) ?? {};
    if (validUntil !== undefined && nsBetween(now, validUntil) > 0) return true;
    const { expireTime } = terms ?? plainTerms;
    return expireTime.day > 0 && nsBetween(now, expireTime) >= 0;
  }

  #submit(order: Order): void {
    const { broker, clock, ledger, scribe, logger, latencies } = this.#deps;
    const now = clock.now();
    if (order.validUntil !== undefined && nsBetween(now, order.validUntil) > 0) {
      scribe.state(order, OrderState.expired, '', 'its time was over before it could be sent');
      return;
    }
    const barred = barredBy(ledger, order.intent, order.terms.offset);
    if (barred !== undefined) {
      scribe.state(order, OrderState.canceled, '', barred);
      return;
    }
    ledger.orders.setState(order, OrderState.submitted, false);
    latencies.tickToOrder.record(nsBetween(now, order.intent.tickTime));
    latencies.signalToOrder.record(nsBetween(now, order.signalTime ?? now));
    try {
      this.awaitAnswer(order);
      if (order.terms.clientOrderId === '') broker.submit(order.intent);
      else broker.submit(order.intent, order.terms);
    } catch (error) {
      // Whether it went out is not known: only a query can tell.
      logger.error({ error: errorLine(error) }, 'the broker refused to take an order');
      scribe.state(order, OrderState.unknown, '', errorLine(error));
    }
  }
}

/** First in, first out, without moving what is inside. */
class Queue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  head(): Item | undefined {
    return this.#items[this.#head];
  }

  pop(): void {
    this.#items[this.#head++] = undefined;
    if (this.#head < 4096 || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
