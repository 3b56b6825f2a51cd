// Keeps journal and broker together: connects, reconciles at the start and whenever the broker
// comes back, asks for what is unknown, and compares everything now and then while orders go out.
// What always holds: one question at a time; no order leaves before the two agreed, or what differs
// was judged by policy; what differs while orders go out is looked at again before it counts.

import { type Clock, errorLine, NdtsError, nsPerMs, OrderState, timeText } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import type { Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { isFinal } from '../order/transitions.js';
import type { Answers } from './answers.js';
import { type Difference, type Found, halting, type Policy, textsOf } from './difference.js';
import type { Reconciler, ReconcileTime } from './reconcile.js';
import type { Strays } from './strays.js';

export interface BrokerWatchDeps {
  readonly broker: Gateway;
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly answers: Answers;
  readonly reconciler: Reconciler;
  readonly strays: Strays;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two comparisons while it runs; 0: none. */
  readonly checkMs: number;
  /** What becomes of what differs. */
  readonly policy: Policy;
  /** Stops trading: journaled, with the reason. */
  readonly halt: (why: string) => Promise<unknown>;
}

const retryNs = 1e9;
const welcomeNs = 5e9;
/** What was adopted may show what else differs, as an average behind a quantity. */
const adoptRounds = 4;

export class BrokerWatch {
  readonly #deps: BrokerWatchDeps;
  #ready = false;
  #attached = false;
  #started = false;
  #busy: Promise<void> | undefined;
  #nextTryNs = 0;
  #nextCheckNs = 0;
  #nextWelcomeNs = 0;
  #differed: ReadonlySet<string> = new Set();
  #standing: readonly string[] = [];
  #marks: readonly string[] = [];
  /** Since when, and why, the two could not be compared; empty: they were. */
  #unasked = '';

  constructor(deps: BrokerWatchDeps) {
    this.#deps = deps;
  }

  /** Reconciled with a broker that is reachable: orders may be sent. */
  get isReady(): boolean {
    return this.#ready;
  }

  /** What lasts of what differed when the two were last compared, one line each; and that they, or
   * one of a pair, can't be. */
  get differences(): readonly string[] {
    const closed = this.#ready ? (this.#deps.broker.parts?.closed() ?? []) : [];
    const lines = closed.map(({ name, isUp }) => {
      const why = isUp ? 'it is being asked' : 'it is not reachable';
      return `${name} is not reconciled, ${why}: no order goes there, positions are not compared`;
    });
    if (this.#unasked !== '') lines.unshift(this.#unasked);
    return lines.length === 0 ? this.#standing : [...this.#standing, ...lines];
  }

  /** Of what lasts: what a person who arms trading now knows, and lets stand. */
  get marks(): readonly string[] {
    return this.#marks;
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
    const { broker, clock, ledger, logger, strays } = this.#deps;
    if (this.#ready && !broker.connected()) {
      this.#ready = false;
      logger.warn({ broker: broker.card.name }, 'broker unreachable; orders wait');
    }
    const now = clock.monotonicNs();
    if (this.#busy !== undefined || now < this.#nextTryNs) return;
    if (!this.#ready) {
      if (broker.connected() || !this.#attached) this.#begin(this.#recover());
    } else if (broker.parts?.isPending === true && now >= this.#nextWelcomeNs)
      this.#begin(this.#welcome());
    else if (ledger.orders.unknownCount > 0) this.#begin(this.#resolveUnknown());
    else if (now >= this.#nextCheckNs || strays.isOverdue) this.#begin(this.#check());
  }

  /** Asks the broker for everything and compares; what still differs is judged by policy. `adopt`:
   * what can be is adopted, whatever the policy says. */
  async reconcile(adopt: boolean): Promise<Found> {
    await this.close();
    let found: Found = { differences: [], adopted: [] };
    const asked = this.#compare('live', adopt || this.#deps.policy === 'adopt').then((one) => {
      found = one;
    });
    this.#begin(asked.catch(() => undefined));
    await asked;
    await this.#judge(found.differences);
    return found;
  }

  /** Closes an order that the venue does not know any more, or can't be asked about, on the word of
   * a person. */
  async settle(order: Order, why: string): Promise<void> {
    const { broker, scribe } = this.#deps;
    const refused = (found: string): NdtsError =>
      new NdtsError('INVALID_ARGUMENT', `order ${order.id} cannot be settled: ${found}`);
    if (order.worksHere) throw refused('it is worked here; cancel it');
    if (order.state !== OrderState.unknown)
      throw refused('its outcome is not unknown; cancel it, or wait for the answer');
    const isAsked = broker.parts?.areAskedFor(order.id) !== false;
    const status = await broker.queryOrder(order.id);
    if (status === undefined && !isAsked) throw refused(`${this.#closedNames()} cannot be asked`);
    if (status?.state === OrderState.unknown && status.isLimbo !== true)
      throw refused(`${broker.card.name} may still receive it; wait ${broker.card.inFlightMs} ms`);
    if (status !== undefined && status.isLimbo !== true && !isFinal(status.state))
      throw refused(`${broker.card.name} has it; cancel it there`);
    if (status !== undefined && status.isLimbo !== true)
      throw refused(`${broker.card.name} tells how it ended; reconcile`);
    if (order.state === OrderState.unknown) scribe.state(order, OrderState.canceled, '', why);
  }

  #begin(work: Promise<void>): void {
    this.#busy = work.finally(() => {
      this.#busy = undefined;
    });
  }

  /** Connects if need be, reconciles, and only then lets orders out. */
  async #recover(): Promise<void> {
    const { broker, answers, policy, logger } = this.#deps;
    try {
      if (!this.#attached) await broker.connect(answers);
      this.#attached = true;
      const when = this.#started ? 'back' : 'start';
      const { differences } = await this.#compare(when, policy === 'adopt');
      this.#started = true;
      this.#ready = broker.connected();
      broker.parts?.admit();
      if (differences.length === 0)
        logger.info({ broker: broker.card.name }, 'reconciled with the broker');
      await this.#judge(differences);
      this.#differed = new Set();
    } catch (error) {
      logger.error({ error: errorLine(error) }, 'reconciliation failed; no order is sent');
    } finally {
      this.#rest();
    }
  }

  /** One of a pair is back: it is compared while orders go to the other one. */
  async #welcome(): Promise<void> {
    const { broker, policy, logger } = this.#deps;
    try {
      const { differences } = await this.#compare('live', policy === 'adopt');
      broker.parts?.admit();
      await this.#judge(differences);
      this.#differed = new Set();
      if (differences.length === 0)
        logger.info({ broker: broker.card.name }, 'reconciled with who came back');
    } catch (error) {
      // The other one is asked between.
      this.#nextWelcomeNs = this.#deps.clock.monotonicNs() + welcomeNs;
      logger.error({ error: errorLine(error) }, 'reconciliation failed; no order is sent there');
    } finally {
      this.#rest();
    }
  }

  #closedNames(): string {
    const closed = this.#deps.broker.parts?.closed() ?? [];
    return closed.map(({ name }) => name).join(' and ');
  }

  /** Twice when there is something while orders go out, or when it is to be adopted: what is on its
   * way is no difference. */
  async #compare(when: ReconcileTime, adopt: boolean): Promise<Found> {
    const { reconciler, broker } = this.#deps;
    broker.parts?.survey(true);
    const isLive = when === 'live';
    const adopted: string[] = [];
    let { differences } = await reconciler.run(when);
    for (let left = adopt ? adoptRounds : isLive ? 1 : 0; left > 0; left--) {
      if (differences.length === 0) break;
      const before = new Set(textsOf(differences));
      const again = await reconciler.run('live', adopt ? before : undefined);
      adopted.push(...again.adopted);
      const lasting = again.differences.filter(({ text }) => before.has(text));
      const isOver = again.adopted.length === 0 && lasting.length === again.differences.length;
      differences = isLive && left === 1 ? lasting : again.differences;
      if (isOver) break;
    }
    return { differences, adopted };
  }

  /** What differs as it did a check ago is judged, or adopted. */
  async #check(): Promise<void> {
    const { broker, reconciler, policy, logger } = this.#deps;
    try {
      broker.parts?.survey(false);
      const before = this.#differed;
      const { differences } = await reconciler.run('live', policy === 'adopt' ? before : undefined);
      const lasting = differences.filter(({ text }) => before.has(text));
      this.#differed = new Set(textsOf(differences));
      if (lasting.length === 0 && differences.length > 0)
        logger.warn(
          { problems: textsOf(differences) },
          'broker and journal differ; the next check will tell for good',
        );
      await this.#judge(lasting);
    } catch (error) {
      const since = timeText(this.#deps.clock.now());
      if (this.#unasked === '')
        this.#unasked = `not compared with the broker since ${since}: ${errorLine(error)}`;
      logger.warn({ error: errorLine(error) }, 'the broker could not be compared with the journal');
    } finally {
      this.#rest();
    }
  }

  /** Asks for orders whose outcome is unknown. */
  async #resolveUnknown(): Promise<void> {
    const { broker, ledger, logger, policy, reconciler } = this.#deps;
    try {
      broker.parts?.survey(false);
      const { unknown } = OrderState;
      const orders = [...ledger.orders.open()].filter(({ state }) => state === unknown);
      const problems = halting(await reconciler.resolve(orders), policy, ledger.controls.known);
      // What can be adopted is, once everything is compared.
      const lost = problems.filter(({ kind }) => policy === 'halt' || kind !== 'adoptable');
      if (lost.length > 0) await this.#halt(textsOf(lost));
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

  /** Of what lasts, what the policy does not stand for halts trading; the rest is told once. */
  async #judge(differences: readonly Difference[]): Promise<void> {
    const { ledger, policy, logger } = this.#deps;
    this.#unasked = '';
    const texts = textsOf(differences);
    const isNews = texts.join() !== this.#standing.join();
    this.#standing = texts;
    this.#marks = differences.flatMap(({ mark }) => mark ?? []);
    const grave = halting(differences, policy, ledger.controls.known);
    if (grave.length > 0) await this.#halt(textsOf(grave));
    else if (texts.length > 0 && isNews)
      logger.warn({ problems: texts, policy }, 'broker and journal differ; trading goes on');
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
