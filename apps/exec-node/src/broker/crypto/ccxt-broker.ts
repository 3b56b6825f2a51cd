// A crypto exchange behind the gateway port, through ccxt. Its REST requests are the truth; its
// WebSocket only rings: what it tells makes the gateway ask. What always holds: an id is sent at
// most once by this process, and not again when the venue lists it; a failed request is a refusal
// only by ccxt's classes of refusals, anything else leaves the order unknown; what waits when the
// venue goes away is dropped; requests keep the venue's pace.

import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  type Fill,
  NdtsError,
  nsPerMs,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  plainTerms,
} from '@ndts/protocol';
import { BackOff, backOffDefault } from '@ndts/runtime';
import { askEach, type OrderStatuses } from '../ask-orders.js';
import { type Due, type Failure, notSent, tellDue, updateOf } from '../due.js';
import type { Gateway } from '../gateway.js';
import { AccountView } from './account-view.js';
import { type CcxtTrading, failureOf, isAway, outcomeOf } from './ccxt-trading.js';
import { venueIdOf } from './client-ids.js';
import { positionsOf } from './crypto-positions.js';
import { CryptoOrders, type CryptoOrder, filledOf, stateOf } from './crypto-orders.js';
import { checkMarkets, lotOf } from './mapped-markets.js';
import {
  ccxtAbilities,
  type CcxtRequest,
  requestOf,
  statusOf,
  unknownStatus,
} from './order-words.js';
import { Pace, paced } from './pace.js';
import type { CcxtBrokerOptions } from './settings.js';
import { plainLine } from './plain-line.js';
import { type VenueWords, wordsOf } from './venue-words.js';

const idlePolls = 5;

export class CcxtBroker implements Gateway {
  readonly #options: CcxtBrokerOptions;
  readonly #symbols: ReadonlyMap<string, number>;
  readonly #orders: CryptoOrders;
  readonly #due: Due[] = [];
  readonly #backOff: BackOff;
  readonly #view: AccountView;
  readonly #words: VenueWords;
  readonly #leaving = new AsyncLocalStorage<() => void>();
  readonly #rung = new Set<string>();
  /** By market: why it could not be looked at last. */
  readonly #failing = new Map<string, string>();
  #listener: BrokerListener | undefined;
  #exchange: CcxtTrading | undefined;
  #pace: Pace | undefined;
  #ready = false;
  #opening: Promise<void> | undefined;
  #nextTryNs = 0;
  #nextPollNs = 0;
  #polls = 0;
  #listening = 0;

  constructor(options: CcxtBrokerOptions) {
    const { random, markets } = options;
    this.#options = options;
    this.#orders = new CryptoOrders(options.venue);
    this.#symbols = new Map([...markets].map(([symbol, market]) => [market, symbol]));
    this.#backOff = new BackOff(random, options.backOff ?? backOffDefault);
    this.#words = wordsOf(options.venue);
    this.#view = new AccountView({
      ...{ options, orders: this.#orders, symbols: this.#symbols },
      exchange: () => this.#exchange,
      ask: (request) => this.#ask(request),
      reachable: () => this.#reachable(),
      onState: (order, state, reason) => this.#tell(order, state, reason),
      onFills: (fills) => void this.#due.push(...fills),
    });
  }

  get card(): BrokerCard {
    const { venue, inFlightMs } = this.#options;
    return {
      name: venue,
      deduplicates: 'while-open',
      exclusiveSession: false,
      averageWithFees: true,
      can: ccxtAbilities,
      inFlightMs,
    };
  }

  connected(): boolean {
    return this.#ready;
  }

  async connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    if (this.#ready) return;
    this.#opening ??= this.#open();
    await this.#opening;
  }

  async disconnect(): Promise<void> {
    this.#listener = undefined;
    this.#leave();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    await exchange?.close();
  }

  submit(intent: OrderIntent, terms: OrderTerms = plainTerms): void {
    const { clientOrderId, symbol } = intent;
    const before = this.#orders.get(clientOrderId);
    if (before !== undefined) {
      if (before.status !== '' || before.refusal !== '')
        this.#tell(before, stateOf(before), 'duplicate refused');
      return;
    }
    const market = this.#options.markets.get(symbol);
    if (market === undefined) {
      this.#refuse(
        this.#orders.add(clientOrderId, ''),
        `symbol ${symbol} has no market at ${this.#options.venue}`,
      );
      return;
    }
    if (!this.#ready || this.#exchange === undefined) {
      const { venue, clock } = this.#options;
      this.#due.push(notSent(clientOrderId, venue, clock.now()));
      return;
    }
    const order = this.#orders.add(clientOrderId, market);
    order.sentMs = this.#options.clock.nowMs();
    const request = requestOf(intent, terms, this.#exchange, market, this.#words);
    if (typeof request === 'string') this.#refuse(order, request);
    else
      void this.#ask((exchange) => this.#create(exchange, order, request)).catch((error: unknown) =>
        this.#onRefused(order, error),
      );
  }

  cancel(clientOrderId: string): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined || order.ended || order.market === '' || !this.#ready) return;
    if (order.waits) {
      order.status = 'canceled';
      this.#orders.end(order);
      this.#tell(order, OrderState.canceled, 'canceled before it was sent');
      return;
    }
    const id = order.venueOrderId === '' ? undefined : order.venueOrderId;
    const { cancelsId } = this.#words;
    // Its id is asked for; whoever wants the cancel asks again.
    if (id === undefined && cancelsId === undefined) return;
    const byOurs = cancelsId === undefined ? {} : { [cancelsId]: venueIdOf(clientOrderId) };
    const params = id === undefined ? byOurs : {};
    void this.#ask((exchange) => exchange.cancelOrder(id, order.market, params))
      .then(() => this.#view.look(order.market))
      .catch((error: unknown) => {
        // Whatever became of it, the order says so when it is asked for.
        this.#options.logger.info({ id: clientOrderId, error: this.#line(error) }, 'not canceled');
        this.#ring(order.market);
      });
  }

  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    this.#reachable();
    const known = this.#orders.get(clientOrderId);
    const markets =
      known === undefined || known.market === ''
        ? [...this.#options.markets.values()]
        : [known.market];
    let isAsked = true;
    if (known === undefined || known.refusal === '')
      for (const market of markets) {
        const isThere = await this.#view.find(clientOrderId, known, market);
        if (isThere === undefined) isAsked = false;
        if (isThere !== true) continue;
        // Trades of an order that nobody knew here were nobody's when the connection asked.
        await this.#view.look(market, known === undefined ? 'asked' : 'plain');
        break;
      }
    const order = this.#orders.get(clientOrderId);
    if (order !== undefined && (order.status !== '' || order.refusal !== ''))
      return statusOf(order);
    // What waits for its turn, or for its answer, may arrive after the question.
    const isCertain = this.#options.clock.monotonicNs() >= (order?.certainNs ?? 0);
    if (isAsked && isCertain) return undefined;
    return unknownStatus(clientOrderId, !isAsked && isCertain);
  }

  /** Those that the lists of the connection told of as over are not asked for again. */
  async queryOrders(ids: readonly string[]): Promise<OrderStatuses> {
    this.#reachable();
    return askEach(ids, async (id) => {
      const known = this.#orders.get(id);
      const isOver = known?.ended === true && known.status !== '';
      return isOver ? statusOf(known) : this.queryOrder(id);
    });
  }

  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    await this.#lookAt(this.#options.markets.values());
    return this.#orders
      .working()
      .filter(({ status }) => status !== '')
      .map(statusOf);
  }

  async queryFills(afterTradeId?: string): Promise<Fill[]> {
    await this.#lookAt(this.#options.markets.values());
    return this.#orders.fills(afterTradeId);
  }

  async queryPositions(): Promise<BrokerPosition[]> {
    this.#reachable();
    const exchange = this.#exchange;
    if (exchange === undefined) return [];
    return positionsOf((request) => this.#ask(request), exchange, this.#options.markets);
  }

  lotOf(symbol: number): bigint {
    const [exchange, name] = [this.#exchange, this.#options.markets.get(symbol) ?? ''];
    const market = exchange?.markets?.[name];
    return exchange === undefined || market === undefined ? 0n : lotOf(exchange, market);
  }

  doWork(): number {
    if (this.#listener === undefined) return 0;
    if (!this.#ready) this.#reopen();
    if (this.#ready) this.#poll();
    return tellDue(this.#due, this.#listener);
  }

  // --- coming and going

  #reopen(): void {
    const { clock, logger } = this.#options;
    if (this.#opening !== undefined || clock.monotonicNs() < this.#nextTryNs) return;
    this.#opening = this.#open();
    this.#opening.catch((error: unknown) => {
      logger.warn({ venue: this.#options.venue, error: this.#line(error) }, 'venue not reached');
    });
  }

  /** What happened meanwhile is known before it counts as reachable. */
  async #open(): Promise<void> {
    const { clock, venue, logger, markets } = this.#options;
    this.#nextTryNs = clock.monotonicNs() + this.#backOff.nextMs() * nsPerMs;
    try {
      this.#exchange ??= await this.#make();
      await this.#ask((exchange) =>
        this.#words.isTimed === true && exchange.loadTimeDifference !== undefined
          ? exchange.loadTimeDifference()
          : exchange.fetchTime(),
      );
      for (const market of markets.values()) await this.#view.look(market, 'begun');
      this.#ready = true;
      this.#backOff.reset();
      logger.info({ venue, markets: markets.size }, 'connected to the venue');
      this.#listen();
    } finally {
      this.#opening = undefined;
    }
  }

  async #make(): Promise<CcxtTrading> {
    const { venue, settings, sandbox, requestMs, clock, load, markets } = this.#options;
    const { pro } = await load();
    const Exchange = pro[venue];
    if (Exchange === undefined) throw new NdtsError('NOT_FOUND', `ccxt has no venue '${venue}'`);
    const exchange = new Exchange({
      ...{ ...settings, enableRateLimit: true, timeout: requestMs },
      ...(this.#words.isTimed === true ? { options: { adjustForTimeDifference: true } } : {}),
    });
    if (sandbox) playOn(exchange, this.#words.hasDemo === true && isOfContracts(markets.values()));
    this.#pace = new Pace(clock, exchange.rateLimit);
    paced(exchange, this.#pace, this.#leaving);
    await exchange.loadMarkets();
    checkMarkets(exchange, [...markets.values()]);
    return exchange;
  }

  #leave(): void {
    this.#ready = false;
    this.#pace?.drop();
  }

  #reachable(): void {
    if (!this.#ready) throw new NdtsError('UNAVAILABLE', `${this.#options.venue} is not reachable`);
  }

  /** Its requests leave at the venue's pace. */
  async #ask<T>(request: (exchange: CcxtTrading) => Promise<T>): Promise<T> {
    const exchange = this.#exchange;
    const { venue, logger } = this.#options;
    if (exchange === undefined) throw new NdtsError('UNAVAILABLE', `${venue} is not reachable`);
    try {
      return await request(exchange);
    } catch (error) {
      if (isAway(error) && this.#ready) {
        logger.warn({ venue, error: this.#line(error) }, 'connection to the venue lost');
        this.#leave();
      }
      throw error;
    }
  }

  // --- what the venue knows

  #listen(): void {
    const exchange = this.#exchange;
    const watch = exchange?.watchOrders?.bind(exchange);
    if (watch === undefined || exchange?.has['watchOrders'] !== true) return;
    // One that waited through an outage is not needed any more.
    const turn = ++this.#listening;
    const next = async (): Promise<void> => {
      while (this.#ready && this.#exchange === exchange && this.#listening === turn)
        for (const { symbol } of await watch()) this.#ring(symbol);
    };
    next().catch((error: unknown) => {
      const { logger, venue } = this.#options;
      if (this.#ready)
        logger.warn({ venue, error: this.#line(error) }, 'orders are asked for, not told');
    });
  }

  #ring(market: string): void {
    if (this.#symbols.has(market)) this.#rung.add(market);
  }

  #poll(): void {
    const { clock, pollMs } = this.#options;
    const now = clock.monotonicNs();
    if (now >= this.#nextPollNs) {
      this.#nextPollNs = now + pollMs * nsPerMs;
      this.#polls += 1;
      for (const order of this.#orders.working())
        if (!this.#view.isInLimbo(order)) this.#ring(order.market);
      // Without orders nothing else would notice that the venue is away.
      if (this.#rung.size === 0 && this.#polls % idlePolls === 0)
        this.#ask((exchange) => exchange.fetchTime()).catch(() => undefined);
    }
    for (const market of this.#rung)
      this.#view.look(market).then(
        () => this.#failing.delete(market),
        (error: unknown) => this.#lookFailed(market, error),
      );
    this.#rung.clear();
  }

  #line(error: unknown): string {
    return plainLine(error, this.#options.settings);
  }

  /** What goes on failing is told once. */
  #lookFailed(market: string, error: unknown): void {
    const why = this.#line(error);
    if (!this.#ready || this.#failing.get(market) === why) return;
    this.#failing.set(market, why);
    const { logger, venue } = this.#options;
    logger.warn({ venue, market, error: why }, 'orders and trades of a market are not known');
  }

  async #lookAt(markets: Iterable<string>): Promise<void> {
    this.#reachable();
    for (const market of markets) await this.#view.look(market);
  }

  async #create(exchange: CcxtTrading, order: CryptoOrder, request: CcxtRequest): Promise<void> {
    const { clientOrderId, market } = order;
    const sinceNs = this.#options.clock.monotonicNs();
    order.waits = true;
    const { id, status } = await this.#leaving.run(
      () => this.#beforeItLeaves(order, sinceNs),
      () => exchange.createOrder(market, ...request),
    );
    if (status === 'rejected') {
      this.#refuse(order, `${this.#options.venue} says no more than that it is rejected`);
      return;
    }
    // Without an id nobody knows what became of it.
    if (typeof id !== 'string' || id === '') throw new Error('the answer names no order');
    // Whether it is over, the list of orders says, with the trades.
    this.#view.note({ id, clientOrderId, symbol: market, status: 'open' });
    this.#ring(market);
  }

  /** Throws when it was canceled meanwhile, or would leave later than anybody wanted it. */
  #beforeItLeaves(order: CryptoOrder, sinceNs: number): void {
    const { clock, venue, requestMs } = this.#options;
    if (order.ended) throw new NdtsError('UNAVAILABLE', 'canceled before it was sent');
    if (order.waits && clock.monotonicNs() - sinceNs > requestMs * nsPerMs)
      throw new NdtsError('UNAVAILABLE', `${venue} takes no more requests a second: not sent`);
    order.waits = false;
  }

  #onRefused(order: CryptoOrder, error: unknown): void {
    if (order.ended) return;
    const outcome = outcomeOf(error, this.#words.refusals);
    const reason = this.#line(error);
    // Ours: it was dropped before it was sent.
    const isNotSent = error instanceof NdtsError && error.code === 'UNAVAILABLE';
    if (isNotSent || outcome === 'refused') {
      this.#refuse(order, reason, isNotSent ? 'transport' : failureOf(error));
      return;
    }
    const { clock, logger, inFlightMs } = this.#options;
    order.certainNs = clock.monotonicNs() + inFlightMs * nsPerMs;
    logger.warn(
      { id: order.clientOrderId, outcome, error: reason },
      'it is unknown whether the venue has the order',
    );
  }

  #refuse(order: CryptoOrder, reason: string, failure?: Failure): void {
    order.refusal = reason;
    this.#orders.end(order);
    this.#tell(order, stateOf(order), reason, failure);
  }

  #tell(order: CryptoOrder, state: OrderState, reason: string, failure?: Failure): void {
    const { clientOrderId, venueOrderId } = order;
    const time = this.#options.clock.now();
    const filled = filledOf(order);
    this.#due.push(updateOf(clientOrderId, venueOrderId, state, reason, time, failure, filled));
  }
}

function isOfContracts(markets: Iterable<string>): boolean {
  return [...markets].some((name) => name.includes(':'));
}

/** The venue's world of play money. */
function playOn(exchange: CcxtTrading, inDemo: boolean): void {
  if (inDemo && exchange.enableDemoTrading !== undefined) exchange.enableDemoTrading(true);
  else exchange.setSandboxMode(true);
}
