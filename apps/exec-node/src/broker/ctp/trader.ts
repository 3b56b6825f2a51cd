// The trader API of CTP as the gateway needs it: requests and callbacks as plain records. A user's
// binding to the SDK implements it and decides nothing: it fills in structs, passes callbacks on in
// their order from one thread to the event loop, and hands numbers and letters over as they are
// (prices of DBL_MAX, dates the exchanges write wrong, ids padded with spaces).
//
// A request returns what its function returns: 0 sent, -1 no connection, -2 too many requests under
// way, -3 too many a second. Nothing but 0 was sent.

export interface CtpError {
  readonly code: number;
  readonly message: string;
}

/** Who we are; all requests carry it. */
export interface CtpIdentity {
  readonly brokerId: string;
  readonly userId: string;
  readonly investorId: string;
}

export interface CtpSession {
  readonly frontId: number;
  readonly sessionId: number;
  /** The highest the front has seen of this user; empty: none. */
  readonly maxOrderRef: string;
  /** 20250102. */
  readonly tradingDay: string;
}

/** Direction: 0 buys, 1 sells. Offset: 0 opens, 1 closes, 3 closes today, 4 closes yesterday. */
export interface CtpOrderInput {
  readonly instrumentId: string;
  readonly exchangeId: string;
  readonly orderRef: string;
  readonly direction: string;
  readonly offset: string;
  /** 1: at the market; 2: at the limit price. */
  readonly priceType: string;
  readonly limitPrice: number;
  readonly volume: number;
  /** 1: at once or not; 3: for the day. */
  readonly timeCondition: string;
  /** 1: any volume; 3: all of it. */
  readonly volumeCondition: string;
}

export interface CtpCancelInput {
  readonly instrumentId: string;
  readonly exchangeId: string;
  readonly frontId: number;
  readonly sessionId: number;
  readonly orderRef: string;
}

export interface CtpOrder {
  readonly instrumentId: string;
  readonly exchangeId: string;
  readonly frontId: number;
  readonly sessionId: number;
  readonly orderRef: string;
  /** Of the exchange, padded; empty: it has none yet. */
  readonly orderSysId: string;
  readonly direction: string;
  readonly offset: string;
  readonly limitPrice: number;
  readonly volume: number;
  readonly volumeTraded: number;
  /** OrderStatus: 0 all traded, 1 to 4 open, 5 canceled, a unknown, b and c conditional. */
  readonly status: string;
  /** OrderSubmitStatus: 0 to 2 under way, 3 accepted, 4 insert refused, 5 cancel refused. */
  readonly submitStatus: string;
  readonly statusMessage: string;
}

export interface CtpTrade {
  readonly instrumentId: string;
  readonly exchangeId: string;
  readonly tradeId: string;
  readonly orderSysId: string;
  readonly direction: string;
  readonly offset: string;
  readonly price: number;
  readonly volume: number;
  readonly tradeDate: string;
  readonly tradeTime: string;
  readonly tradingDay: string;
}

/** Of one side; where days are kept apart, of one day. */
export interface CtpPosition {
  readonly instrumentId: string;
  /** 2 long, 3 short. */
  readonly posiDirection: string;
  readonly position: number;
  readonly todayPosition: number;
  /** Price, lots and multiplier of what is open. */
  readonly openCost: number;
}

/** A record of an answer. `record` is absent when there is none; `isLast` ends the answer. */
export type CtpAnswer<Row> = (
  requestId: number,
  record: Row | undefined,
  error: CtpError | undefined,
  isLast: boolean,
) => void;

export interface CtpEvents {
  connected(): void;
  disconnected(reason: number): void;
  authenticated(error: CtpError | undefined): void;
  loggedIn(session: CtpSession | undefined, error: CtpError | undefined): void;
  settlementConfirmed(error: CtpError | undefined): void;
  /** By the front (OnRspOrderInsert) or the exchange (OnErrRtnOrderInsert). */
  orderRefused(order: CtpOrderInput, error: CtpError): void;
  cancelRefused(orderRef: string, error: CtpError): void;
  order(order: CtpOrder): void;
  trade(trade: CtpTrade): void;
  readonly queriedOrder: CtpAnswer<CtpOrder>;
  readonly queriedTrade: CtpAnswer<CtpTrade>;
  readonly queriedPosition: CtpAnswer<CtpPosition>;
}

export interface CtpTrader {
  /** Called once: the API itself connects again, and says so. Private flow: QUICK. */
  start(events: CtpEvents): void;
  authenticate(who: CtpIdentity, appId: string, authCode: string): number;
  login(who: CtpIdentity, password: string): number;
  confirmSettlement(who: CtpIdentity): number;
  insertOrder(who: CtpIdentity, order: CtpOrderInput): number;
  cancelOrder(who: CtpIdentity, order: CtpCancelInput): number;
  queryOrders(who: CtpIdentity, requestId: number): number;
  queryTrades(who: CtpIdentity, requestId: number): number;
  queryPositions(who: CtpIdentity, requestId: number): number;
  stop(): void;
}
