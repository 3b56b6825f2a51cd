// Keeps journal and broker together: connects, reconciles at the start and whenever the broker
// comes back, asks for what is unknown, and compares everything now and then while orders go out.
// What always holds: one question at a time; no order leaves before the two agreed, or a person saw
// what differs; what differs for a moment while it runs is looked at again before it halts.

import { type Clock, errorLine, NdtsError, nsPerMs, OrderState } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import type { Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { isFinal } from '../order/transitions.js';
import type { Answers } from './answers.js';
import type { Reconciler } from './reconcile.js';

export interface BrokerWatchDeps {
  readonly broker: Gateway;
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly answers: Answers;
  readonly reconciler: Reconciler;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two comparisons while it runs; 0: none. */
  readonly checkMs: number;
  /** Stops trading: journaled, with the reason. */
  readonly halt: (why: string) => Promise<unknown>;
}

const retryNs = 1e9;

export class BrokerWatch {
  readonly #deps: BrokerWatchDeps;
  #ready = false;
  #attached = false;
  #started = false;
  #busy: Promise<void> | undefined;
  #nextTryNs = 0;
  #nextCheckNs = 0;
  #differed: ReadonlySet<string> = new Set();

  constructor(deps: BrokerWatchDeps) {
    this.#deps = deps;
  }

  /** Reconciled with a broker that is reachable: orders may be sent. */
  get isReady(): boolean {
    return this.#ready;
  }

  /** The broker is being asked. */
  get isBusy(): boolean {
    return this.#busy !== undefined;
  }

  /** After the journal was folded. Never rejects: without the broker no order is sent. */
  open(): Promise<void> {
    return this.#recover();
  }

  /** Until nothing is asked any more. */
  async close(): Promise<void> {
    while (this.#busy !== undefined) await this.#busy;
  }

  /** Part of the duty cycle. */
  doWork(): void {
    const { broker, clock, ledger, logger } = this.#deps;
    if (this.#ready && !broker.connected()) {
      this.#ready = false;
      logger.warn({ broker: broker.card.name }, 'broker unreachable; orders wait');
    }
    const now = clock.monotonicNs();
    if (this.#busy !== undefined || now < this.#nextTryNs) return;
    if (!this.#ready) {
      if (broker.connected() || !this.#attached) this.#begin(this.#recover());
    } else if (ledger.orders.unknownCount > 0) this.#begin(this.#resolveUnknown());
    else if (now >= this.#nextCheckNs) this.#begin(this.#check());
  }

  /** Asks the broker for everything and compares; what still differs halts trading. */
  async reconcile(): Promise<readonly string[]> {
    await this.close();
    let problems: readonly string[] = [];
    const asked = this.#compare().then((found) => {
      problems = found;
    });
    this.#begin(asked.catch(() => undefined));
    await asked;
    if (problems.length > 0) await this.#halt(problems);
    return problems;
  }

  /** Closes an order that the venue does not know any more, on the word of a person. */
  async settle(order: Order, why: string): Promise<void> {
    const { broker, scribe } = this.#deps;
    const refused = (found: string): NdtsError =>
      new NdtsError('INVALID_ARGUMENT', `order ${order.id} cannot be settled: ${found}`);
    if (order.worksHere) throw refused('it is worked here; cancel it');
    if (order.state !== OrderState.unknown)
      throw refused('its outcome is not unknown; cancel it, or wait for the answer');
    const status = await broker.queryOrder(order.id);
    if (status !== undefined && !isFinal(status.state))
      throw refused(`${broker.card.name} has it; cancel it there`);
    if (status !== undefined) throw refused(`${broker.card.name} tells how it ended; reconcile`);
    if (order.state === OrderState.unknown) scribe.state(order, OrderState.canceled, '', why);
  }

  #begin(work: Promise<void>): void {
    this.#busy = work.finally(() => {
      this.#busy = undefined;
    });
  }

  /** Connects if need be, reconciles, and only then lets orders out. */
  async #recover(): Promise<void> {
    const { broker, answers, reconciler, logger } = this.#deps;
    try {
      if (!this.#attached) await broker.connect(answers);
      this.#attached = true;
      const problems = await reconciler.run(this.#started ? 'back' : 'start');
      this.#started = true;
      this.#ready = broker.connected();
      if (problems.length > 0) await this.#halt(problems);
      else logger.info({ broker: broker.card.name }, 'reconciled with the broker');
      this.#differed = new Set();
    } catch (error) {
      logger.error({ error: errorLine(error) }, 'reconciliation failed; no order is sent');
    } finally {
      this.#rest();
    }
  }

  /** Twice when there is something: what is on its way is no difference. */
  async #compare(): Promise<string[]> {
    const { reconciler } = this.#deps;
    const first = new Set(await reconciler.run('live'));
    if (first.size === 0) return [];
    const second = await reconciler.run('live');
    return second.filter((line) => first.has(line));
  }

  /** What differs as it did a check ago halts trading. */
  async #check(): Promise<void> {
    const { reconciler, logger } = this.#deps;
    try {
      const problems = await reconciler.run('live');
      const lasting = problems.filter((line) => this.#differed.has(line));
      this.#differed = new Set(problems);
      if (lasting.length > 0) await this.#halt(lasting);
      else if (problems.length > 0)
        logger.warn({ problems }, 'broker and journal differ; the next check will tell for good');
    } catch (error) {
      logger.warn({ error: errorLine(error) }, 'the broker could not be compared with the journal');
    } finally {
      this.#rest();
    }
  }

  /** Asks for orders whose outcome is unknown. */
  async #resolveUnknown(): Promise<void> {
    const { ledger, logger, reconciler } = this.#deps;
    try {
      const { unknown } = OrderState;
      const orders = [...ledger.orders.open()].filter(({ state }) => state === unknown);
      const problems = await reconciler.resolve(orders);
      if (problems.length > 0) await this.#halt(problems);
    } catch (error) {
      logger.warn({ error: errorLine(error) }, 'the broker could not be asked for unknown orders');
    } finally {
      this.#nextTryNs = this.#deps.clock.monotonicNs() + retryNs;
    }
  }

  #rest(): void {
    const { clock, checkMs } = this.#deps;
    const now = clock.monotonicNs();
    this.#nextTryNs = now + retryNs;
    this.#nextCheckNs = checkMs === 0 ? Number.POSITIVE_INFINITY : now + checkMs * nsPerMs;
  }

  async #halt(problems: readonly string[]): Promise<void> {
    const { ledger, logger } = this.#deps;
    const more = problems.length > 3 ? ` and ${problems.length - 3} more` : '';
    const why = problems.slice(0, 3).join('; ') + more;
    // Said already, and nobody has resumed since.
    if (ledger.tradingState === 'HALTED' && ledger.tradingReason.endsWith(why)) return;
    logger.error({ problems }, 'broker and journal differ; trading is halted');
    await this.#deps.halt(why);
  }
}
