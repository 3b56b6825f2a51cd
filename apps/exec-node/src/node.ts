// The exec node: signals in, orders out, fills back, positions kept. Its whole path is doWork(), in
// order. What always holds: an order leaves the node only after its intent is in the journal; no
// signal becomes a second order; what the journal says is what the node knows after a restart.

import {
  type ActorRequest,
  type Bus,
  type Clock,
  type ConfigValues,
  errorLine,
  type HealthReport,
  type KeyValueStore,
  type InstrumentRequest,
  type InstrumentView,
  type LimitRequest,
  NdtsError,
  nsPerMs,
  OrderState,
  OrderStateNames,
  plainTerms,
  RiskReason,
  RiskReasonNames,
  type RiskView,
  type SubmitRequest,
  type TickStreamReader,
  type Time,
  type TradingStateName,
  type TradingStateRequest,
  type WorkingTerms,
} from '@ndts/protocol';
import { type Agent, LatencyHistogram, type Logger, type Metrics } from '@ndts/runtime';
import type { Gateway } from './broker/gateway.js';
import { draftOf, otherDraftOf } from './intake/request.js';
import { Intake, type SignalRingReader } from './intake/intake.js';
import type { Signal } from './intake/signal.js';
import { Checkpoints, foldJournal, type JournalLimits } from './order/checkpoints.js';
import { EventJournal } from './order/journal.js';
import { changePhase, Ledger } from './order/ledger.js';
import type { Order } from './order/order.js';
import { Scribe } from './order/scribe.js';
import { nextState } from './order/transitions.js';
import { type InstrumentDeclaration, Instruments } from './position/instruments.js';
import { Rates } from './position/rates.js';
import { checkedLimit } from './risk/limits.js';
import { tradingActions } from './risk/controls.js';
import { DataWatch } from './risk/data-watch.js';
import { type LastTicks, Market } from './risk/market.js';
import { Answers } from './route/answers.js';
import { LogGate } from './route/log-gate.js';
import { Reconciler } from './route/reconcile.js';
import { Release } from './route/release.js';
import { RouteWatch } from './route/route-watch.js';
import { StatusDesk } from './status.js';
import { personDraft, personInstance } from './work/flatten.js';
import { OrderDesk } from './work/order-desk.js';

export interface ExecNodeDeps {
  readonly config: Pick<ConfigValues, 'exec' | 'risk'>;
  /** The order journal's own store, never the ticks'. */
  readonly journal: KeyValueStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly broker: Gateway;
  /** All ticks, for the prices risk looks at. Closed by whoever opened it. */
  readonly market: TickStreamReader;
  /** The last stored ticks, so that positions are valued before the market ticks again. */
  readonly lastTicks?: LastTicks;
  readonly symbolName: (id: number) => string;
  /** What a file says of symbols; taken at the start. */
  readonly instruments?: readonly InstrumentDeclaration[];
  /** Of this ownership of the account; grows with every start. */
  readonly epoch: number;
  /** How long the journal grows; the defaults are for a node that trades. */
  readonly journalLimits?: JournalLimits;
}

export function createExecNode(deps: ExecNodeDeps): ExecNode {
  return new ExecNode(deps);
}

const retryNs = 1e9;
const logLinesPerSecond = 10;

export class ExecNode implements Agent {
  readonly name = 'exec';
  readonly ledger = new Ledger();
  readonly #deps: ExecNodeDeps;
  readonly #journal: EventJournal;
  readonly #checkpoints: Checkpoints;
  readonly #market: Market;
  readonly #dataWatch: DataWatch;
  readonly #intake: Intake;
  readonly #scribe: Scribe;
  readonly #instruments: Instruments;
  readonly #answers: Answers;
  readonly #release: Release;
  readonly #reconciler: Reconciler;
  readonly #desk: OrderDesk;
  readonly #status: StatusDesk;
  readonly #route: RouteWatch;
  #now: Time;
  #nowRead = false;
  #started = false;
  #attached = false;
  /** Reconciled with a broker that is reachable: orders may be sent. */
  #ready = false;
  #firstTime = true;
  #busy: Promise<void> | undefined;
  #nextTryNs = 0;
  #progress = 0;

  constructor(deps: ExecNodeDeps) {
    const { clock, logger, config, broker, symbolName } = deps;
    this.#deps = deps;
    this.#now = clock.now();
    const ledger = this.ledger;
    const cards = broker.cards?.() ?? [broker.card];
    const numbering = cards.filter(({ numbersTrades }) => numbersTrades === true);
    const journal = new EventJournal(deps.journal, (venue) =>
      numbering.some(({ name }) => name === venue),
    );
    this.#journal = journal;
    this.#checkpoints = new Checkpoints(journal, ledger, clock, logger, deps.journalLimits);
    this.#market = new Market(deps.market, (symbol) => {
      ledger.books.touch(symbol);
      this.#desk.touch(symbol);
    });
    this.#dataWatch = new DataWatch({
      ...{ bus: deps.bus, clock, logger, market: this.#market },
      silentMs: config.risk.dataSilentMs,
    });
    const rates = new Rates(config.risk.rates);
    this.#intake = new Intake((instance) => ledger.highest(instance));
    const gate = new LogGate(clock, logLinesPerSecond);
    const scribe = new Scribe(journal, ledger, clock, logger, (order) => {
      this.#status.changed(order);
      this.#desk.changed(order);
    });
    this.#scribe = scribe;
    this.#instruments = new Instruments({ ledger, scribe, rates, symbolName });
    const answers = new Answers(ledger, journal, scribe, logger, gate);
    this.#answers = answers;
    const latencies = {
      tickToOrder: new LatencyHistogram(),
      signalToOrder: new LatencyHistogram(),
    };
    this.#release = new Release({
      mode: config.exec.journalMode,
      answerTimeoutMs: config.exec.answerTimeoutMs,
      ...{ journal, ledger, scribe, broker, clock, logger, latencies },
    });
    this.#desk = new OrderDesk({
      ...{ config, rates, clock, logger, gate, ledger, scribe, broker, symbolName },
      ...{ market: this.#market, dataWatch: this.#dataWatch },
      connected: () => this.#ready && broker.connected(),
      now: () => this.#readNow(),
      enqueue: (order) => this.#release.enqueue(order),
      cancel: (clientOrderId, why) => this.#cancel(clientOrderId, why),
      onDenied: (reason) => this.#status.countDenied(reason),
    });
    this.#reconciler = new Reconciler({
      ...{ ledger, scribe, answers, broker, clock, logger, symbolName },
    });
    const route = new RouteWatch({ broker, scribe, clock, logger, metrics: deps.metrics });
    this.#route = route;
    this.#status = new StatusDesk({
      ...{ bus: deps.bus, clock, metrics: deps.metrics, ledger, journal, latencies, symbolName },
      ...{ market: this.#market, rates, instruments: this.#instruments },
      route: () => route.view(),
      intakeCounts: this.#intake.counts,
      answerCounts: answers.counts,
      blocked: () => this.#blocked(),
      cancel: ({ clientOrderId, actor, why }) => this.cancel(clientOrderId, `${actor}: ${why}`),
      node: this,
    });
  }

  /** The path of one cycle. Returns how much was done. */
  doWork(): number {
    if (!this.#started) return 0;
    this.#nowRead = false;
    let work = this.#market.poll();
    if (this.#scribe.failure === '') work += this.#intake.poll(this.#decide);
    if (this.#write() && this.#ready) work += this.#release.release();
    work += this.#deps.broker.doWork();
    work += this.#answers.drain();
    this.#release.timeOuts();
    this.#route.doWork();
    if (this.#ready && this.#scribe.failure === '') work += this.#desk.doWork();
    if (this.#write()) this.#status.doWork();
    this.#watch();
    work += this.#checkpoints.doWork(work === 0);
    this.#progress += 1;
    return work;
  }

  /** While orders are on their way, it can't say. Signals wake. */
  dueNs(): number | undefined {
    const brokerNs = this.#deps.broker.dueNs?.();
    const isBusy = this.#release.waiting > 0 || this.#desk.isTimed || this.#busy !== undefined;
    if (!this.#started || isBusy || brokerNs === undefined) return undefined;
    return Math.min(this.#status.dueNs(), brokerNs);
  }

  /** Rebuilds from the journal, connects and reconciles. Signals are accepted afterwards: also when
   * the broker could not be asked, but then each is denied until it could. */
  async start(): Promise<void> {
    const { clock, logger, epoch } = this.#deps;
    const begin = clock.monotonicNs();
    const events = foldJournal(this.#journal, this.ledger);
    const tookMs = Math.round((clock.monotonicNs() - begin) / nsPerMs);
    const { covered } = this.#journal;
    this.#instruments.open(this.#deps.instruments ?? []);
    logger.info({ epoch, covered, events, tookMs, ...this.ledger.counts }, 'order journal folded');
    this.#deps.lastTicks?.((batch) => this.#market.seed(batch));
    this.#desk.open();
    this.#route.open(this.ledger.controls);
    this.#status.open();
    await this.#dataWatch.open();
    await this.#recover();
    this.#started = true;
  }

  /** What was sent stays with the broker; the next start asks for it. */
  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    await this.#busy;
    this.#answers.drain();
    if (this.#scribe.flush()) this.#checkpoints.close();
    this.#status.close();
    this.#dataWatch.close();
    await this.#deps.broker.disconnect();
    await this.#journal.durable();
  }

  /** The reader is polled from the next cycle on; it stays its owner's to close, after removal. */
  addSignalRing(instance: number, name: string, reader: SignalRingReader): void {
    this.#intake.add(instance, name, reader);
  }

  removeSignalRing(instance: number): void {
    this.#intake.remove(instance);
  }

  /** Asks the broker to cancel; never blocked by risk. False: there is nothing to cancel. */
  cancel(clientOrderId: string, why: string): boolean {
    const order = this.ledger.orders.get(clientOrderId);
    // The two of a pair go together; a leg of a bracket alone.
    const others = order?.terms.entry === '' ? [...(order.group?.open ?? [])] : [];
    const asked = this.#cancel(clientOrderId, why);
    for (const other of others) if (other !== order) this.#cancel(other.id, why);
    this.#write();
    return asked;
  }

  /** Changes quantity (with what is filled) and prices of an open order; what is not given stays.
   * Rejects with the reason when it can't be changed; the answer is what was asked for. */
  async replace(clientOrderId: string, to: Partial<WorkingTerms>, why: string): Promise<void> {
    const { broker, config } = this.#deps;
    const order = this.ledger.orders.get(clientOrderId);
    if (order === undefined || order.closed)
      throw new NdtsError('NOT_FOUND', `no open order is called '${clientOrderId}'`);
    const { quantity, limitPrice } = order.intent;
    const terms = { quantity, limitPrice, stopPrice: order.terms.stopPrice, ...to };
    this.#refuseChange(order, terms);
    if (order.worksHere) {
      this.#scribe.change(order, changePhase.done, terms, why);
    } else {
      this.#scribe.change(order, changePhase.asked, terms, why);
      this.#scribe.state(order, OrderState.pendingReplace, '', '');
    }
    if (!this.#write()) throw new NdtsError('IO_ERROR', this.#scribe.failure);
    if (order.worksHere) return;
    if (config.exec.journalMode === 'durable') await this.#journal.durable();
    if (order.state !== OrderState.pendingReplace) return;
    this.#release.awaitAnswer(order);
    const time = this.#deps.clock.now();
    broker.replace?.({ clientOrderId, phase: changePhase.asked, ...terms, reason: why, time });
  }

  #refuseChange(order: Order, terms: WorkingTerms): void {
    const { card } = this.#deps.broker;
    const refused = (why: string): NdtsError =>
      new NdtsError('INVALID_ARGUMENT', `order ${order.id} cannot be changed so: ${why}`);
    if (terms.quantity <= order.filled) throw refused('no more would be left than is executed');
    if (terms.limitPrice > 0n !== order.intent.limitPrice > 0n) throw refused('it is of its type');
    if (!order.worksHere && card.can?.replace !== true)
      throw refused(`${card.name} cannot replace; cancel it and send another`);
    if (!order.worksHere && nextState(order.state, 'requestReplace') === 0)
      throw refused(`it is ${OrderStateNames[order.state]}`);
    const more = terms.quantity - order.quantity;
    const intent = {
      ...order.intent,
      quantity: more > 0n ? more : 1n,
      limitPrice: terms.limitPrice,
    };
    const reason =
      more > 0n
        ? this.#desk.risk.check(intent, plainTerms, 0n, this.#readNow())
        : RiskReason.APPROVED;
    if (reason !== RiskReason.APPROVED) throw refused(RiskReasonNames[reason] ?? String(reason));
  }

  #cancel(clientOrderId: string, why: string): boolean {
    const order = this.ledger.orders.get(clientOrderId);
    if (order === undefined || order.closed) return false;
    const sent = order.state !== OrderState.intended;
    const state = nextState(order.state, sent ? 'requestCancel' : 'cancel');
    if (state === 0) return false;
    this.#scribe.state(order, state, '', why);
    if (!sent || order.worksHere) return true;
    // Taking risk away does not wait for a journal that can't be written.
    this.#write();
    this.#release.awaitAnswer(order);
    this.#deps.broker.cancel(clientOrderId);
    return true;
  }

  /** Answers the state; with `set`, changes it first: journaled, with who and why. */
  async setTradingState(request: TradingStateRequest): Promise<TradingStateName> {
    const { set, scope = '', name = '', actor, why } = request;
    if (set === undefined) return this.ledger.tradingState;
    const action = Object.keys(tradingActions).find((one) => tradingActions[one] === set);
    if (action === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `expected a trading state, found '${set}'`);
    if (scope !== '') checkedLimit(scope, name, 'restricted', 'true');
    await this.#act(action, { scope, name, to: set }, actor, why);
    return this.ledger.tradingState;
  }

  /** Sets a limit from the next order on, or takes it back with an empty value. */
  async setLimit(request: LimitRequest): Promise<void> {
    const { scope, name, key, value, actor, why } = request;
    checkedLimit(scope, name, key, value === '' ? (key === 'restricted' ? 'true' : '1') : value);
    await this.#act('limit', { scope, name, key, value }, actor, why);
  }

  /** Says what a symbol is worth. INVALID_ARGUMENT: it can't be so now. */
  async setInstrument({ actor, why, ...declared }: InstrumentRequest): Promise<InstrumentView> {
    const view = this.#instruments.set(declared);
    await this.#act('instrument', declared, actor, why);
    return view;
  }

  /** Cancels what is open and closes every position; new risk is refused from now on. */
  async flatten({ actor, why }: ActorRequest): Promise<void> {
    await this.setTradingState({ set: 'REDUCING', actor, why });
    await this.#act('flatten', {}, actor, why);
  }

  /** An order of a person, checked like any other. The answer is its id and what risk said. */
  submit(request: SubmitRequest): { clientOrderId: string; reason: string } {
    const ordinal = this.ledger.highest(personInstance) + 1;
    const plain = personDraft(ordinal, this.#deps.clock);
    const [draft, other] = [draftOf(request, plain), otherDraftOf(request, plain)];
    const { decisions } = this.#desk;
    const reason =
      other === undefined ? decisions.take(draft, false) : decisions.takePair(draft, other, false);
    this.#write();
    const clientOrderId = `${personInstance}-${ordinal}-0`;
    return { clientOrderId, reason: RiskReasonNames[reason] ?? String(reason) };
  }

  /** Asks the broker for everything and compares; returns what still differs, one line each. */
  async reconcile(): Promise<readonly string[]> {
    await this.#busy;
    let problems: readonly string[] = [];
    this.#busy = this.#reconciler
      .run(false)
      .then((found) => {
        problems = found;
      })
      .finally(() => {
        this.#busy = undefined;
      });
    await this.#busy;
    if (problems.length > 0) await this.#halt(problems);
    return problems;
  }

  riskView(): RiskView {
    const view = this.#desk.risk.view(this.#status.denied, this.#deps.clock.now());
    const route = this.#route.view();
    return route === undefined ? view : { ...view, route };
  }

  /** Something a person did: durable before it is answered. */
  async #act(action: string, detail: object, actor: string, why: string): Promise<void> {
    const time = this.#deps.clock.now();
    this.#scribe.action({ actor, action, detail: JSON.stringify(detail), why, time });
    this.#deps.logger.warn({ actor, why, action, ...detail }, 'set by a person');
    if (!this.#write()) throw new NdtsError('IO_ERROR', this.#scribe.failure);
    await this.#journal.durable();
  }

  health(): HealthReport {
    const detail = this.#blocked();
    return { ok: detail === '', detail, progress: this.#progress };
  }

  /** 0 to 1: how full the queue to the broker is. */
  queueLoad(): number {
    return Math.min(1, this.#release.waiting / 1000);
  }

  readonly #decide = (signal: Signal): void => {
    this.#desk.decisions.take(signal, signal.expired(this.#readNow()));
  };

  /** The time of this cycle, read when it is first needed. */
  #readNow(): Time {
    if (!this.#nowRead) this.#now = this.#deps.clock.now();
    this.#nowRead = true;
    return this.#now;
  }

  /** Writes the journal; false: it can't be, and nothing may leave. */
  #write(): boolean {
    if (!this.#scribe.flush()) return false;
    this.#release.stamp();
    return true;
  }

  /** Notices a broker that went or came back, and asks for what is unknown. */
  #watch(): void {
    const { broker, clock, logger } = this.#deps;
    if (this.#ready && !broker.connected()) {
      this.#ready = false;
      logger.warn({ broker: broker.card.name }, 'broker unreachable; orders wait');
    }
    if (this.#busy !== undefined || clock.monotonicNs() < this.#nextTryNs) return;
    const back = !this.#ready && (broker.connected() || !this.#attached);
    const ask = this.#ready && this.ledger.orders.unknownCount > 0;
    if (!back && !ask) return;
    this.#busy = (back ? this.#recover() : this.#resolveUnknown()).finally(() => {
      this.#busy = undefined;
    });
  }

  /** Connects if need be, reconciles, and only then lets orders out. */
  async #recover(): Promise<void> {
    const { broker, clock, logger } = this.#deps;
    try {
      if (!this.#attached) await broker.connect(this.#answers);
      this.#attached = true;
      const problems = await this.#reconciler.run(this.#firstTime);
      this.#firstTime = false;
      this.#ready = broker.connected();
      if (problems.length > 0) await this.#halt(problems);
      else logger.info({ broker: broker.card.name }, 'reconciled with the broker');
    } catch (error) {
      logger.error({ error: errorLine(error) }, 'reconciliation failed; no order is sent');
    } finally {
      this.#nextTryNs = clock.monotonicNs() + retryNs;
    }
  }

  async #halt(problems: readonly string[]): Promise<void> {
    const why = problems.slice(0, 3).join('; ');
    const more = problems.length > 3 ? ` and ${problems.length - 3} more` : '';
    this.#deps.logger.error({ problems }, 'broker and journal differ; trading is halted');
    await this.setTradingState({ set: 'HALTED', actor: 'reconciliation', why: why + more });
  }

  /** Asks for orders whose outcome is unknown. */
  async #resolveUnknown(): Promise<void> {
    const { broker, clock, logger } = this.#deps;
    try {
      for (const order of [...this.ledger.orders.open()]) {
        if (order.state !== OrderState.unknown) continue;
        const age = clock.monotonicNs() - order.submittedNs;
        const problem = await this.#reconciler.resolve(
          order,
          age >= broker.card.inFlightMs * nsPerMs,
        );
        if (problem !== undefined) await this.#halt([problem]);
      }
    } catch (error) {
      logger.warn({ error: errorLine(error) }, 'the broker could not be asked for unknown orders');
    } finally {
      this.#nextTryNs = clock.monotonicNs() + retryNs;
    }
  }

  #blocked(): string {
    if (this.#scribe.failure !== '') return `order journal: ${this.#scribe.failure}`;
    if (!this.#ready) return 'not reconciled with the broker';
    return '';
  }
}
