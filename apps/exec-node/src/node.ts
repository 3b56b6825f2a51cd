// The exec node: signals in, orders out, fills back, positions kept. Its whole path is doWork(), in
// order. What always holds: an order leaves the node only after its intent is in the journal; no
// signal becomes a second order; what the journal says is what the node knows after a restart.

import {
  type ActorRequest,
  type Bus,
  type CancelRequest,
  type Clock,
  type ConfigValues,
  type HealthReport,
  type KeyValueStore,
  type InstrumentRequest,
  type InstrumentView,
  type LimitRequest,
  NdtsError,
  nsPerMs,
  OrderState,
  RiskReasonNames,
  type ReconcileRequest,
  type ReconcileView,
  type RiskView,
  type SubmitRequest,
  type TickStreamReader,
  type Time,
  type TradingStateName,
  type TradingStateRequest,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Agent, Logger, Metrics } from '@ndts/runtime';
import { type Gateway, numberingOf } from './broker/gateway.js';
import { CancelsAhead } from './intake/cancels-ahead.js';
import { personDraft } from './intake/draft.js';
import { draftOf, otherDraftOf } from './intake/request.js';
import { Intake, type SignalRingReader } from './intake/intake.js';
import type { Signal } from './intake/signal.js';
import { Checkpoints, foldJournal, type JournalLimits } from './order/checkpoints.js';
import { EventJournal } from './order/journal.js';
import { Ledger } from './order/ledger.js';
import { contentOf, type RequestKept } from './order/requests.js';
import { Scribe } from './order/scribe.js';
import { nextState } from './order/transitions.js';
import { type InstrumentDeclaration, Instruments } from './position/instruments.js';
import { Rates } from './position/rates.js';
import { checkedLimit, checkPart } from './risk/limits.js';
import { tradingActions } from './risk/controls.js';
import { DataWatch } from './risk/data-watch.js';
import { type LastTicks, Market } from './risk/market.js';
import { Adopter } from './route/adopt.js';
import { Answers } from './route/answers.js';
import { BrokerWatch } from './route/broker-watch.js';
import { CancelWishes } from './route/cancel-wishes.js';
import { LogGate } from './route/log-gate.js';
import { named, noteNode } from './route/named-gateway.js';
import { textsOf } from './route/difference.js';
import { Reconciler } from './route/reconcile.js';
import { newLatencies, Release } from './route/release.js';
import { RouteWatch } from './route/route-watch.js';
import { Strays } from './route/strays.js';
import { StatusDesk } from './status.js';
import { Changes } from './work/changes.js';
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
  readonly #strays: Strays;
  readonly #wishes: CancelWishes;
  readonly #release: Release;
  readonly #watch: BrokerWatch;
  readonly #changes: Changes;
  readonly #desk: OrderDesk;
  readonly #status: StatusDesk;
  readonly #route: RouteWatch;
  readonly #cancelsAhead = new CancelsAhead();
  #now: Time;
  #nowRead = false;
  #started = false;
  #progress = 0;

  constructor(deps: ExecNodeDeps) {
    const { clock, logger, config, symbolName } = deps;
    const broker = named(deps.broker, config.exec.orderPrefix);
    this.#deps = { ...deps, broker };
    this.#now = clock.now();
    const ledger = this.ledger;
    const journal = new EventJournal(deps.journal, numberingOf(broker));
    this.#journal = journal;
    this.#checkpoints = new Checkpoints(journal, ledger, clock, logger, deps.journalLimits);
    const onTick = (symbol: number): void => {
      ledger.books.touch(symbol);
      this.#desk.touch(symbol);
    };
    this.#market = new Market(deps.market, onTick, { clock, waitMs: config.risk.doubtMs });
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
      this.#wishes.changed(order);
    });
    this.#scribe = scribe;
    this.#instruments = new Instruments({ ledger, scribe, rates, symbolName });
    const strays = new Strays({ scribe, broker, clock, logger });
    this.#strays = strays;
    const cancel = (id: string, why: string): boolean => this.#cancel(id, why);
    this.#wishes = new CancelWishes(ledger, clock, config.exec.answerTimeoutMs, cancel);
    const answers = new Answers(ledger, journal, scribe, logger, gate, strays);
    this.#answers = answers;
    const latencies = newLatencies();
    this.#release = new Release({
      mode: config.exec.journalMode,
      answerTimeoutMs: config.exec.answerTimeoutMs,
      ...{ journal, ledger, scribe, broker, clock, logger, latencies },
    });
    this.#desk = new OrderDesk({
      ...{ config, rates, clock, logger, gate, ledger, scribe, broker, symbolName, cancel },
      ...{ market: this.#market, dataWatch: this.#dataWatch, strays, metrics: deps.metrics },
      connected: () => this.#watch.isReady && broker.connected(),
      now: () => this.#readNow(),
      enqueue: (order) => this.#release.enqueue(order),
      onDenied: (reason) => this.#status.countDenied(reason),
    });
    this.#changes = this.#createChanges();
    this.#watch = this.#createWatch();
    this.#route = new RouteWatch({ broker, scribe, clock, logger, metrics: deps.metrics });
    this.#status = new StatusDesk({
      ...{ bus: deps.bus, clock, metrics: deps.metrics, ledger, journal, latencies, symbolName },
      ...{ market: this.#market, rates, instruments: this.#instruments },
      route: () => this.#route.view(),
      differences: () => this.#watch.differences,
      intakeCounts: this.#intake.counts,
      answerCounts: answers.counts,
      blocked: () => this.#blocked(),
      cancel: (request) => this.#cancelAsked(request),
      node: this,
    });
  }

  #createChanges(): Changes {
    const { broker, clock, config } = this.#deps;
    const [ledger, scribe, journal] = [this.ledger, this.#scribe, this.#journal];
    return new Changes({
      ...{ mode: config.exec.journalMode, ledger, scribe, journal, broker, clock },
      check: (order, terms) => this.#desk.risk.checkChange(order, terms, this.#readNow()),
      isOnTick: ({ intent }, price) => this.#desk.risk.isOnTick(intent, price),
      write: () => this.#write(),
      onSend: (order) => {
        this.#desk.risk.count();
        this.#release.awaitAnswer(order);
      },
    });
  }

  #createWatch(): BrokerWatch {
    const { broker, clock, logger, config, symbolName } = this.#deps;
    const [ledger, scribe, answers] = [this.ledger, this.#scribe, this.#answers];
    const shared = { ledger, scribe, answers, strays: this.#strays, broker, clock, logger };
    const { account, checkMs, differences: policy } = config.exec;
    const adopter = new Adopter({
      ...{ ledger, scribe, clock, logger, account, card: () => broker.card },
      lastPrice: (symbol) => this.#market.lastMoney(symbol),
    });
    return new BrokerWatch({
      ...{ ...shared, checkMs, policy },
      reconciler: new Reconciler({ ...shared, adopter, symbolName }),
      halt: (why) => this.setTradingState({ set: 'HALTED', actor: 'reconciliation', why }),
    });
  }

  /** The path of one cycle. Returns how much was done. */
  doWork(): number {
    if (!this.#started) return 0;
    this.#nowRead = false;
    let work = this.#market.poll();
    if (this.#scribe.failure === '')
      work += this.#desk.watchDay() + this.#intake.poll(this.#decide);
    if (this.#write() && this.#watch.isReady) work += this.#release.release();
    work += this.#deps.broker.doWork();
    work += this.#answers.drain();
    this.#release.timeOuts();
    this.#route.doWork();
    if (this.#watch.isReady && this.#scribe.failure === '')
      work += this.#strays.doWork() + this.#wishes.doWork() + this.#desk.doWork();
    if (this.#write()) this.#status.doWork(work > 0);
    this.#watch.doWork();
    work += this.#checkpoints.doWork(work === 0);
    this.#progress += 1;
    return work;
  }

  /** While orders are on their way, it can't say. Signals wake. */
  dueNs(): number | undefined {
    const brokerNs = this.#deps.broker.dueNs?.();
    const isTimed = this.#desk.isTimed || this.#wishes.isWaiting;
    const isBusy = this.#release.waiting > 0 || isTimed || this.#watch.isBusy;
    if (!this.#started || isBusy || brokerNs === undefined) return undefined;
    return Math.min(this.#status.dueNs(), brokerNs, this.#market.dueNs());
  }

  /** Rebuilds from the journal, connects and reconciles. Signals are accepted afterwards: also when
   * the broker could not be asked, but then each is denied until it could. */
  async start(): Promise<void> {
    const { clock, config, logger, epoch } = this.#deps;
    const begin = clock.monotonicNs();
    const events = foldJournal(this.#journal, this.ledger);
    const tookMs = Math.round((clock.monotonicNs() - begin) / nsPerMs);
    const { covered } = this.#journal;
    noteNode(config.exec, this.ledger, this.#scribe, clock);
    this.#instruments.open(this.#deps.instruments ?? []);
    logger.info({ epoch, covered, events, tookMs, ...this.ledger.counts }, 'order journal folded');
    this.#deps.lastTicks?.((batch) => this.#market.seed(batch));
    this.#desk.open();
    this.#wishes.open();
    this.#route.open(this.ledger.controls);
    this.#status.open();
    await this.#dataWatch.open();
    await this.#watch.open();
    this.#started = true;
  }

  /** What was sent stays with the broker; the next start asks for it. */
  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    await this.#watch.close();
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

  /** A strategy's cancel may overtake the signal, which comes another way. */
  #cancelAsked({ clientOrderId, actor, why, ahead = false }: CancelRequest): boolean {
    const reason = `${actor}: ${why}`;
    if (this.cancel(clientOrderId, reason)) return true;
    const stray = this.#strays.get(clientOrderId);
    // Of somebody else's orders only a person decides.
    if (stray !== undefined && (stray.isOurs || !ahead)) {
      this.#strays.cancel(stray, actor, why);
      return true;
    }
    const [instance = 0, ordinal = 0] = clientOrderId.split('-').map(Number);
    if (!ahead || !(ordinal > this.ledger.highest(instance))) return false;
    this.#cancelsAhead.keep(clientOrderId, reason);
    return true;
  }

  /** Changes quantity (with what is filled) and prices of an open order; what is not given stays.
   * Rejects with the reason when it can't be changed; the answer is what was asked for. */
  replace(clientOrderId: string, to: Partial<WorkingTerms>, why: string): Promise<void> {
    return this.#changes.replace(clientOrderId, to, why);
  }

  /** Closes an order whose outcome is unknown and that the venue does not know any more. */
  async settleOrder(clientOrderId: string, why: string): Promise<void> {
    const order = this.ledger.orders.get(clientOrderId);
    if (order === undefined || order.closed)
      throw new NdtsError('NOT_FOUND', `no open order is called '${clientOrderId}'`);
    await this.#watch.settle(order, why);
    if (!this.#write()) throw new NdtsError('IO_ERROR', this.#scribe.failure);
  }

  #cancel(clientOrderId: string, why: string): boolean {
    const order = this.ledger.orders.get(clientOrderId);
    if (order === undefined || order.closed) return false;
    // One of an earlier process may be at the venue.
    const sent = order.state !== OrderState.intended || !order.isOwn;
    const state = nextState(order.state, sent ? 'requestCancel' : 'cancel');
    if (state === 0) return false;
    this.#scribe.state(order, state, '', why);
    // Whatever becomes of the journal, by which the worker waits.
    for (const child of [...order.children]) this.#cancel(child.id, why);
    if (!sent || order.worksHere) return true;
    // Taking risk away does not wait for a journal that can't be written.
    this.#write();
    this.#release.awaitAnswer(order);
    this.#deps.broker.cancel(clientOrderId);
    return true;
  }

  /** Answers the state; with `set`, changes it (or a part's) first: journaled, with who and why. */
  async setTradingState(request: TradingStateRequest): Promise<TradingStateName> {
    const { set, scope = '', name = '', cancel = false, all = false, actor, why } = request;
    if (set === undefined) return this.ledger.tradingState;
    const action = Object.keys(tradingActions).find((one) => tradingActions[one] === set);
    if (action === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `expected a trading state, found '${set}'`);
    if (scope !== '' || name !== '') checkPart(scope, name, this.#deps.config.exec.account);
    if (cancel && set !== 'HALTED')
      throw new NdtsError('INVALID_ARGUMENT', `orders are canceled with HALTED, not with ${set}`);
    if (all && (!cancel || (scope !== '' && scope !== 'account')))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        'orders of others are canceled with cancel, of everything or of the account',
      );
    const time = this.#deps.clock.now();
    if (cancel) {
      const detail = JSON.stringify({ scope, name, value: all ? 'everyone' : 'all' });
      if (all) this.#strays.look();
      this.#scribe.action({ actor, action: 'cancel', detail, why, time });
      // At once, whatever becomes of the journal.
      this.#desk.cancelParts();
    }
    // Who lets trading go on has seen what stands.
    const known = set === 'HALTED' || scope !== '' ? {} : { known: this.#watch.marks };
    await this.#act(action, { scope, name, to: set, ...known }, actor, why);
    return this.ledger.controls.stateOf(scope, name);
  }

  /** Sets a limit from the next order on, or takes it back with an empty value. */
  async setLimit(request: LimitRequest): Promise<void> {
    const { scope, name, key, value, actor, why } = request;
    checkPart(scope, name, this.#deps.config.exec.account);
    checkedLimit(scope, name, key, value === '' ? (key === 'restricted' ? 'true' : '1') : value);
    await this.#act('limit', { scope, name, key, value }, actor, why);
  }

  /** Says what a symbol is worth. INVALID_ARGUMENT: it can't be so now. */
  async setInstrument({ actor, why, ...declared }: InstrumentRequest): Promise<InstrumentView> {
    const view = this.#instruments.set(declared);
    await this.#act('instrument', declared, actor, why);
    return view;
  }

  /** Sets the day of the account right that began by a clock that was wrong. */
  correctDay({ actor, why }: ActorRequest): Promise<void> {
    return this.#act('day', this.#desk.day.correction(), actor, why);
  }

  /** Cancels what is open and closes every position; new risk is refused from now on. */
  async flatten({ actor, why }: ActorRequest): Promise<void> {
    await this.setTradingState({ set: 'REDUCING', actor, why });
    await this.#act('flatten', {}, actor, why);
  }

  /** An order of a person, checked like any other. The answer is its id and what risk said; the
   * same as before when it was asked for under the same name. */
  submit(request: SubmitRequest): { clientOrderId: string; reason: string } {
    this.#scribe.flush();
    // Before it has a number that the next start would give to another one.
    if (this.#scribe.failure !== '') throw new NdtsError('IO_ERROR', this.#scribe.failure);
    const answered = this.ledger.requests.answerTo(request);
    if (answered !== undefined)
      return { clientOrderId: answered.clientOrderId, reason: answered.reason };
    const ordinal = this.ledger.nextOfPersons();
    const plain = personDraft(ordinal, this.#deps.clock);
    const [draft, other] = [draftOf(request, plain), otherDraftOf(request, plain)];
    const { decisions } = this.#desk;
    const verdict =
      other === undefined ? decisions.take(draft, false) : decisions.takePair(draft, other, false);
    const reason = RiskReasonNames[verdict] ?? String(verdict);
    const clientOrderId = `${plain.instance}-${ordinal}-0`;
    this.#noteRequest(request, clientOrderId, reason);
    if (!this.#write())
      throw new NdtsError(
        'IO_ERROR',
        `${clientOrderId} is ${reason} and waits: ${this.#scribe.failure}`,
      );
    return { clientOrderId, reason };
  }

  /** Goes into the journal with the order: both are there, or none. */
  #noteRequest(
    { requestId, ...asked }: SubmitRequest,
    clientOrderId: string,
    reason: string,
  ): void {
    if (requestId === undefined) return;
    const kept: RequestKept = { id: requestId, clientOrderId, reason, content: contentOf(asked) };
    const [detail, time] = [JSON.stringify(kept), this.#deps.clock.now()];
    this.#scribe.action({ actor: 'exec', action: 'request', detail, why: '', time });
  }

  /** Asks the broker for everything and compares; what differs is judged by policy, or adopted. */
  async reconcile({ actor, why, adopt = false }: ReconcileRequest): Promise<ReconcileView> {
    const { differences, adopted } = await this.#watch.reconcile(adopt);
    if (adopt && adopted.length > 0) await this.#act('adopt', { adopted }, actor, why);
    const { tradingState } = this.ledger;
    return { differences: textsOf(differences), adopted, tradingState };
  }

  riskView(): RiskView {
    const risk = this.#desk.risk.view(this.#status.denied);
    const { trouble } = this.#desk.day;
    const day = trouble === '' ? {} : { dayAhead: trouble };
    const view = { ...risk, ...day, differences: this.#watch.differences };
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
    const ahead = this.#cancelsAhead.take(signal);
    if (ahead !== undefined) this.cancel(ahead.id, ahead.why);
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

  #blocked(): string {
    if (this.#scribe.failure !== '') return `order journal: ${this.#scribe.failure}`;
    if (!this.#watch.isReady) return 'not reconciled with the broker';
    return '';
  }
}
