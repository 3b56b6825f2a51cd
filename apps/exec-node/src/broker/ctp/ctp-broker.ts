// CTP behind the gateway port, over the trader API as plain records; a user's binding to the SDK
// brings that. What always holds: an id has its reference in the store before it is sent, and is
// sent once; an order counts as rejected only when front or exchange refused it; answers reach the
// listener in doWork() only; after every log-in orders and executions of the day are asked for
// before it counts as connected.

import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  errorLine,
  type Fill,
  NdtsError,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  plainTerms,
} from '@ndts/protocol';
import { type Due, type Failure, notSent, tellDue, updateOf } from '../due.js';
import type { Gateway } from '../gateway.js';
import { Pacing } from '../pacing.js';
import { CtpSession } from './ctp-session.js';
import { DayBook, type KnownOrder, numberOf } from './day-book.js';
import { CtpHeld } from './held.js';
import { CtpQueries, textOf } from './queries.js';
import { type CtpReference, CtpReferences } from './references.js';
import type { CtpBrokerOptions } from './settings.js';
import type {
  CtpAnswer,
  CtpCancelInput,
  CtpError,
  CtpEvents,
  CtpOrder,
  CtpOrderInput,
  CtpSession as Session,
  CtpTrade,
} from './trader.js';
import { ctpAbilities, duplicateReference, inputOf, isFailure, stateOf, termsOf } from './words.js';

interface Outgoing {
  readonly order: KnownOrder;
  readonly input: CtpOrderInput;
  /** Of its reference in the store. */
  readonly position: number;
}

export class CtpBroker implements Gateway {
  readonly #options: CtpBrokerOptions;
  readonly #references: CtpReferences;
  readonly #book: DayBook;
  readonly #held: CtpHeld;
  readonly #queries: CtpQueries;
  readonly #pacing: Pacing;
  readonly #session: CtpSession;
  readonly #due: Due[] = [];
  readonly #inputs = new Map<string, CtpOrderInput>();
  #outbox: Outgoing[] = [];
  /** Ids that were handed over and wait for their turn, or for their reference to be durable. */
  readonly #waiting = new Set<string>();
  #listener: BrokerListener | undefined;
  #isStarted = false;
  #standing: Session | undefined;
  #ready = false;
  #syncing = false;
  #firstReady: (() => void) | undefined;
  #firstFailure: ((error: NdtsError) => void) | undefined;

  constructor(options: CtpBrokerOptions) {
    const { settings, clock, keyValue, instruments } = options;
    this.#options = options;
    this.#references = new CtpReferences(keyValue, settings.name);
    this.#book = new DayBook(settings.name, clock, this.#references, instruments);
    this.#held = new CtpHeld(instruments, options.logger);
    this.#queries = new CtpQueries(clock, settings.queryMs, settings.answerMs);
    this.#pacing = new Pacing(clock, settings.ordersPerSecond);
    this.#session = new CtpSession(options, {
      stands: (session) => this.#synchronise(session),
      lost: (why) => this.#lost(why),
      refused: (error) => this.#firstFailure?.(error),
    });
  }

  get card(): BrokerCard {
    const { name, inFlightMs } = this.#options.settings;
    return {
      ...{ name, inFlightMs, deduplicates: 'day', exclusiveSession: true },
      // It closes the oldest first, and tells each side: our average is another.
      averageWithFees: true,
      can: ctpAbilities,
    };
  }

  connected(): boolean {
    return this.#ready;
  }

  trades(symbol: number): boolean {
    return this.#options.instruments.has(symbol);
  }

  /** Resolves when the session stands and the day is known. */
  async connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    if (this.#ready) return;
    const first = new Promise<void>((resolve, reject) => {
      this.#firstReady = resolve;
      this.#firstFailure = reject;
    });
    if (!this.#isStarted) this.#options.trader.start(this.#events);
    this.#isStarted = true;
    await first;
  }

  async disconnect(): Promise<void> {
    this.#lost('the gateway was closed');
    this.#listener = undefined;
    if (this.#isStarted) this.#options.trader.stop();
    this.#isStarted = false;
  }

  submit(intent: OrderIntent, terms: OrderTerms = plainTerms): void {
    const { clientOrderId, symbol } = intent;
    const { clock, instruments, settings, keyValue } = this.#options;
    const before = this.#references.byId(clientOrderId);
    if (before !== undefined) {
      const known = this.#book.order(clientOrderId);
      const state = known === undefined ? undefined : this.#stateOf(known);
      if (known !== undefined && state !== undefined) this.#tell(known, state, 'duplicate refused');
      return;
    }
    const standing = this.#standing;
    if (standing === undefined || !this.#ready) {
      this.#due.push(notSent(clientOrderId, settings.name, clock.now()));
      return;
    }
    const instrument = instruments.get(symbol);
    const draft =
      instrument === undefined ? 'no instrument' : inputOf(intent, terms, instrument, '');
    if (typeof draft === 'string') {
      const why = `symbol ${symbol}: ${draft}`;
      const reference = this.#give(intent, standing, 0).reference;
      this.#refuse(this.#book.ensure(reference), why);
      return;
    }
    const { reference, position } = this.#give(intent, standing, draft.volume);
    const order = this.#book.ensure(reference);
    const input = { ...draft, orderRef: reference.ref };
    this.#inputs.set(reference.ref, input);
    this.#outbox.push({ order, input, position });
    this.#waiting.add(clientOrderId);
    if (settings.durable) keyValue.durable(position).catch(() => undefined);
  }

  cancel(clientOrderId: string): void {
    const order = this.#book.order(clientOrderId);
    if (order === undefined || order.isOver || !this.#ready) return;
    const { trader, settings } = this.#options;
    if (this.#waiting.delete(clientOrderId)) {
      this.#neverSent(order);
      this.#tell(order, OrderState.canceled, 'canceled before it was sent');
      return;
    }
    const action = this.#actionOf(order);
    if (action === undefined) return;
    this.#pacing.send(() => {
      const returned = trader.cancelOrder(settings, action);
      if (returned !== 0) this.#tellNotCanceled(order, `not canceled: not sent (${returned})`);
    });
  }

  /** By what we called it, which the front knows before the exchange has given it a number. */
  #actionOf({ told, reference }: KnownOrder): CtpCancelInput | undefined {
    const instrument = told ?? this.#options.instruments.get(reference.symbol);
    if (instrument === undefined) return undefined;
    const { instrumentId, exchangeId } = instrument;
    const { frontId, sessionId, ref: orderRef } = reference;
    return { instrumentId, exchangeId, frontId, sessionId, orderRef };
  }

  #neverSent(order: KnownOrder): void {
    order.refusal = 'not sent';
    order.isOver = true;
  }

  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    return (await this.queryOrders([clientOrderId])).get(clientOrderId);
  }

  /** One question for all of them. */
  async queryOrders(ids: readonly string[]): Promise<Map<string, BrokerOrderStatus>> {
    await this.#askDay();
    const found = new Map<string, BrokerOrderStatus>();
    for (const id of ids) {
      const status = this.#statusOf(id);
      if (status !== undefined) found.set(id, status);
    }
    return found;
  }

  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    await this.#askDay();
    const open: BrokerOrderStatus[] = [];
    for (const { isOver, reference } of this.#book.orders()) {
      const status = isOver ? undefined : this.#statusOf(reference.id);
      if (status !== undefined && status.state !== OrderState.unknown) open.push(status);
    }
    return open;
  }

  async queryFills(afterTradeId?: string): Promise<Fill[]> {
    await this.#askDay();
    return this.#book.fills(afterTradeId);
  }

  async queryPositions(): Promise<BrokerPosition[]> {
    this.#reachable();
    const { trader, settings } = this.#options;
    await this.#queries.ask('positions', (id) => {
      this.#held.clear();
      return trader.queryPositions(settings, id);
    });
    return this.#held.positions();
  }

  doWork(): number {
    if (this.#listener === undefined) return 0;
    this.#session.doWork();
    const work = this.#queries.doWork() + this.#pacing.flush() + this.#send();
    return work + tellDue(this.#due, this.#listener);
  }

  // --- the session

  #synchronise(session: Session): void {
    const { logger, settings } = this.#options;
    this.#standing = session;
    this.#references.begin(session.maxOrderRef, session.tradingDay);
    this.#book.begin(session.tradingDay);
    this.#syncing = true;
    this.#askDay()
      .then(() => {
        if (this.#standing !== session) return;
        this.#syncing = false;
        this.#ready = true;
        logger.info({ venue: settings.name, day: session.tradingDay }, 'connected to the venue');
        this.#firstReady?.();
        this.#firstReady = undefined;
      })
      .catch((error: unknown) => {
        logger.warn({ error: errorLine(error) }, 'the venue did not say how orders stand');
        // Asked again as long as the session stands.
        if (this.#standing === session) this.#synchronise(session);
      });
  }

  #lost(why: string): void {
    const { logger, settings, clock } = this.#options;
    if (this.#ready) logger.warn({ venue: settings.name, why }, 'connection to the venue lost');
    this.#ready = false;
    this.#syncing = false;
    this.#standing = undefined;
    this.#queries.fail(why);
    // What waited for its turn was never sent.
    this.#pacing.drop();
    for (const { order } of this.#outbox.splice(0)) {
      if (!this.#waiting.has(order.reference.id)) continue;
      this.#neverSent(order);
      this.#due.push(notSent(order.reference.id, settings.name, clock.now()));
    }
    this.#waiting.clear();
  }

  #reachable(): void {
    if (!this.#ready && !this.#syncing)
      throw new NdtsError('UNAVAILABLE', `${this.#options.settings.name} is not reachable`);
  }

  /** Executions last: an order that ended in between is then told with its fills. */
  async #askDay(): Promise<void> {
    this.#reachable();
    const { trader, settings } = this.#options;
    const early = this.#book.early();
    await this.#queries.ask('orders', (id) => trader.queryOrders(settings, id));
    await this.#queries.ask('trades', (id) => trader.queryTrades(settings, id));
    this.#book.settle(early);
  }

  // --- what goes out

  #give(
    intent: OrderIntent,
    standing: Session,
    volume: number,
  ): { reference: CtpReference; position: number } {
    const { frontId, sessionId, tradingDay } = standing;
    const { clientOrderId: id, symbol, side } = intent;
    return this.#references.give({ id, frontId, sessionId, tradingDay, symbol, side, volume });
  }

  #send(): number {
    const { keyValue, settings } = this.#options;
    if (this.#outbox.length === 0 || !this.#ready) return 0;
    const bound = settings.durable ? keyValue.durablePosition() : Number.POSITIVE_INFINITY;
    const going = this.#outbox.filter(({ position }) => position <= bound);
    this.#outbox = this.#outbox.filter(({ position }) => position > bound);
    for (const { order, input } of going)
      this.#pacing.send(
        () => this.#insert(order, input),
        () => this.#refuse(order, `not sent: ${settings.name} went away`, 'transport'),
      );
    return going.length;
  }

  #insert(order: KnownOrder, input: CtpOrderInput): void {
    const { trader, settings } = this.#options;
    if (!this.#waiting.delete(order.reference.id)) return;
    const returned = trader.insertOrder(settings, input);
    if (returned === 0) return;
    const why = returned === -1 ? 'no connection' : 'too many requests';
    this.#refuse(order, `not sent: ${why} (${returned})`, 'transport');
  }

  // --- what comes in

  readonly #events: CtpEvents = {
    connected: () => this.#session.connected(),
    disconnected: (reason) => this.#session.disconnected(reason),
    authenticated: (error) => this.#session.authenticated(error),
    loggedIn: (session, error) => this.#session.loggedIn(session, error),
    settlementConfirmed: (error) => this.#session.settlementConfirmed(error),
    orderRefused: (order, error) => this.#onRefused(order, error),
    cancelRefused: (ref, error) => this.#onCancelRefused(ref, error),
    order: (order) => this.#onOrder(order, this.#ready),
    trade: (trade) => this.#onTrade(trade, this.#ready),
    // What a question finds of another order may be ahead of what is told by itself.
    queriedOrder: this.#answer((order) => this.#onOrder(order, this.#ready)),
    queriedTrade: this.#answer((trade) => this.#onTrade(trade, this.#ready)),
    queriedPosition: this.#answer((position) => this.#held.add(position)),
  };

  #answer<Row>(take: (row: Row) => void): CtpAnswer<Row> {
    return (requestId, record, error, isLast) => {
      if (!this.#queries.concerns(requestId)) return;
      if (record !== undefined && error === undefined) take(record);
      if (isLast) this.#queries.end(requestId, error);
    };
  }

  /** It is told to all sessions, without saying whose it is. */
  #onRefused(refused: CtpOrderInput, error: CtpError): void {
    const { logger } = this.#options;
    const reference = this.#references.byRef(refused.orderRef);
    const input = reference === undefined ? undefined : this.#inputs.get(reference.ref);
    if (reference === undefined || input === undefined || !isSame(input, refused)) return;
    if (error.code === duplicateReference) {
      logger.error({ id: reference.id, ref: reference.ref }, 'CTP has an order of that reference');
      return;
    }
    const order = this.#book.ensure(reference);
    this.#refuse(order, textOf(error), isFailure(error.code) ? 'venue' : undefined);
  }

  #onCancelRefused(ref: string, error: CtpError): void {
    const reference = this.#references.byRef(ref);
    const order = reference === undefined ? undefined : this.#book.order(reference.id);
    if (order === undefined || order.isOver || this.#stateOf(order) === undefined) return;
    this.#tellNotCanceled(order, textOf(error));
  }

  /** It works on, also when a part of it is executed: how much, its fills tell. */
  #tellNotCanceled(order: KnownOrder, reason: string): void {
    const state = this.#stateOf(order) ?? OrderState.unknown;
    this.#tell(order, isOpenAt(state) ? OrderState.accepted : state, reason);
  }

  #onOrder(told: CtpOrder, isLive: boolean): void {
    const noted = this.#book.note(told);
    if (noted === undefined) return;
    const { order, fills } = noted;
    // It was refused here and lives there.
    if (order.refusal !== '' && order.told !== undefined && isOpenAt(stateOf(order.told)))
      Object.assign(order, { refusal: '', isOver: false });
    const state = this.#stateOf(order);
    if (state === undefined) return;
    if (!order.isTaken && state !== OrderState.rejected) {
      order.isTaken = true;
      if (isLive) this.#tell(order, OrderState.accepted, '');
    }
    if (isLive) this.#due.push(...fills);
    if (order.isOver || !isEnd(state)) return;
    order.isOver = true;
    this.#inputs.delete(order.reference.ref);
    // Fills tell that it was filled; what a new session found is for who asks.
    if (isLive && state !== OrderState.filled) this.#tell(order, state, told.statusMessage.trim());
  }

  #onTrade(trade: CtpTrade, isLive: boolean): void {
    const fill = this.#book.execute(trade);
    if (fill !== undefined && isLive) this.#due.push(fill);
  }

  #refuse(order: KnownOrder, reason: string, failure?: Failure): void {
    if (order.isOver) return;
    order.refusal = reason;
    order.isOver = true;
    this.#inputs.delete(order.reference.ref);
    this.#tell(order, OrderState.rejected, reason, failure);
  }

  // --- words

  #stateOf({ refusal, told }: KnownOrder): OrderState | undefined {
    if (refusal !== '') return OrderState.rejected;
    return told === undefined ? undefined : stateOf(told);
  }

  #statusOf(id: string): BrokerOrderStatus | undefined {
    const order = this.#book.order(id);
    // One that only the front has may be handed on whenever it can: it was received.
    const isHeld = order?.told !== undefined && this.#stateOf(order) === undefined;
    const waits = isHeld || this.#waiting.has(id) ? OrderState.unknown : undefined;
    const state = waits ?? (order === undefined ? this.#stateOfBefore(id) : this.#stateOf(order));
    // One that was never sent was not received either.
    if (state === undefined || order?.refusal === 'not sent') return undefined;
    const venueOrderId = venueOrderIdOf(order);
    const filledQuantity = this.#book.filled(id);
    const status = { clientOrderId: id, venueOrderId, state, filledQuantity };
    return order?.told === undefined ? status : { ...status, working: termsOf(order.told) };
  }

  /** No order outlives its trading day. */
  #stateOfBefore(id: string): OrderState | undefined {
    const reference = this.#references.byId(id);
    const day = this.#standing?.tradingDay;
    const isOld = reference !== undefined && day !== undefined && reference.tradingDay !== day;
    return isOld ? OrderState.expired : undefined;
  }

  #tell(order: KnownOrder, state: OrderState, reason: string, failure?: Failure): void {
    const { id } = order.reference;
    const time = this.#options.clock.now();
    const filled = this.#book.filled(id);
    this.#due.push(updateOf(id, venueOrderIdOf(order), state, reason, time, failure, filled));
  }
}

function venueOrderIdOf(order: KnownOrder | undefined): string {
  const told = order?.told;
  return told === undefined ? '' : numberOf(told.exchangeId, told.orderSysId);
}

function isOpenAt(state: OrderState | undefined): boolean {
  return state === OrderState.accepted || state === OrderState.partiallyFilled;
}

function isEnd(state: OrderState): boolean {
  const { filled, canceled, rejected } = OrderState;
  return state === filled || state === canceled || state === rejected;
}

function isSame(a: CtpOrderInput, b: CtpOrderInput): boolean {
  return (
    a.instrumentId === b.instrumentId.trim() &&
    a.direction === b.direction &&
    a.offset === b.offset &&
    a.volume === b.volume
  );
}
