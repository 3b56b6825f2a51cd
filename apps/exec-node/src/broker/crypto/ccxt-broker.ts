// A crypto exchange behind the gateway port, through ccxt. Its REST requests are the truth; its
// WebSocket only rings: what it tells makes the gateway ask. What always holds: an id is sent at
// most once by this process, and not again when the venue lists it; a failed request is a refusal
// only by ccxt's classes of refusals, anything else leaves the order unknown; what waits when the
// venue goes away is dropped; requests keep the venue's pace.

import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  errorLine,
  type Fill,
  NdtsError,
  nsPerMs,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  plainTerms,
} from '@ndts/protocol';
import { BackOff, backOffDefault } from '@ndts/runtime';
import { isFinal } from '../../order/transitions.js';
import { askEach, type OrderStatuses } from '../ask-orders.js';
import { type Due, type Failure, notSent, tellDue, updateOf } from '../due.js';
import type { Gateway } from '../gateway.js';
import { Pacing } from '../pacing.js';
import {
  type CcxtMarket,
  type CcxtOrder,
  type CcxtTrading,
  failureOf,
  isAway,
  outcomeOf,
} from './ccxt-trading.js';
import { orderIdOf, venueIdOf } from './client-ids.js';
import { positionsOf } from './crypto-positions.js';
import { CryptoOrders, type CryptoOrder, filledOf, stateOf } from './crypto-orders.js';
import { exactOf } from './exact.js';
import { checkMarkets, lotOf } from './mapped-markets.js';
import {
  ccxtAbilities,
  type CcxtRequest,
  requestOf,
  statusOf,
  termsOf,
  unknownStatus,
} from './order-words.js';
import { allPages } from './pages.js';
import type { CcxtBrokerOptions } from './settings.js';
import { Turns } from './turns.js';

/** Of one answer; a venue may tell fewer at once. */
const listMax = 500;
const idlePolls = 5;
/** How long a venue may take to list what happened; with that, how far two clocks may differ. */
const lateMs = 300_000;

/** At what is new; of longer ago, when the connection has `begun` (then nothing is told) or an
 * order of before was `asked` for. */
type Look = 'plain' | 'begun' | 'asked';

export class CcxtBroker implements Gateway {
  readonly #options: CcxtBrokerOptions;
  readonly #symbols: ReadonlyMap<string, number>;
  readonly #orders: CryptoOrders;
  readonly #due: Due[] = [];
  readonly #backOff: BackOff;
  readonly #turns = new Turns<Look>((market, wishes) => this.#lookNow(market, wishes));
  readonly #rung = new Set<string>();
  #listener: BrokerListener | undefined;
  #exchange: CcxtTrading | undefined;
  #pacing: Pacing | undefined;
  #ready = false;
  #opening: Promise<void> | undefined;
  #nextTryNs = 0;
  #nextPollNs = 0;
  #polls = 0;
  /** By market: what happened up to then is known. */
  readonly #knownMs = new Map<string, number>();

  constructor(options: CcxtBrokerOptions) {
    const { random, markets, clock } = options;
    this.#options = options;
    this.#orders = new CryptoOrders(options.venue);
    this.#symbols = new Map([...markets].map(([symbol, market]) => [market, symbol]));
    this.#backOff = new BackOff(random, options.backOff ?? backOffDefault);
    for (const market of markets.values()) this.#knownMs.set(market, clock.nowMs());
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
    const request = requestOf(intent, terms, this.#exchange, market);
    if (typeof request === 'string') this.#refuse(order, request);
    else
      void this.#ask((exchange) => this.#create(exchange, order, request)).catch((error: unknown) =>
        this.#onRefused(order, error),
      );
  }

  cancel(clientOrderId: string): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined || order.ended || order.market === '' || !this.#ready) return;
    const id = order.venueOrderId === '' ? undefined : order.venueOrderId;
    const params = { clientOrderId: venueIdOf(clientOrderId) };
    void this.#ask((exchange) => exchange.cancelOrder(id, order.market, params))
      .then(() => this.#look(order.market))
      .catch((error: unknown) => {
        // Whatever became of it, the order says so when it is asked for.
        this.#options.logger.info({ id: clientOrderId, error: errorLine(error) }, 'not canceled');
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
    if (known === undefined || known.refusal === '')
      for (const market of markets) {
        const isThere = await this.#fetchOrder(clientOrderId, known, market);
        if (isThere === undefined) return unknownStatus(clientOrderId);
        if (isThere) {
          // Trades of an order that nobody knew here were nobody's when the connection asked.
          await this.#look(market, known === undefined ? 'asked' : 'plain');
          break;
        }
      }
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return undefined;
    if (order.status !== '' || order.refusal !== '') return statusOf(order);
    // What waits for its turn, or for its answer, may arrive after the question.
    const isCertain = this.#options.clock.monotonicNs() >= order.certainNs;
    return isCertain ? undefined : unknownStatus(clientOrderId);
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
    const work = this.#pacing?.flush() ?? 0;
    if (this.#ready) this.#poll();
    return work + tellDue(this.#due, this.#listener);
  }

  // --- coming and going

  #reopen(): void {
    const { clock, logger } = this.#options;
    if (this.#opening !== undefined || clock.monotonicNs() < this.#nextTryNs) return;
    this.#opening = this.#open();
    this.#opening.catch((error: unknown) => {
      logger.warn({ venue: this.#options.venue, error: errorLine(error) }, 'venue not reached');
    });
  }

  /** What happened meanwhile is known before it counts as reachable. */
  async #open(): Promise<void> {
    const { clock, venue, logger, markets } = this.#options;
    this.#nextTryNs = clock.monotonicNs() + this.#backOff.nextMs() * nsPerMs;
    try {
      this.#exchange ??= await this.#make();
      await this.#ask((exchange) => exchange.fetchTime());
      for (const market of markets.values()) await this.#look(market, 'begun');
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
    // Its own pacing keeps a queue that outlives an outage.
    const exchange = new Exchange({ ...settings, enableRateLimit: false, timeout: requestMs });
    if (sandbox) exchange.setSandboxMode(true);
    this.#pacing = new Pacing(clock, Math.max(1, Math.floor(1000 / exchange.rateLimit)));
    await exchange.loadMarkets();
    checkMarkets(exchange, [...markets.values()]);
    return exchange;
  }

  #leave(): void {
    this.#ready = false;
    this.#pacing?.drop();
  }

  #reachable(): void {
    if (!this.#ready) throw new NdtsError('UNAVAILABLE', `${this.#options.venue} is not reachable`);
  }

  /** One request in its turn of the venue's pace. */
  #ask<T>(request: (exchange: CcxtTrading) => Promise<T>): Promise<T> {
    const [exchange, pacing] = [this.#exchange, this.#pacing];
    const { venue, logger } = this.#options;
    if (exchange === undefined || pacing === undefined)
      return Promise.reject(new NdtsError('UNAVAILABLE', `${venue} is not reachable`));
    return new Promise<T>((resolve, reject) => {
      const dropped = (): void =>
        reject(new NdtsError('UNAVAILABLE', `${venue} went away before the request was sent`));
      pacing.send(() => {
        request(exchange).then(resolve, (error: unknown) => {
          if (isAway(error) && this.#ready) {
            logger.warn({ venue, error: errorLine(error) }, 'connection to the venue lost');
            this.#leave();
          }
          reject(error);
        });
      }, dropped);
    });
  }

  // --- what the venue knows

  #listen(): void {
    const exchange = this.#exchange;
    const watch = exchange?.watchOrders?.bind(exchange);
    if (watch === undefined || exchange?.has['watchOrders'] !== true) return;
    const next = async (): Promise<void> => {
      while (this.#ready && this.#exchange === exchange)
        for (const { symbol } of await watch()) this.#ring(symbol);
    };
    next().catch((error: unknown) => {
      const { logger, venue } = this.#options;
      if (this.#ready)
        logger.warn({ venue, error: errorLine(error) }, 'orders are asked for, not told');
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
      for (const { market } of this.#orders.working()) this.#ring(market);
      // Without orders nothing else would notice that the venue is away.
      if (this.#rung.size === 0 && this.#polls % idlePolls === 0)
        this.#ask((exchange) => exchange.fetchTime()).catch(() => undefined);
    }
    for (const market of this.#rung) void this.#look(market).catch(() => undefined);
    this.#rung.clear();
  }

  async #lookAt(markets: Iterable<string>): Promise<void> {
    this.#reachable();
    for (const market of markets) await this.#look(market);
  }

  /** Brings our side of a market up to the venue's. */
  #look(market: string, wish: Look = 'plain'): Promise<void> {
    return this.#turns.next(market, wish);
  }

  async #lookNow(market: string, wishes: ReadonlySet<Look>): Promise<void> {
    const { clock, historyMs } = this.#options;
    const begunMs = clock.nowMs();
    const known = this.#knownMs.get(market) ?? begunMs;
    const isFar = wishes.has('begun') || wishes.has('asked');
    const since = known - (isFar ? historyMs : lateMs);
    const quiet = wishes.has('begun') ? true : undefined;
    await this.#lookAtOrders(market, since, quiet);
    await this.#lookAtTrades(market, since, quiet);
    this.#knownMs.set(market, begunMs);
  }

  /** Open ones are told together, whatever their age; one that is no longer among them, alone. */
  async #lookAtOrders(market: string, since: number, quiet?: true): Promise<void> {
    const { clock, inFlightMs } = this.#options;
    if (quiet === true && this.#exchange?.has['fetchOrders'] === true)
      for (const told of await allPages(since, clock.nowMs() - lateMs, (from) =>
        this.#ask((exchange) => exchange.fetchOrders(market, from, listMax)),
      ))
        this.#note(told, quiet);
    const open = await this.#ask((exchange) => exchange.fetchOpenOrders(market));
    for (const told of open) {
      if (this.#orders.hasEnded(told)) await this.#lookAgain(told, market);
      this.#note(told, quiet);
    }
    const ids = new Set(open.map(({ id }) => id));
    for (const order of this.#orders.working()) {
      if (order.market !== market || ids.has(order.venueOrderId)) continue;
      const isThere = await this.#fetchOrder(order.clientOrderId, order, market);
      if (isThere !== false) continue;
      const now = clock.monotonicNs();
      if (order.status === '') {
        if (now >= order.certainNs) this.#orders.lose(order);
      } else if (this.#orders.isGone(order, now - inFlightMs * nsPerMs, now))
        this.#note({ id: order.venueOrderId, symbol: market, status: 'canceled' }, quiet);
    }
  }

  /** One that ended is in a list of open ones: the list is older than that, or it lives. */
  async #lookAgain({ id, clientOrderId = '' }: CcxtOrder, market: string): Promise<void> {
    const told = await this.#ask((exchange) => exchange.fetchOrder(id, market, { clientOrderId }));
    if (told.status === 'open') this.#orders.reopen(orderIdOf(told.clientOrderId ?? clientOrderId));
  }

  async #lookAtTrades(market: string, since: number, quiet?: true): Promise<void> {
    // The next look is at the last minutes again.
    const untilMs = this.#options.clock.nowMs() - lateMs;
    const trades = await allPages(since, untilMs, (from) =>
      this.#ask((exchange) => exchange.fetchMyTrades(market, from, listMax)),
    );
    // Of a connection that was lost meanwhile: the next one finds them.
    if (quiet === undefined) this.#reachable();
    for (const trade of trades.sort((a, b) => a.timestamp - b.timestamp)) {
      const kind = this.#market(market);
      const fills = this.#orders.noteTrade(trade, this.#symbols.get(market) ?? 0, kind);
      if (quiet === undefined) this.#due.push(...fills);
    }
  }

  /** False: the venue does not know it; undefined: it cannot be asked by our id, but goes on. */
  async #fetchOrder(
    clientOrderId: string,
    known: CryptoOrder | undefined,
    market: string,
  ): Promise<boolean | undefined> {
    const id = known === undefined || known.venueOrderId === '' ? undefined : known.venueOrderId;
    try {
      const told = await this.#ask((exchange) =>
        exchange.fetchOrder(id, market, { clientOrderId: venueIdOf(clientOrderId) }),
      );
      this.#note({ ...told, clientOrderId: told.clientOrderId ?? clientOrderId });
      return true;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === 'not-found') return false;
      if (outcome === 'refused' && id === undefined && failureOf(error) === undefined)
        return undefined;
      throw new NdtsError('UNAVAILABLE', `${this.#options.venue}: ${errorLine(error)}`, {
        cause: error,
      });
    }
  }

  #note(told: Parameters<CryptoOrders['note']>[0], quiet?: true): void {
    const order = this.#orders.note(told);
    if (order === undefined || order.ended) return;
    const size = this.#market(order.market)?.contractSize ?? 1;
    const { filled } = told;
    if (typeof filled === 'number') order.toldFilled = exactOf(filled * size);
    order.terms = termsOf(told, size) ?? order.terms;
    const state = stateOf(order);
    if (!order.accepted && state !== OrderState.rejected) {
      order.accepted = true;
      if (quiet === undefined) this.#tell(order, OrderState.accepted, '');
    }
    if (!isFinal(state)) return;
    this.#orders.end(order);
    if (quiet === undefined && state !== OrderState.filled)
      this.#tell(order, state, order.status === 'expired' ? 'expired' : 'ended by the venue');
  }

  async #create(exchange: CcxtTrading, order: CryptoOrder, request: CcxtRequest): Promise<void> {
    const { clientOrderId, market } = order;
    const told = await exchange.createOrder(market, ...request);
    // Whether it is over, the list of orders says, with the trades.
    this.#note({ ...told, clientOrderId, symbol: market, status: 'open' });
    this.#ring(market);
  }

  #onRefused(order: CryptoOrder, error: unknown): void {
    const outcome = outcomeOf(error);
    const reason = errorLine(error);
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

  #market(name: string): CcxtMarket | undefined {
    return this.#exchange?.markets?.[name];
  }
}
