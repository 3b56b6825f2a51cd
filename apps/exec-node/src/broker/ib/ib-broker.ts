// Interactive Brokers behind the gateway port, through TWS or IB Gateway. What always holds: an id
// is sent at most once, by this gateway and by its successors of the same day; an order counts as
// rejected only on a refusal the venue told; what is sent while the venue is away is dropped, not
// kept; answers reach the listener in doWork() only; after every (re)connection open orders,
// orders of the day and executions are asked for before it counts as connected.

import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  errorLine,
  type Fill,
  moneyFromFloat,
  NdtsError,
  nsPerMs,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  plainTerms,
} from '@ndts/protocol';
import { BackOff, backOffDefault } from '@ndts/runtime';
import type {
  CommissionReport,
  Contract,
  Execution,
  IBApi,
  Order,
  OrderState as IbOrderState,
} from '@stoqey/ib';
import { isFinal } from '../../order/transitions.js';
import type { OrderStatuses } from '../ask-orders.js';
import { type Due, type Failure, notSent, tellDue, updateOf } from '../due.js';
import type { Gateway } from '../gateway.js';
import { isFailure, meaningOf, orderCanceled, serversBack, serversLost, stateOf } from './codes.js';
import { IbConnection, type IbEvents } from './connection.js';
import { AwaitedFees, Executions, type KnownExecution } from './executions.js';
import { contractOf, ibAbilities, orderOf, termsOf } from './order-words.js';
import { noteFilled, OrdersSeen, type SeenOrder, venueOrderId } from './orders-seen.js';
import type { IbBrokerOptions } from './settings.js';
import { IbQuestions } from './questions.js';
import { venueTime } from './venue-time.js';

export const ibVenue = 'ib';

const feePauseMs = 5;
const lossCycles = 2;

export class IbBroker implements Gateway {
  readonly #options: IbBrokerOptions;
  readonly #orders = new OrdersSeen();
  readonly #executions = new Executions(ibVenue);
  readonly #due: Due[] = [];
  readonly #awaitedFees = new AwaitedFees();
  readonly #positions = new Map<number, BrokerPosition>();
  readonly #backOff: BackOff;
  readonly #questions: IbQuestions;
  #listener: BrokerListener | undefined;
  #connection: IbConnection | undefined;
  #opening = false;
  #ready = false;
  #serversAway = false;
  /** How often they went away: what was asked before says nothing of what comes after. */
  #timesAway = 0;
  /** It was away: for how many more duty cycles connected() says so, that nobody misses it. */
  #lossCycles = 0;
  #nextTryNs = 0;
  #nextNumber = 0;
  #firstReady: (() => void) | undefined;
  #firstFailure: ((error: unknown) => void) | undefined;

  constructor(options: IbBrokerOptions) {
    const { clock, settings, random } = options;
    this.#options = options;
    this.#backOff = new BackOff(random, options.backOff ?? backOffDefault);
    this.#questions = new IbQuestions({
      ...{ clock, answerMs: settings.answerMs, account: settings.account },
      send: (message, dropped) => this.#send(message, dropped),
      stuck: () => this.#giveUp(),
      positionsCome: () => this.#positions.clear(),
    });
  }

  get card(): BrokerCard {
    return {
      ...{ name: ibVenue, exclusiveSession: true, averageWithFees: true },
      deduplicates: 'day',
      can: ibAbilities,
      inFlightMs: this.#options.settings.inFlightMs,
    };
  }

  connected(): boolean {
    return this.#ready && !this.#serversAway && this.#lossCycles === 0;
  }

  /** Resolves when the session stands and the orders of the day are known. */
  async connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    if (this.#ready) return;
    const first = new Promise<void>((resolve, reject) => {
      this.#firstReady = resolve;
      this.#firstFailure = reject;
    });
    this.#open();
    await first;
  }

  async disconnect(): Promise<void> {
    this.#listener = undefined;
    this.#ready = false;
    this.#connection?.close();
    this.#connection = undefined;
    this.#questions.drop('the gateway was closed');
  }

  submit(intent: OrderIntent, terms: OrderTerms = plainTerms): void {
    const { clientOrderId, symbol } = intent;
    const before = this.#orders.get(clientOrderId);
    if (before !== undefined) {
      if (before.known || before.refusal !== '')
        this.#tell(before, this.#stateOf(before), 'duplicate refused');
      return;
    }
    const contract = this.#options.instruments.contractOf(symbol);
    if (contract === undefined) {
      const order = this.#orders.take(clientOrderId, 0);
      this.#refuse(order, `symbol ${symbol} has no contract at ${ibVenue}`);
      return;
    }
    if (!this.connected()) {
      this.#due.push(notSent(clientOrderId, ibVenue, this.#options.clock.now()));
      return;
    }
    const number = this.#nextNumber++;
    const seen = this.#orders.take(clientOrderId, number);
    const order = orderOf(intent, terms, this.#options.settings.account);
    this.#send(
      (api) => {
        seen.sentNs = this.#options.clock.monotonicNs();
        api.placeOrder(number, contractOf(contract), order);
      },
      () => this.#refuse(seen, `not sent: ${ibVenue} went away`, 'transport'),
    );
  }

  cancel(clientOrderId: string): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined || order.number === 0 || order.ended || !this.connected()) return;
    const { number } = order;
    this.#send((api) => api.cancelOrder(number));
  }

  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    return (await this.queryOrders([clientOrderId])).get(clientOrderId);
  }

  /** The lists of the day have all of them. */
  async queryOrders(ids: readonly string[]): Promise<OrderStatuses> {
    await this.#refresh();
    const found: OrderStatuses = new Map();
    for (const id of ids) {
      const order = this.#orders.get(id);
      if (order === undefined) continue;
      if (order.known || order.refusal !== '') found.set(id, this.#statusOf(order));
      else if (this.#isOnItsWay(order))
        found.set(id, { ...this.#statusOf(order), state: OrderState.unknown });
    }
    return found;
  }

  /** It waits for its turn, however long, or left so late that it may arrive yet. */
  #isOnItsWay({ number, sentNs }: SeenOrder): boolean {
    const { clock, settings } = this.#options;
    if (number === 0) return false;
    return sentNs === undefined || clock.monotonicNs() - sentNs < settings.inFlightMs * nsPerMs;
  }

  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    await this.#refresh();
    return [...this.#orders.all()]
      .filter((order) => order.known && !isFinal(this.#stateOf(order)))
      .map((order) => this.#statusOf(order));
  }

  async queryFills(afterTradeId?: string): Promise<Fill[]> {
    this.#reachable();
    await this.#questions.executions.answer();
    const { clock } = this.#options;
    // A fill counts once, with the fee it is told with first.
    for (;;) {
      const fills = this.#executions.fills(afterTradeId, clock.monotonicNs());
      if (fills !== undefined) return fills;
      await new Promise<void>((resolve) => clock.setTimer(feePauseMs, resolve));
    }
  }

  async queryPositions(): Promise<BrokerPosition[]> {
    this.#reachable();
    await this.#questions.positions.answer();
    return [...this.#positions.values()];
  }

  doWork(): number {
    if (this.#listener === undefined) return 0;
    if (this.#connection === undefined) this.#open();
    if (this.#lossCycles > 0 && this.#ready && !this.#serversAway) this.#lossCycles -= 1;
    let work = this.#connection?.doWork() ?? 0;
    work += this.#stopAwaitingFees();
    return work + tellDue(this.#due, this.#listener);
  }

  // --- the session

  #open(): void {
    const { clock, settings, logger } = this.#options;
    if (this.#opening || clock.monotonicNs() < this.#nextTryNs) return;
    this.#opening = true;
    this.#serversAway = false;
    this.#nextTryNs = clock.monotonicNs() + this.#backOff.nextMs() * nsPerMs;
    IbConnection.open(settings, clock, settings.messagesPerSecond, this.#events)
      .then((connection) => {
        if (this.#listener === undefined) connection.close();
        else if (!connection.isOver) this.#connection = connection;
      })
      .catch((error: unknown) => {
        logger.error({ error: errorLine(error) }, 'the gateway to the venue cannot start');
        this.#firstFailure?.(error);
      })
      .finally(() => {
        this.#opening = false;
      });
  }

  readonly #events: IbEvents = {
    ready: (number) => this.#onReady(number),
    lost: (reason) => this.#onLost(reason),
    openOrder: (number, _contract, order, state) => this.#onOpenOrder(number, order, state),
    openOrdersEnd: () => this.#questions.open.end(),
    completedOrder: (_contract, order, state) => this.#onCompleted(order, state),
    completedOrdersEnd: () => this.#questions.completed.end(),
    orderStatus: (number, status, filled, permId) => this.#onStatus(number, status, filled, permId),
    execution: (request, contract, execution) => this.#onExecution(request, contract, execution),
    executionsEnd: () => this.#questions.executions.end(),
    commission: (report) => this.#onCommission(report),
    position: (...told) => this.#onPosition(...told),
    positionsEnd: () => this.#questions.positions.end(),
    problem: (number, code, message) => this.#onProblem(number, code, message),
  };

  #onReady(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number);
    // Also told when numbers are asked for again.
    if (this.#ready || this.#serversAway) return;
    this.#synchronise();
  }

  /** What happened while nobody listened; only then orders may be sent. */
  #synchronise(): void {
    const { logger } = this.#options;
    const timesAway = this.#timesAway;
    this.#questions
      .day()
      .then(() => {
        if (this.#connection === undefined || this.#connection.isOver) return;
        // It answers although its servers are away, and is asked again once they are back.
        if (timesAway !== this.#timesAway) return;
        this.#ready = true;
        this.#serversAway = false;
        this.#backOff.reset();
        this.#lossCycles = this.#firstReady === undefined ? lossCycles : 0;
        logger.info({ venue: ibVenue }, 'connected to the venue');
        this.#firstReady?.();
        this.#firstReady = undefined;
      })
      .catch((error: unknown) => {
        logger.warn({ error: errorLine(error) }, 'the venue did not say how orders stand');
        this.#giveUp();
      });
  }

  /** The next connection asks anew. */
  #giveUp(): void {
    this.#connection?.close();
    this.#onLost('no answer');
  }

  #onLost(reason: string): void {
    if (this.#ready || this.#connection !== undefined)
      this.#options.logger.warn({ venue: ibVenue, reason }, 'connection to the venue lost');
    this.#ready = false;
    this.#connection = undefined;
    this.#questions.drop(reason);
  }

  #reachable(): void {
    if (!this.connected())
      throw new NdtsError('UNAVAILABLE', 'Interactive Brokers is not reachable');
  }

  #send(message: (api: IBApi) => void, dropped?: () => void): void {
    if (this.#connection === undefined) dropped?.();
    else this.#connection.send(message, dropped);
  }

  async #refresh(): Promise<void> {
    this.#reachable();
    await this.#questions.day();
  }

  // --- what the venue tells

  #onOpenOrder(number: number, order: Order, state: IbOrderState): void {
    const id = order.orderRef ?? '';
    if (id === '' || order.account !== this.#options.settings.account) return;
    const seen = this.#orders.take(id, number);
    // A person may have begun the numbers again: an order under one that is open would change that.
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    seen.permId = order.permId ?? seen.permId;
    seen.terms = termsOf(order);
    const isOver = isFinal(stateOf(state.status ?? '', 0n, seen.refusal !== ''));
    if (seen.ended && !isOver) this.#orders.reopen(seen);
    this.#onState(seen, state.status ?? '');
  }

  #onCompleted(order: Order, state: IbOrderState): void {
    const id = order.orderRef ?? '';
    if (id === '' || order.account !== this.#options.settings.account) return;
    const seen = this.#orders.take(id, 0);
    seen.permId = order.permId ?? seen.permId;
    noteFilled(seen, Number(order.filledQuantity ?? 0));
    if (state.status === 'Inactive' && seen.refusal === '')
      seen.refusal = state.completedStatus ?? 'refused';
    this.#onState(seen, state.status ?? '');
  }

  #onStatus(number: number, status: string, filled: number, permId: number): void {
    const seen = this.#orders.byNumber(number);
    if (seen === undefined) return;
    if (permId !== 0) seen.permId = permId;
    noteFilled(seen, filled);
    this.#onState(seen, status);
  }

  #onState(seen: SeenOrder, status: string): void {
    const fresh = !seen.known;
    seen.known = true;
    seen.status = status;
    if (status === 'Inactive' && seen.doubt !== '') this.#refuse(seen, seen.doubt);
    const state = this.#stateOf(seen);
    const live = this.#ready;
    if (!seen.accepted && state !== OrderState.rejected) {
      seen.accepted = true;
      if (fresh && live) this.#tell(seen, OrderState.accepted, '');
    }
    if (!isFinal(state) || seen.ended) return;
    this.#end(seen);
    // Fills tell that it was filled; what a question found is for who asked.
    if (state === OrderState.canceled && live)
      this.#tell(seen, state, seen.refusal === '' ? 'canceled' : seen.refusal);
  }

  #onExecution(request: number, contract: Contract, execution: Execution): void {
    const { settings, instruments, clock, logger } = this.#options;
    const id = execution.orderRef ?? '';
    if (id === '' || execution.acctNumber !== settings.account) return;
    const symbol = instruments.symbolOf(contract);
    if (symbol === undefined) {
      logger.error({ contract: contract.localSymbol, id }, 'execution in a contract nobody listed');
      return;
    }
    const time = venueTime(execution.time ?? '', settings.timeZone) ?? clock.now();
    const feeUntilNs = clock.monotonicNs() + settings.commissionMs * nsPerMs;
    const traded = { symbol, currency: contract.currency ?? '' };
    const noted = this.#executions.note(execution, traded, time, feeUntilNs);
    const seen = this.#orders.get(id);
    if (seen !== undefined) noteFilled(seen, execution.cumQty ?? 0);
    if (seen !== undefined && noted === 'corrected') seen.isCorrected = true;
    if (noted === 'corrected')
      logger.error(
        { id, execution: execution.execId },
        'the venue corrected an execution; positions are compared at the next reconciliation',
      );
    if (noted !== 'new' || request >= 0) return;
    const executionId = execution.execId ?? '';
    if (this.#executions.get(executionId)?.fee === undefined)
      this.#awaitedFees.add(executionId, clock.monotonicNs());
    else this.#tellFill(executionId);
  }

  #onCommission(report: CommissionReport): void {
    if (!this.#executions.noteFee(report)) return;
    const executionId = report.execId ?? '';
    if (this.#awaitedFees.take(executionId)) this.#tellFill(executionId);
  }

  #stopAwaitingFees(): number {
    const { clock, settings, logger } = this.#options;
    const latest = clock.monotonicNs() - settings.commissionMs * nsPerMs;
    const overdue = this.#awaitedFees.takeBefore(latest);
    for (const executionId of overdue) {
      logger.warn(
        { execution: executionId },
        'no commission told; the fill counts with a fee of 0',
      );
      this.#tellFill(executionId);
    }
    return overdue.length;
  }

  #tellFill(executionId: string): void {
    const known: KnownExecution | undefined = this.#executions.get(executionId);
    if (known !== undefined) this.#due.push(this.#executions.fillOf(known));
  }

  #onPosition(account: string, contract: Contract, quantity: number, cost: number): void {
    const { settings, instruments, logger } = this.#options;
    if (account !== settings.account) return;
    const symbol = instruments.symbolOf(contract);
    if (symbol === undefined) {
      logger.warn({ contract: contract.localSymbol }, 'position in a contract nobody listed');
      return;
    }
    this.#positions.set(symbol, {
      symbol,
      quantity: moneyFromFloat(quantity),
      averagePrice: moneyFromFloat(cost / instruments.multiplierOf(symbol)),
    });
  }

  #onProblem(number: number, code: number, message: string): void {
    const { logger } = this.#options;
    if (serversLost.has(code)) {
      this.#serversAway = true;
      this.#timesAway += 1;
      logger.warn({ venue: ibVenue, code }, message);
      // TWS may keep what it gets now, and send it when nobody wants it any more.
      this.#connection?.drop();
      return;
    }
    // Executions of the meantime are told only to who asks; not all are told that they were away.
    if (serversBack.has(code)) this.#serversAway ||= this.#ready;
    if (serversBack.has(code) && this.#serversAway) this.#synchronise();
    if (serversBack.has(code) || code === orderCanceled) return;
    const seen = this.#orders.byNumber(number);
    const meaning = meaningOf(code, seen?.status ?? '');
    const reason = `${code}: ${message}`;
    if (seen === undefined || meaning !== 'refused') {
      logger.warn({ code, order: seen?.clientOrderId }, message);
      if (seen?.ended !== false || meaning === undefined) return;
      if (meaning === 'doubted') seen.doubt = reason;
      this.#tell(seen, OrderState.accepted, reason);
      return;
    }
    // Numbers were used by an earlier process: the next ones are asked for.
    this.#send((api) => api.reqIds());
    this.#refuse(seen, reason, isFailure(code) ? 'venue' : undefined);
  }

  #refuse(seen: SeenOrder, reason: string, failure?: Failure): void {
    if (seen.refusal !== '' || seen.ended) return;
    seen.refusal = reason;
    const part = this.#filledOf(seen) > 0n;
    this.#tell(seen, part ? OrderState.canceled : OrderState.rejected, reason, failure);
    seen.status = part ? 'Cancelled' : 'Inactive';
    this.#end(seen);
  }

  #end(seen: SeenOrder): void {
    this.#executions.forget(this.#orders.end(seen));
  }

  // --- words

  #stateOf(seen: SeenOrder): OrderState {
    return stateOf(seen.status, this.#filledOf(seen), seen.refusal !== '');
  }

  #statusOf(seen: SeenOrder): BrokerOrderStatus {
    return {
      clientOrderId: seen.clientOrderId,
      venueOrderId: venueOrderId(seen),
      state: this.#stateOf(seen),
      filledQuantity: this.#filledOf(seen),
      ...(seen.terms === undefined ? {} : { working: seen.terms }),
    };
  }

  #filledOf({ clientOrderId, filled, isCorrected }: SeenOrder): bigint {
    const noted = this.#executions.filled(clientOrderId);
    return isCorrected || noted > filled ? noted : filled;
  }

  #tell(seen: SeenOrder, state: OrderState, reason: string, failure?: Failure): void {
    const time = this.#options.clock.now();
    const { clientOrderId: id } = seen;
    const all = this.#filledOf(seen);
    this.#due.push(updateOf(id, venueOrderId(seen), state, reason, time, failure, all));
  }
}
