// What the exec node tells others: its status, changes of orders, and answers to
// questions on the bus. What always holds: it only reads the ledger; only what the journal holds is
// told; order events are conflated to the newest state above a rate, never queued without end, and
// the newest state of an order is told always, in the order of the journal.

import {
  type ActorRequest,
  type Bus,
  type CancelRequest,
  type Clock,
  type ExecStatus,
  type InstanceOrders,
  type InstanceOrdersRequest,
  type InstrumentRequest,
  type InstrumentView,
  type LimitRequest,
  type LineageRequest,
  type LineageView,
  moneyText,
  NdtsError,
  type OrderNews,
  type OrdersRequest,
  type OrderView,
  type OffsetView,
  type PositionsRequest,
  type PositionView,
  type ReconcileRequest,
  type ReconcileView,
  type ReplaceRequest,
  RiskReason,
  RiskReasonNames,
  type RiskView,
  type RouteView,
  type SubmitAnswer,
  type SubmitRequest,
  subjects,
  type TradingStateName,
  type TradingStateRequest,
  type WorkingTerms,
} from '@ndts/protocol';
import { type HistogramSnapshot, type Metrics, StatusBeat } from '@ndts/runtime';
import type { IntakeCounts } from './intake/intake.js';
import type { EventJournal } from './order/journal.js';
import type { Ledger, LedgerCounts } from './order/ledger.js';
import { forgottenBehind, forgottenOrder, keptBehind } from './order/behind.js';
import { lastRevisionOf, type Order } from './order/order.js';
import { lineageView, moneyOf, orderView } from './order/view.js';
import { fromSquared } from './position/position.js';
import type { Instruments } from './position/instruments.js';
import type { Rates } from './position/rates.js';
import { offsetView, positionView, viewsBy } from './position/view.js';
import type { Market } from './risk/market.js';
import type { AnswerCounts } from './route/answers.js';
import type { ReleaseLatencies } from './route/release.js';

/** Answer to subjects.execLatency. */
export interface ExecLatency {
  readonly tickToOrder: HistogramSnapshot;
  readonly signalToOrder: HistogramSnapshot;
}

export interface StatusDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly ledger: Ledger;
  readonly journal: EventJournal;
  readonly market: Market;
  readonly rates: Rates;
  readonly instruments: Instruments;
  readonly latencies: ReleaseLatencies;
  readonly intakeCounts: IntakeCounts;
  readonly answerCounts: AnswerCounts;
  readonly symbolName: (id: number) => string;
  readonly route: () => RouteView | undefined;
  readonly differences: () => readonly string[];
  /** Why nothing can be sent at the moment; empty when it can. */
  readonly blocked: () => string;
  readonly cancel: (request: CancelRequest) => boolean;
  readonly node: NodeActions;
}

/** What a person may ask of the node. */
export interface NodeActions {
  setTradingState(request: TradingStateRequest): Promise<TradingStateName>;
  setLimit(request: LimitRequest): Promise<void>;
  setInstrument(request: InstrumentRequest): Promise<InstrumentView>;
  flatten(request: ActorRequest): Promise<void>;
  correctDay(request: ActorRequest): Promise<void>;
  submit(request: SubmitRequest): SubmitAnswer;
  replace(id: string, to: Partial<WorkingTerms>, why: string): Promise<void>;
  settleOrder(id: string, why: string): Promise<void>;
  reconcile(request: ReconcileRequest): Promise<ReconcileView>;
  riskView(): RiskView;
}

const watchNs = 1e6;
const orderEventsPerStatus = 50;
/** More do not wait: they are told above the rate. */
const waitingMax = 1000;

export class StatusDesk {
  readonly #deps: StatusDeps;
  readonly #changed = new Set<Order>();
  readonly #ends: (() => void)[] = [];
  readonly #count: (() => void)[] = [];
  /** What the journal had counted before this process. */
  #start: LedgerCounts = { intents: 0, denied: 0, fills: 0 };
  readonly #beat = new StatusBeat();
  #toldState: ExecStatus['tradingState'] | undefined;
  #watchNs = 0;
  #eventsLeft = orderEventsPerStatus;
  #undurablePosition = 0;
  #undurableSinceNs = 0;
  /** Denied since this process started, by RiskReason. */
  readonly denied: number[] = [];

  constructor(deps: StatusDeps) {
    this.#deps = deps;
    for (const name of Object.keys(RiskReasonNames)) this.denied[Number(name)] = 0;
  }

  countDenied(reason: RiskReason): void {
    this.denied[reason] = (this.denied[reason] ?? 0) + 1;
  }

  /** After the journal was folded. */
  open(): void {
    const { bus, ledger } = this.#deps;
    this.#start = { ...ledger.counts };
    this.#ends.push(
      bus.respond(subjects.execOrders, (request) => this.#orders(request as OrdersRequest)),
      bus.respond(subjects.execInstanceOrders, (request) =>
        this.#instanceOrders(request as InstanceOrdersRequest),
      ),
      bus.respond(subjects.execPositions, (request) =>
        this.#positions(request as PositionsRequest | undefined),
      ),
      bus.respond(subjects.execTradingState, (request) =>
        this.#deps.node.setTradingState(request as TradingStateRequest),
      ),
      ...this.#actions(),
      bus.respond(subjects.execCancel, (request) => this.#deps.cancel(request as CancelRequest)),
      bus.respond(subjects.execLatency, () => this.#latency()),
    );
    this.#openMetrics();
  }

  #actions(): (() => void)[] {
    const { bus, node } = this.#deps;
    return [
      bus.respond(subjects.execSubmit, (request) => node.submit(request as SubmitRequest)),
      bus.respond(subjects.execReplace, async (request) => {
        const { clientOrderId, actor, why, ...to } = request as ReplaceRequest;
        await node.replace(clientOrderId, moneyOf(to), `${actor}: ${why}`);
        return true;
      }),
      bus.respond(subjects.execSettle, async (request) => {
        const { clientOrderId, actor, why } = request as CancelRequest;
        await node.settleOrder(clientOrderId, `${actor}: ${why}`);
        return true;
      }),
      bus.respond(subjects.execRisk, () => node.riskView()),
      bus.respond(subjects.execLimit, async (request) => {
        await node.setLimit(request as LimitRequest);
        return node.riskView();
      }),
      bus.respond(subjects.execInstruments, () => this.#deps.instruments.views()),
      bus.respond(subjects.execInstrument, (request) =>
        node.setInstrument(request as InstrumentRequest),
      ),
      bus.respond(subjects.execDay, async (request) => {
        await node.correctDay(request as ActorRequest);
        return node.riskView();
      }),
      bus.respond(subjects.execFlatten, async (request) => {
        await node.flatten(request as ActorRequest);
        return true;
      }),
      bus.respond(subjects.execReconcile, (request) => node.reconcile(request as ReconcileRequest)),
      bus.respond(subjects.execLineage, (request) => this.#lineage(request as LineageRequest)),
    ];
  }

  async #lineage({ clientOrderId }: LineageRequest): Promise<LineageView> {
    const { ledger, journal } = this.#deps;
    const kept = ledger.orders.get(clientOrderId);
    const order = kept ?? (await forgottenOrder(journal, String(clientOrderId), this.#turn));
    if (order === undefined)
      throw new NdtsError('NOT_FOUND', `the journal tells of no order '${clientOrderId}'`);
    return lineageView(order, this.#view(order));
  }

  /** Resolves after the node has worked. */
  readonly #turn = (): Promise<void> =>
    new Promise((resolve) => this.#deps.clock.setTimer(0, resolve));

  close(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** An order changed; it is told after the journal was written. */
  changed(order: Order): void {
    this.#changed.delete(order);
    this.#changed.add(order);
  }

  /** Part of the duty cycle, after the journal was written. */
  doWork(hasWorked: boolean): void {
    const { clock, ledger } = this.#deps;
    const now = clock.monotonicNs();
    const isChanged = this.#changed.size > 0 || ledger.tradingState !== this.#toldState;
    if (hasWorked || isChanged) this.#beat.note(now);
    this.#toldState = ledger.tradingState;
    if (this.#beat.isDue(now)) {
      this.#eventsLeft = orderEventsPerStatus;
      this.#deps.bus.publish(subjects.execStatus, this.status());
      for (const count of this.#count) count();
    }
    if (now >= this.#watchNs) {
      this.#watchNs = now + watchNs;
      this.#watchDurable(now);
    }
    if (this.#changed.size > 0) this.#publishChanged();
  }

  dueNs(): number {
    return this.#beat.dueNs;
  }

  status(): ExecStatus {
    const { ledger, clock, latencies, market, rates } = this.#deps;
    ledger.positions.mark((symbol) => market.lastMoney(symbol));
    const intents = ledger.counts.intents - this.#start.intents;
    const denied = ledger.counts.denied - this.#start.denied;
    const route = this.#deps.route();
    const otherFees = rates.otherFees(ledger.positions);
    return {
      timeMs: Math.floor(clock.nowMs()),
      tradingState: ledger.tradingState,
      tradingReason: this.#deps.blocked() || ledger.tradingReason,
      signals: intents + denied,
      orders: intents,
      denied,
      fills: ledger.counts.fills - this.#start.fills,
      ordersTotal: ledger.counts.intents,
      openOrders: ledger.orders.open().size,
      unknownOrders: ledger.orders.unknownCount,
      realisedPnl: moneyText(fromSquared(ledger.positions.realised(rates.of))),
      unrealisedPnl: moneyText(fromSquared(ledger.positions.unrealised(rates.of))),
      fees: moneyText(ledger.positions.fees(rates.of)),
      ...(otherFees.length === 0 ? {} : { otherFees }),
      journalLagMs: this.#journalLagMs(clock.monotonicNs()),
      tickToOrderUs: latencies.tickToOrder.summaryUs(),
      ...(route === undefined ? {} : { route }),
    };
  }

  #publishChanged(): void {
    for (const order of this.#changed) {
      if (this.#eventsLeft <= 0 && this.#changed.size <= waitingMax) return;
      this.#eventsLeft -= 1;
      this.#changed.delete(order);
      this.#deps.bus.publish(subjects.orderEvent, this.#news(order));
    }
  }

  /** Remembers since when the oldest write seen here has been waiting for its sync. */
  #watchDurable(now: number): void {
    const { journal } = this.#deps;
    if (this.#undurablePosition !== 0 && journal.durablePosition() >= this.#undurablePosition)
      this.#undurablePosition = 0;
    if (this.#undurablePosition !== 0 || journal.position <= journal.durablePosition()) return;
    this.#undurablePosition = journal.position;
    this.#undurableSinceNs = now;
  }

  #journalLagMs(now: number): number {
    return this.#undurablePosition === 0 ? 0 : (now - this.#undurableSinceNs) / 1e6;
  }

  #view(order: Order): OrderView {
    return orderView(order, this.#deps.symbolName(order.intent.symbol));
  }

  #news(order: Order): OrderNews {
    return { ...this.#view(order), revision: order.revision };
  }

  /** As of now, whatever happens while the journal is read. */
  async #instanceOrders({ instance, after }: InstanceOrdersRequest): Promise<InstanceOrders> {
    const { ledger, journal } = this.#deps;
    // What is not written yet may never be.
    if (journal.pending > 0)
      throw new NdtsError('UNAVAILABLE', 'the order journal cannot be written now');
    const revision = lastRevisionOf(journal.nextSequence - 1);
    const highest = ledger.highest(instance);
    const orders = keptBehind(ledger, instance, after).map((order) => this.#news(order));
    if (ledger.orders.isFull) {
      const known = new Set(orders.map(({ clientOrderId }) => clientOrderId));
      for (const order of await forgottenBehind(journal, instance, after, known, this.#turn))
        orders.push(this.#news(order));
    }
    orders.sort((a, b) => a.revision - b.revision);
    return { revision, highest, orders };
  }

  #orders(request: OrdersRequest | undefined): OrderView[] {
    const limit = request?.limit ?? 100;
    if (!Number.isInteger(limit) || limit < 0)
      throw new NdtsError('INVALID_ARGUMENT', `expected a limit of 0 or more, found ${limit}`);
    const orders = this.#deps.ledger.orders.list(limit, request?.symbol);
    return orders.map((order) => this.#view(order));
  }

  #positions(request: PositionsRequest | undefined): PositionView[] {
    const { ledger, market, symbolName } = this.#deps;
    const { by } = request ?? {};
    if (by !== undefined)
      return viewsBy(ledger.books, by, symbolName, (symbol) => market.lastMoney(symbol));
    ledger.positions.mark((symbol) => market.lastMoney(symbol));
    const apart = new Map<number, OffsetView[]>();
    for (const [account, held] of ledger.books.offsets.all())
      apart.set(held.symbol, [...(apart.get(held.symbol) ?? []), offsetView(account, held)]);
    const views: PositionView[] = [];
    for (const position of ledger.positions.all()) {
      // Made for an open order that has not traded yet.
      const { symbol } = position;
      if (!position.wasTraded && !apart.has(symbol)) continue;
      const view = positionView(position, symbolName(symbol), market.lastMoney(symbol));
      const offsets = apart.get(symbol);
      views.push(offsets === undefined ? view : { ...view, offsets });
    }
    return views.sort((a, b) => a.symbol - b.symbol);
  }

  #latency(): ExecLatency {
    const { tickToOrder, signalToOrder } = this.#deps.latencies;
    return { tickToOrder: tickToOrder.snapshot(), signalToOrder: signalToOrder.snapshot() };
  }

  /** Counters are brought up to date with the status, not on the hot path. */
  #openMetrics(): void {
    const { metrics, intakeCounts, answerCounts, ledger } = this.#deps;
    const start = this.#start;
    this.#counter('exec_signals_total', 'signals read', () => intakeCounts.signals);
    this.#counter('exec_signals_lapped_total', 'signals lost', () => intakeCounts.lapped);
    this.#counter('exec_signals_foreign_total', 'signals of no use', () => intakeCounts.foreign);
    this.#counter('exec_orders_total', 'intents', () => ledger.counts.intents - start.intents);
    this.#counter('exec_fills_total', 'executions', () => ledger.counts.fills - start.fills);
    const inferred = ledger.inferred.total;
    this.#counter(
      'exec_inferred_fills_total',
      'executions inferred by reconciliation',
      () => ledger.inferred.total - inferred,
    );
    this.#counter('exec_illegal_total', 'illegal events refused', () => answerCounts.illegal);
    this.#counter('exec_overfills_total', 'overfills refused', () => answerCounts.overfills);
    this.#counter(
      'exec_duplicate_fills_total',
      'fills told again',
      () => answerCounts.duplicateFills,
    );
    metrics.gauge(
      'exec_differences',
      'what differs between journal and broker, as of the last comparison',
      [],
      (gauge) => gauge.set(this.#deps.differences().length),
    );
    metrics.gauge(
      'exec_unconverted_fees',
      'fees in a currency without a rate: in no sum and in no loss, by currency',
      ['currency'],
      (gauge) => {
        for (const { currency, fees, rate } of this.#deps.rates.otherFees(ledger.positions))
          gauge.labels(currency).set(rate === undefined ? Number(fees) : 0);
      },
    );
    const denied = metrics.counter('exec_denied_total', 'signals refused, by reason', ['reason']);
    const last: number[] = [];
    this.#count.push(() => {
      this.denied[RiskReason.DUPLICATE_SIGNAL] = intakeCounts.duplicates;
      this.denied.forEach((total, reason) => {
        const change = total - (last[reason] ?? 0);
        last[reason] = total;
        if (change > 0) denied.labels(RiskReasonNames[reason] ?? String(reason)).inc(change);
      });
    });
  }

  #counter(name: string, help: string, total: () => number): void {
    const counter = this.#deps.metrics.counter(name, help);
    let last = 0;
    this.#count.push(() => {
      const now = total();
      if (now > last) counter.inc(now - last);
      last = now;
    });
  }
}
