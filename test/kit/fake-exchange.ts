// A stand-in for ccxt with one exchange behind it: it answers as ccxt's unified methods do, with
// ccxt's classes of errors, and can be told to misbehave. What always holds: an order executes at
// most its amount; what a lost answer was about has happened.

import type {
  CcxtFill,
  CcxtMarket,
  CcxtOrder,
  CcxtParams,
  CcxtPosition,
  CcxtTrading,
  CcxtTradingModule,
} from '@ndts/exec-node';

class NetworkError extends Error {}
class RequestTimeout extends NetworkError {}
class InvalidOrder extends Error {}
export class RateLimitExceeded extends NetworkError {}
export class AuthenticationError extends Error {}
class OrderImmediatelyFillable extends InvalidOrder {}
class ArgumentsRequired extends Error {}
class BadRequest extends Error {}
class OrderNotFound extends InvalidOrder {}

interface VenueOrder {
  readonly id: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: string;
  amount: number;
  limit: number | undefined;
  readonly timestamp: number;
  status: string;
  filled: number;
}

interface Holding {
  quantity: number;
  average: number;
}

export class FakeExchange {
  rejectAll = false;
  /** What each order fails with. */
  failWith: Error | undefined;
  loseRequests = false;
  loseAnswers = false;
  partialFills = false;
  /** They are listed later than the order shows them. */
  holdTrades = false;
  out = false;
  readonly markets: Readonly<Record<string, CcxtMarket>>;
  readonly settings: CcxtParams[] = [];
  /** Requests, oldest first. */
  readonly requests: string[] = [];
  sandbox = false;
  demo = false;
  /** How many of a list are told at once, the oldest first. */
  pageMax = 500;
  /** How far behind the time that is asked for a list goes. */
  windowMs = Number.POSITIVE_INFINITY;
  /** From when on trades were asked for last. */
  tradesSinceMs = 0;
  /** Amounts are cut off behind so many decimals, and prices rounded to a tick, unseen. */
  decimals = 8;
  tick = 1e-8;
  /** Whether it lists orders that are over. */
  listsOrders = true;
  /** Orders arrive once it is over. */
  held: Promise<void> | undefined;
  /** Orders are asked for by its own ids alone, or as ccxt asks that venue. */
  asks: 'both' | 'itsIds' | 'bybit' | 'kraken' = 'both';
  /** It lists orders that ended, and no others. */
  listsClosed = false;
  /** The parameter it takes our id from; without it an order has one of its own. */
  idParameter = 'clientOrderId';
  /** What it answers to a new order, in the place of what is so. */
  answersWith: Partial<CcxtOrder> = {};
  /** A question about this order fails, whatever it is. */
  troubleId: string | undefined;
  timeLoads = 0;
  /** A question about one order is answered with the newest. */
  tellsNewest = false;
  /** Orders that are over are told of by lists alone. */
  forgetsClosed = false;
  /** All trades have one id, as both sides of a trade with oneself. */
  hasOneTradeId = false;
  /** Lists begin with the newest. */
  newestFirst = false;
  /** Of requests that cost more than 1. */
  readonly costs = new Map<string, number>();
  /** So many contracts are held short beside what was bought. */
  shortBeside = 0;
  /** Of the currency fees are in. */
  feeCurrency = 'USDT';
  readonly #orders: VenueOrder[] = [];
  readonly #trades: CcxtFill[] = [];
  readonly #quotes = new Map<string, { readonly bid: number; readonly ask: number }>();
  readonly #holdings = new Map<string, Holding>();
  /** Balances; what was not there before is owed. */
  readonly #coins = new Map<string, number>();
  #lastMs = 0;
  readonly #bells = new Set<(orders: readonly CcxtOrder[]) => void>();

  constructor(markets: Readonly<Record<string, CcxtMarket>>) {
    this.markets = markets;
  }

  get module(): CcxtTradingModule {
    const names = ['binance', 'okx', 'bybit', 'kraken', 'coinbase', 'elsewhere'];
    return { pro: Object.fromEntries(names.map((name) => [name, exchangeOf(this)])) };
  }

  market(symbol: string, bid: number, ask: number): void {
    this.#quotes.set(symbol, { bid, ask });
    for (const order of this.#orders) {
      if (order.status !== 'open' || order.symbol !== symbol || order.limit === undefined) continue;
      const crossed = order.side === 'buy' ? ask <= order.limit : bid >= order.limit;
      if (crossed) this.#execute(order, order.amount - order.filled, order.limit);
    }
  }

  /** A part of the last order that is open, at its limit. */
  executePart(amount: number): void {
    const order = this.#orders.findLast(({ status }) => status === 'open');
    if (order !== undefined) this.#execute(order, amount, order.limit ?? 0);
  }

  /** Somebody changes an open order at the venue. */
  changeByHand(clientOrderId: string, amount: number, limit: number): void {
    Object.assign(this.#find(undefined, clientOrderId), { amount, limit });
  }

  /** An order that was canceled works again. */
  revive(clientOrderId: string): void {
    this.#find(undefined, clientOrderId).status = 'open';
  }

  /** Somebody sends an order to buy. */
  orderByHand(clientOrderId: string, symbol: string, amount: number, limit: number): void {
    this.#orders.push({
      ...{
        id: String(900 + this.#orders.length),
        clientOrderId,
        symbol,
        side: 'buy',
        amount,
        limit,
      },
      ...{ timestamp: this.#now(), status: 'open', filled: 0 },
    });
  }

  async reached(request: string): Promise<void> {
    this.requests.push(request);
    await Promise.resolve();
    if (this.out) throw new NetworkError(`${request}: no route`);
  }

  async create(
    symbol: string,
    side: string,
    amount: number,
    limit: number | undefined,
    params: CcxtParams,
  ): Promise<CcxtOrder> {
    await this.reached('createOrder');
    await this.held;
    if (/[-._]|.{33}/.test(idOf(params)))
      throw new InvalidOrder('clientOrderId: no signs, and at most 32 characters');
    if (this.loseRequests) throw new RequestTimeout('createOrder took too long');
    if (this.failWith !== undefined) throw this.failWith;
    if (this.rejectAll) throw new InvalidOrder('refused on demand');
    if (this.answersWith.status === 'rejected') return { id: '', symbol, ...this.answersWith };
    const order: VenueOrder = {
      ...{
        id: String(900 + this.#orders.length),
        clientOrderId: idOf({
          clientOrderId: params[this.idParameter] ?? `ccxt-${this.#orders.length}`,
        }),
        symbol,
        side,
        amount: Number(this.cut(amount)),
        limit: limit === undefined ? undefined : Number(this.rounded(limit)),
      },
      ...{ timestamp: this.#now(), status: 'open', filled: 0 },
    };
    const quote = this.#quotes.get(symbol);
    const touch = side === 'buy' ? (quote?.ask ?? 0) : (quote?.bid ?? 0);
    const marketable = side === 'buy' ? touch <= (limit ?? touch) : touch >= (limit ?? touch);
    if (marketable && params['postOnly'] === true)
      throw new OrderImmediatelyFillable('it would take');
    this.#orders.push(order);
    if (marketable) this.#executeSome(order, touch);
    else if (params['timeInForce'] !== undefined) order.status = 'canceled';
    if (this.loseAnswers) throw new RequestTimeout('createOrder took too long');
    return { ...toldOf(order), ...this.answersWith };
  }

  cut(amount: number): string {
    const [whole = '', fraction = ''] = String(amount).split('.');
    return `${whole}.${fraction.slice(0, this.decimals)}`;
  }

  rounded(price: number): string {
    return String(Number((Math.round(price / this.tick) * this.tick).toFixed(8)));
  }

  /** All orders; executions stay. */
  forgetOrders(): void {
    this.#orders.length = 0;
  }

  async cancel(id: string | undefined, clientOrderId: string): Promise<void> {
    await this.reached('cancelOrder');
    const order = this.#find(id, clientOrderId);
    if (order.status !== 'open') throw new OrderNotFound('it is not open');
    order.status = 'canceled';
    this.#ring(order);
  }

  async order(id: string | undefined, symbol: string, params: CcxtParams): Promise<CcxtOrder> {
    await this.reached('fetchOrder');
    if (this.asks === 'bybit') {
      if (params['acknowledged'] !== true) throw new ArgumentsRequired('fetchOrder: acknowledged');
      // Asked for nothing that it knows it tells of the newest.
      const newest = this.#orders.findLast((one) => one.symbol === symbol);
      if (id === undefined && params['orderLinkId'] === undefined && newest !== undefined)
        return toldOf(newest);
    }
    if (this.tellsNewest) {
      const newest = this.#orders.at(-1);
      if (newest !== undefined) return toldOf(newest);
    }
    if (this.asks === 'kraken') {
      if (params['clientOrderId'] !== undefined) throw new BadRequest('userref is a number');
      if (id === undefined) throw new OrderNotFound('could not find order id undefined');
    }
    if (this.asks === 'itsIds' && id === undefined) throw new ArgumentsRequired('an id');
    const found = this.#find(id, idOf(params));
    if (found.clientOrderId === this.troubleId) throw new Error('EOrder:Invalid order');
    if (this.forgetsClosed && found.status !== 'open') throw new OrderNotFound('it is over');
    return toldOf(found);
  }

  async openOrders(symbol: string): Promise<readonly CcxtOrder[]> {
    await this.reached('fetchOpenOrders');
    return this.#orders
      .filter((order) => order.symbol === symbol && order.status === 'open')
      .map(toldOf);
  }

  async orders(
    symbol: string | undefined,
    since: number,
    until: number,
  ): Promise<readonly CcxtOrder[]> {
    await this.reached('fetchOrders');
    return this.#page(this.#orders, symbol, since, until).map(toldOf);
  }

  async trades(
    symbol: string | undefined,
    since: number,
    until: number,
  ): Promise<readonly CcxtFill[]> {
    await this.reached('fetchMyTrades');
    this.tradesSinceMs = since;
    return this.holdTrades ? [] : this.#page(this.#trades, symbol, since, until);
  }

  async positions(): Promise<readonly CcxtPosition[]> {
    await this.reached('fetchPositions');
    const beside: Holding[] = [{ quantity: -this.shortBeside, average: 90 }];
    return [...this.#holdings].flatMap(([symbol, holding]) =>
      [holding, ...beside].map(({ quantity, average }) => ({
        ...{ symbol, contracts: Math.abs(quantity), contractSize: 1, entryPrice: average },
        side: quantity < 0 ? 'short' : 'long',
      })),
    );
  }

  async balance(): Promise<{ total: Record<string, number> }> {
    await this.reached('fetchBalance');
    return { total: Object.fromEntries(this.#coins) };
  }

  bell(): Promise<readonly CcxtOrder[]> {
    return new Promise((resolve) => this.#bells.add(resolve));
  }

  #page<T extends { readonly symbol: string; readonly timestamp: number }>(
    all: readonly T[],
    symbol: string | undefined,
    since: number,
    until: number,
  ): readonly T[] {
    const end = Math.min(until, since + this.windowMs);
    const found = all.filter(
      (one) =>
        (symbol === undefined || one.symbol === symbol) &&
        one.timestamp >= since &&
        one.timestamp <= end,
    );
    return this.newestFirst ? found.slice(-this.pageMax) : found.slice(0, this.pageMax);
  }

  /** No two things happen at once. */
  #now(): number {
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
    return this.#lastMs;
  }

  #find(id: string | undefined, clientOrderId: string): VenueOrder {
    const found = this.#orders.find((one) =>
      id === undefined ? one.clientOrderId === clientOrderId : one.id === id,
    );
    if (found === undefined) throw new OrderNotFound('no such order');
    return found;
  }

  #executeSome(order: VenueOrder, price: number): void {
    if (!this.partialFills) {
      this.#execute(order, order.amount, price);
      return;
    }
    const first = Math.floor(order.amount / 2);
    this.#execute(order, first, price);
    setImmediate(() => this.#execute(order, order.amount - first, price));
  }

  #execute(order: VenueOrder, amount: number, price: number): void {
    order.filled += amount;
    if (order.filled >= order.amount) order.status = 'closed';
    const cost = Math.round(amount * price * 1e5) / 1e8;
    this.#trades.push({
      ...{
        id: this.hasOneTradeId ? '1' : String(this.#trades.length + 1),
        order: order.id,
        symbol: order.symbol,
      },
      ...{ side: order.side, amount, price, timestamp: this.#now() },
      fee: { cost, currency: this.feeCurrency },
    });
    const bought = order.side === 'buy' ? amount : -amount;
    const { base = '', quote = '', contract } = this.markets[order.symbol] ?? {};
    if (contract === true) this.#hold(order.symbol, bought, price);
    else {
      this.#credit(base, bought);
      this.#credit(quote, -bought * price);
    }
    this.#credit(this.feeCurrency, -cost);
    this.#ring(order);
  }

  #credit(coin: string, amount: number): void {
    const after = (this.#coins.get(coin) ?? 0) + amount;
    this.#coins.set(coin, Number(after.toFixed(10)));
  }

  #hold(symbol: string, quantity: number, price: number): void {
    const holding = this.#holdings.get(symbol) ?? { quantity: 0, average: 0 };
    const after = holding.quantity + quantity;
    if (holding.quantity * quantity >= 0)
      holding.average = (holding.average * holding.quantity + price * quantity) / after;
    else if (after * holding.quantity < 0) holding.average = price;
    holding.quantity = after;
    this.#holdings.set(symbol, holding);
  }

  #ring(order: VenueOrder): void {
    if (this.loseAnswers) return;
    for (const bell of this.#bells) bell([toldOf(order)]);
    this.#bells.clear();
  }
}

function toldOf({ limit: price, side: _side, ...order }: VenueOrder): CcxtOrder {
  return price === undefined ? { ...order, type: 'market' } : { ...order, type: 'limit', price };
}

function exchangeOf(venue: FakeExchange): new (settings: CcxtParams) => CcxtTrading {
  return class implements CcxtTrading {
    readonly has = {
      fetchOrders: venue.listsOrders,
      fetchClosedOrders: venue.listsClosed,
      watchOrders: true,
    };
    readonly rateLimit = 1;
    readonly precisionMode = 4;
    readonly markets = venue.markets;
    constructor(settings: CcxtParams) {
      venue.settings.push(settings);
    }
    setSandboxMode = (on: boolean): void => {
      venue.sandbox = on;
    };
    enableDemoTrading = (on: boolean): void => {
      venue.demo = on;
    };
    calculateRateLimiterCost = (_api: unknown, _method: string, path: string): number =>
      venue.costs.get(path) ?? 1;
    throttle = async (_cost?: number): Promise<void> => {};
    loadMarkets = (): Promise<void> => venue.reached('loadMarkets');
    fetchTime = (): Promise<void> => this.#paced('fetchTime', () => venue.reached('fetchTime'));
    loadTimeDifference = (): Promise<void> => {
      venue.timeLoads += 1;
      return this.fetchTime();
    };
    createOrder: CcxtTrading['createOrder'] = (symbol, _type, side, amount, price, params) =>
      this.#paced('createOrder', () => venue.create(symbol, side, amount, price, params));
    cancelOrder: CcxtTrading['cancelOrder'] = (id, _symbol, params) =>
      this.#paced('cancelOrder', () => venue.cancel(id, idOf(params)));
    fetchOrder: CcxtTrading['fetchOrder'] = (id, symbol, params) =>
      this.#paced('fetchOrder', () => venue.order(id, symbol, params));
    fetchOpenOrders: CcxtTrading['fetchOpenOrders'] = (symbol) =>
      this.#paced('fetchOpenOrders', () => venue.openOrders(symbol));
    fetchOrders: NonNullable<CcxtTrading['fetchOrders']> = (symbol, since, _limit, { until }) =>
      this.#paced('fetchOrders', () => venue.orders(symbol, since, Number(until ?? Infinity)));
    fetchClosedOrders: NonNullable<CcxtTrading['fetchOrders']> = async (...how) =>
      (await this.fetchOrders(...how)).filter(({ status }) => status !== 'open');
    fetchMyTrades: CcxtTrading['fetchMyTrades'] = (symbol, since, _limit, { until }) =>
      this.#paced('fetchMyTrades', () => venue.trades(symbol, since, Number(until ?? Infinity)));
    fetchPositions = (): Promise<readonly CcxtPosition[]> =>
      this.#paced('fetchPositions', () => venue.positions());
    fetchBalance = (): Promise<{ total: Record<string, number> }> =>
      this.#paced('fetchBalance', () => venue.balance());
    amountToPrecision = (_symbol: string, amount: number): string => venue.cut(amount);
    priceToPrecision = (_symbol: string, price: number): string => venue.rounded(price);
    watchOrders = (): Promise<readonly CcxtOrder[]> => venue.bell();
    close = async (): Promise<void> => {};

    /** As ccxt does before each request. */
    async #paced<Answer>(path: string, request: () => Promise<Answer>): Promise<Answer> {
      const method = /^(create|cancel)/.test(path) ? 'POST' : 'GET';
      await this.throttle(this.calculateRateLimiterCost('private', method, path));
      return request();
    }
  };
}

function idOf({ clientOrderId, client_order_id, orderLinkId }: CcxtParams): string {
  return String(clientOrderId ?? client_order_id ?? orderLinkId);
}
