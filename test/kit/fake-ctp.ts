// A stand-in for a CTP front and the exchanges behind it, as the trader API shows them: callbacks
// come later, ids are padded, yesterday's field is of the morning, prices that are none are the
// largest double, of what is queried one thing at a time and not too fast. What is asked out of
// turn is refused as the front would.

import type {
  CtpCancelInput,
  CtpError,
  CtpEvents,
  CtpIdentity,
  CtpOrder,
  CtpOrderInput,
  CtpPosition,
  CtpTrade,
  CtpTrader,
} from '@ndts/exec-node';

type Mutable<Row> = { -readonly [Key in keyof Row]: Row[Key] };

interface Resting {
  readonly input: Mutable<CtpOrderInput>;
  readonly order: Mutable<CtpOrder>;
}

interface HeldSide {
  today: number;
  before: number;
  cost: number;
}

const daysApart = new Set(['SHFE', 'INE']);

export class FakeCtpVenue {
  rejectAll = false;
  loseRequests = false;
  loseAnswers = false;
  partialFills = false;
  /** The front takes orders and cannot hand them on. */
  isExchangeAway = false;
  refusesCancels = false;
  /** Of log-ins; undefined: welcome. */
  loginError: CtpError | undefined;
  tradingDay = '20261126';
  /** The night: what trades of DCE say is their trading day. */
  tradeDate = '20261126';
  tradeTime = '10:30:00';
  maxOrderRef = '';
  isOut = false;
  readonly queryMs: number;
  readonly received: CtpOrderInput[] = [];
  readonly queriesAtMs: number[] = [];
  logins = 0;
  readonly #markets = new Map<string, { bid: number; ask: number }>();
  readonly #orders: Resting[] = [];
  readonly #trades: CtpTrade[] = [];
  readonly #held = new Map<string, HeldSide>();
  readonly #sessions = new Set<FakeTrader>();
  #nextSession = 1;
  #nextNumber = 1;
  #holdsTrades = false;

  constructor(queryMs: number) {
    this.queryMs = queryMs;
  }

  trader(): CtpTrader {
    return new FakeTrader(this);
  }

  join(trader: FakeTrader): number {
    this.#sessions.add(trader);
    return this.#nextSession++;
  }

  leave(trader: FakeTrader): void {
    this.#sessions.delete(trader);
  }

  market(instrumentId: string, bid: number, ask: number): void {
    this.#markets.set(instrumentId, { bid, ask });
    for (const resting of this.#orders)
      if (resting.order.instrumentId === instrumentId && isOpen(resting.order))
        this.#match(resting);
  }

  outage(on: boolean): void {
    this.isOut = on;
    for (const session of this.#sessions) session.outage(on);
  }

  nextDay(tradingDay: string): void {
    this.tradingDay = tradingDay;
    this.tradeDate = tradingDay;
    for (const held of this.#held.values()) {
      held.before += held.today;
      held.today = 0;
    }
    this.#orders.length = 0;
    this.#trades.length = 0;
  }

  insert(from: FakeTrader, input: CtpOrderInput): void {
    this.received.push(input);
    if (this.loseRequests) return;
    const refusal = this.#refusalOf(input);
    if (refusal !== undefined) {
      this.#tell((events) => events.orderRefused(input, refusal));
      return;
    }
    const order: Mutable<CtpOrder> = {
      ...{ instrumentId: input.instrumentId, exchangeId: input.exchangeId },
      ...{ frontId: 1, sessionId: from.sessionId, orderRef: input.orderRef, orderSysId: '' },
      ...{ direction: input.direction, offset: input.offset, volume: input.volume },
      limitPrice: input.limitPrice,
      ...{ volumeTraded: 0, status: 'a', submitStatus: '0', statusMessage: 'submitted' },
    };
    const resting = { input: { ...input }, order };
    this.#orders.push(resting);
    this.#tellOrder(order);
    if (!this.isExchangeAway) this.#handOn(resting);
  }

  /** What the front held goes on. */
  exchangeBack(): void {
    this.isExchangeAway = false;
    for (const resting of this.#orders) if (resting.order.orderSysId === '') this.#handOn(resting);
  }

  /** A part of the only order that is open; its trade is told when `tell` is called. */
  executePart(volume: number): { readonly tell: () => void } {
    const resting = this.#orders.find(({ order }) => isOpen(order));
    if (resting === undefined) throw new Error('no order is open');
    this.#holdsTrades = true;
    this.#trade(resting.input, resting.order, volume, resting.input.limitPrice);
    this.#holdsTrades = false;
    const trade = this.#trades.at(-1);
    return {
      tell: () => {
        if (trade !== undefined) this.#tell((events) => events.trade(trade));
      },
    };
  }

  /** Says that the last order was refused, which still works. */
  refuseLast(): void {
    const input = this.received.at(-1);
    const error = { code: 31, message: 'CTP: not enough money' };
    if (input !== undefined) this.#tell((events) => events.orderRefused(input, error));
  }

  /** The only order that is open is another one from now on. */
  changeByHand(volume: number, limitPrice: number): void {
    const resting = this.#orders.find(({ order }) => isOpen(order));
    if (resting === undefined) return;
    Object.assign(resting.input, { volume, limitPrice });
    Object.assign(resting.order, { volume, limitPrice });
  }

  cancel(action: CtpCancelInput): void {
    const found = this.#orders.find(
      ({ order }) => order.orderRef === action.orderRef && order.sessionId === action.sessionId,
    );
    if (this.refusesCancels) {
      const error = { code: 26, message: 'CTP: not now' };
      this.#tell((events) => events.cancelRefused(action.orderRef, error));
    } else if (found !== undefined && isOpen(found.order)) this.#end(found.order);
    else {
      const error = { code: 26, message: 'CTP: the order cannot be canceled' };
      this.#tell((events) => events.cancelRefused(action.orderRef, error));
    }
  }

  orders(): CtpOrder[] {
    return this.#orders.map(({ order }) => ({ ...order }));
  }

  trades(): CtpTrade[] {
    return [...this.#trades];
  }

  positions(): CtpPosition[] {
    return [...this.#held].flatMap(([key, held]) => {
      const [exchangeId = '', instrumentId = '', posiDirection = ''] = key.split(' ');
      const row = (today: number, before: number): CtpPosition => ({
        ...{ instrumentId, posiDirection, position: today + before, todayPosition: today },
        openCost: (held.cost * (today + before)) / (held.today + held.before || 1),
      });
      if (!daysApart.has(exchangeId)) return [row(held.today, held.before)];
      return [row(held.today, 0), row(0, held.before)];
    });
  }

  #refusalOf(input: CtpOrderInput): CtpError | undefined {
    if (this.rejectAll) return { code: 31, message: 'CTP: not enough money' };
    if (input.priceType === '1' && daysApart.has(input.exchangeId))
      return { code: 27, message: 'CTP: no such order at this exchange' };
    const held = this.#side(input, input.direction === '0' ? '3' : '2');
    const days = daysApart.has(input.exchangeId);
    const closable = days && input.offset === '3' ? held.today : days ? held.before : 1e9;
    const all = held.today + held.before;
    if (input.offset === '0' || input.volume <= Math.min(closable, all)) return undefined;
    const code = input.offset === '3' ? 50 : days ? 51 : 30;
    return { code, message: 'CTP: not enough to close' };
  }

  #handOn(resting: Resting): void {
    const { input, order } = resting;
    order.orderSysId = String(this.#nextNumber++).padStart(12, ' ');
    order.status = '3';
    order.submitStatus = '3';
    this.#tellOrder(order);
    this.#match(resting);
    if (input.timeCondition === '1' && isOpen(order)) this.#end(order);
  }

  #side({ exchangeId, instrumentId }: CtpOrderInput, posiDirection: string): HeldSide {
    const key = `${exchangeId} ${instrumentId} ${posiDirection}`;
    const held = this.#held.get(key) ?? { today: 0, before: 0, cost: 0 };
    this.#held.set(key, held);
    return held;
  }

  #match({ input, order }: Resting): void {
    const market = this.#markets.get(input.instrumentId);
    if (market === undefined) return;
    const buys = input.direction === '0';
    const touch = buys ? market.ask : market.bid;
    const reaches =
      input.priceType === '1' || (buys ? input.limitPrice >= touch : input.limitPrice <= touch);
    if (!reaches) return;
    const left = order.volume - order.volumeTraded;
    const parts = this.partialFills && left > 1 ? [1, left - 1] : [left];
    for (const part of parts) this.#trade(input, order, part, touch);
  }

  #trade(input: CtpOrderInput, order: Mutable<CtpOrder>, volume: number, price: number): void {
    order.volumeTraded += volume;
    order.status = order.volumeTraded === order.volume ? '0' : '1';
    const trade: CtpTrade = {
      ...{ instrumentId: input.instrumentId, exchangeId: input.exchangeId },
      tradeId: String(this.#nextNumber++).padStart(12, ' '),
      ...{ orderSysId: order.orderSysId, direction: input.direction, offset: input.offset },
      ...{ price, volume, tradeDate: this.tradeDate, tradeTime: this.tradeTime },
      tradingDay: this.tradingDay,
    };
    this.#trades.push(trade);
    this.#hold(input, volume, price);
    this.#tellOrder(order);
    if (!this.#holdsTrades) this.#tell((events) => events.trade(trade));
  }

  #hold(input: CtpOrderInput, volume: number, price: number): void {
    const buys = input.direction === '0';
    const opens = input.offset === '0';
    const held = this.#side(input, opens === buys ? '2' : '3');
    if (opens) {
      held.today += volume;
      held.cost += volume * price;
      return;
    }
    const average = held.cost / (held.today + held.before);
    const today = input.offset === '3' ? volume : Math.max(0, volume - held.before);
    held.today -= today;
    held.before -= volume - today;
    held.cost -= volume * average;
  }

  #end(order: Mutable<CtpOrder>): void {
    order.status = '5';
    order.statusMessage = 'canceled';
    this.#tellOrder(order);
  }

  #tellOrder(order: CtpOrder): void {
    const copy = { ...order };
    this.#tell((events) => events.order(copy));
  }

  #tell(say: (events: CtpEvents) => void): void {
    if (this.loseAnswers) return;
    for (const session of this.#sessions) session.tell(say);
  }
}

/** One instance of the API. */
class FakeTrader implements CtpTrader {
  readonly #venue: FakeCtpVenue;
  #events: CtpEvents | undefined;
  #state: 'away' | 'connected' | 'authenticated' | 'loggedIn' | 'ready' = 'away';
  #isAsking = false;
  #askedMs = Number.NEGATIVE_INFINITY;
  #highestRef = '';
  sessionId = 0;

  constructor(venue: FakeCtpVenue) {
    this.#venue = venue;
  }

  start(events: CtpEvents): void {
    if (this.#events !== undefined) throw new Error('CTP was started twice');
    this.#events = events;
    this.sessionId = this.#venue.join(this);
    if (!this.#venue.isOut) this.outage(false);
  }

  stop(): void {
    this.#venue.leave(this);
    this.#events = undefined;
  }

  outage(on: boolean): void {
    this.#state = on ? 'away' : 'connected';
    this.#isAsking = false;
    if (!on) this.sessionId = this.#venue.join(this);
    this.#later((events) => (on ? events.disconnected(0x1001) : events.connected()));
  }

  tell(say: (events: CtpEvents) => void): void {
    if (this.#state === 'ready' || this.#state === 'loggedIn') this.#later(say);
  }

  authenticate(_who: CtpIdentity, _appId: string, authCode: string): number {
    const error = authCode === 'code' ? undefined : { code: 63, message: 'CTP: wrong code' };
    if (error === undefined) this.#state = 'authenticated';
    return this.#answer((events) => events.authenticated(error));
  }

  login(_who: CtpIdentity, password: string): number {
    this.#venue.logins += 1;
    const wrong = { code: 3, message: 'CTP: not a valid log-in' };
    const error = this.#venue.loginError ?? (password === 'secret' ? undefined : wrong);
    if (error !== undefined) return this.#answer((events) => events.loggedIn(undefined, error));
    this.#state = 'loggedIn';
    const { maxOrderRef, tradingDay } = this.#venue;
    const session = { frontId: 1, sessionId: this.sessionId, maxOrderRef, tradingDay };
    return this.#answer((events) => events.loggedIn(session, undefined));
  }

  confirmSettlement(): number {
    this.#state = 'ready';
    return this.#answer((events) => events.settlementConfirmed(undefined));
  }

  insertOrder(_who: CtpIdentity, order: CtpOrderInput): number {
    if (this.#state === 'away') return -1;
    const refused = (code: number): number =>
      this.#answer((events) => events.orderRefused(order, { code, message: 'CTP: refused' }));
    if (this.#state !== 'ready') return refused(42);
    if (order.orderRef <= this.#highestRef) return refused(22);
    this.#highestRef = order.orderRef;
    this.#venue.insert(this, order);
    return 0;
  }

  cancelOrder(_who: CtpIdentity, action: CtpCancelInput): number {
    if (this.#state === 'away') return -1;
    this.#venue.cancel(action);
    return 0;
  }

  queryOrders(_who: CtpIdentity, requestId: number): number {
    return this.#query(requestId, this.#venue.orders(), (events) => events.queriedOrder);
  }

  queryTrades(_who: CtpIdentity, requestId: number): number {
    return this.#query(requestId, this.#venue.trades(), (events) => events.queriedTrade);
  }

  queryPositions(_who: CtpIdentity, requestId: number): number {
    return this.#query(requestId, this.#venue.positions(), (events) => events.queriedPosition);
  }

  #query<Row>(
    requestId: number,
    rows: readonly Row[],
    of: (events: CtpEvents) => CtpEvents['queriedOrder'] | ((...all: never[]) => void),
  ): number {
    if (this.#state === 'away') return -1;
    if (this.#isAsking) return -2;
    const now = performance.now();
    // The front counts by its own clock.
    if (now - this.#askedMs < this.#venue.queryMs * 0.9) return -3;
    this.#askedMs = now;
    this.#venue.queriesAtMs.push(now);
    this.#isAsking = true;
    return this.#answer((events) => {
      this.#isAsking = false;
      const tell = of(events) as (
        id: number,
        row: unknown,
        error: undefined,
        last: boolean,
      ) => void;
      if (rows.length === 0) tell(requestId, undefined, undefined, true);
      for (const [at, row] of rows.entries())
        tell(requestId, row, undefined, at === rows.length - 1);
    });
  }

  #answer(say: (events: CtpEvents) => void): number {
    if (this.#state === 'away') return -1;
    this.#later(say);
    return 0;
  }

  #later(say: (events: CtpEvents) => void): void {
    setImmediate(() => {
      if (this.#events !== undefined) say(this.#events);
    });
  }
}

function isOpen({ status }: CtpOrder): boolean {
  return status !== '0' && status !== '5';
}
