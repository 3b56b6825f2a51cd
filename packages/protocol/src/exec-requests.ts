// What is asked of an exec node on the bus beside its status, and what it answers: orders of
// persons, changes, limits, lineage. Plain data; numbers as decimal text.

import type { OrderView, TradingStateName } from './bus-subjects.js';

export interface ActorRequest {
  readonly actor: string;
  readonly why: string;
}

/** `adopt`: what the broker has and can be taken over is, whatever the policy says. */
export interface ReconcileRequest extends ActorRequest {
  readonly adopt?: boolean;
}

/** What journal and broker were found to differ in, one line each. */
export interface ReconcileView {
  /** What still differs. */
  readonly differences: readonly string[];
  /** What differed, and was adopted. */
  readonly adopted: readonly string[];
  readonly tradingState: TradingStateName;
}

/** An order of a person. Numbers as decimal text; what is not given is as in a plain order. */
export interface SubmitRequest {
  readonly symbol: number;
  readonly side: 'buy' | 'sell';
  readonly quantity: string;
  /** Name of an OrderType; default: market, or limit with a limit price. */
  readonly type?: string;
  readonly limitPrice?: string;
  /** Of stop and stop-limit. */
  readonly stopPrice?: string;
  /** Of trailing. */
  readonly distance?: string;
  /** Of iceberg: quantity shown at a time. */
  readonly shown?: string;
  /** Of TWAP and VWAP. */
  readonly slices?: number;
  readonly profile?: string;
  readonly workForMs?: number;
  readonly timeInForce?: string;
  /** Name of an OrderOffset, where long and short are kept apart; default: closes, then opens. */
  readonly offset?: string;
  readonly postOnly?: boolean;
  readonly reduceOnly?: boolean;
  readonly takeProfit?: string;
  readonly stopLoss?: string;
  /** A second order of the same quantity: what one of the two executes the other can't. */
  readonly other?: OtherOrder;
  /** A name of one's own for this order. Asked again under it the answer is that of the first time,
   * and no second order is made; another order under it is refused. */
  readonly requestId?: string;
}

/** What it does not say is as in the first order; its type and prices are its own. */
export interface OtherOrder {
  readonly side?: 'buy' | 'sell';
  readonly type?: string;
  readonly limitPrice?: string;
  readonly stopPrice?: string;
  readonly distance?: string;
}

export interface SubmitAnswer {
  readonly clientOrderId: string;
  /** Name of a RiskReason; APPROVED: it is on its way. */
  readonly reason: string;
}

export interface ReplaceRequest extends ActorRequest {
  readonly clientOrderId: string;
  /** With what is filled. */
  readonly quantity?: string;
  readonly limitPrice?: string;
  readonly stopPrice?: string;
}

export interface LimitRequest extends ActorRequest {
  readonly scope: string;
  readonly name: string;
  readonly key: string;
  /** Empty: as configured again. */
  readonly value: string;
}

/** What a symbol is worth; what is not given stays. Numbers as decimal text. */
export interface InstrumentRequest extends ActorRequest {
  readonly symbol: number;
  readonly currency?: string;
  readonly multiplier?: number;
  readonly tickSize?: string;
  readonly lot?: string;
  readonly exchange?: string;
  readonly product?: string;
}

export interface InstrumentView {
  readonly symbol: number;
  readonly symbolName: string;
  /** Empty: the one of the account. */
  readonly currency: string;
  /** Worth of the currency in that of the account. */
  readonly rate: string;
  readonly multiplier: number;
  /** 0: as the limits say. */
  readonly tickSize: string;
  readonly lot: string;
  readonly exchange: string;
  readonly product: string;
  /** In the file of exec.instruments, which is where it is changed. */
  readonly fromFile: boolean;
}

export interface ControlView {
  readonly kind: string;
  readonly scope: string;
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly reason: string;
}

/** Two brokers as one (docs/routing.md). */
export interface RouteView {
  readonly primary: string;
  readonly backup: string;
  readonly primaryUp: boolean;
  readonly backupUp: boolean;
  /** In reach, and compared with the journal since: it takes orders. */
  readonly primaryReconciled: boolean;
  readonly backupReconciled: boolean;
  /** Of the way to the primary: orders go there; they go to the backup; one of them tries it. */
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** The last failure since the primary answered; empty: none. */
  readonly why: string;
}

/** Paid in a currency that nothing of it is traded in. */
export interface OtherFees {
  readonly currency: string;
  readonly fees: string;
  /** Worth of a unit in the currency of the account; absent: not known, and they are in no sum. */
  readonly rate?: string;
}

export interface RiskView {
  readonly tradingState: TradingStateName;
  readonly tradingReason: string;
  /** Who wants everything flat, and why; empty: nobody. */
  readonly flatten: string;
  readonly dayLoss: string;
  /** That the day began at a time that has not come yet; absent: no. */
  readonly dayAhead?: string;
  /** Absent: none. Those without a rate are not in the loss of the day. */
  readonly otherFees?: readonly OtherFees[];
  readonly limits: Readonly<Record<string, string>>;
  /** What is set for accounts, strategies and symbols while it runs. */
  readonly controls: readonly ControlView[];
  readonly denied: Readonly<Record<string, number>>;
  /** What differed between journal and broker when they were last compared, one line each. */
  readonly differences: readonly string[];
  /** Absent: there is no backup. */
  readonly route?: RouteView;
}

export interface LineageRequest {
  readonly clientOrderId: string;
}

/** Where an order comes from and what it led to. */
export interface LineageView {
  readonly order: OrderView;
  readonly type: string;
  readonly account: string;
  readonly broker: string;
  readonly parent: string;
  readonly children: readonly string[];
  readonly trades: readonly string[];
  readonly signal: { readonly instance: number; readonly ordinal: string };
  /** The value acted on; its version is that of the strategy, named by the instance. */
  readonly factor: { readonly value: number; readonly instance: number };
  readonly tick: {
    readonly shard: number;
    readonly epoch: string;
    readonly sequence: string;
    readonly timeMs: number;
  };
}

/** The tick that caused a signal. */
export interface CalcLineageRequest {
  readonly instance: number;
  readonly shard: number;
  readonly epoch: string;
  readonly sequence: string;
}

/** A stored value of a factor at a tick, and the ticks it looks at. */
export interface FactorValueView {
  readonly factor: string;
  readonly version: number;
  readonly value: number | null;
  readonly middle: number | null;
  readonly upper: number | null;
  readonly lower: number | null;
  /** Sequences in the shard of the tick; null: not known. */
  readonly firstSequence: string | null;
  readonly lastSequence: string;
}

export interface LineageTick {
  readonly epoch: string;
  readonly sequence: string;
  readonly symbol: number;
  readonly time: string;
  readonly price: number;
  readonly volume: number;
  readonly bid: number;
  readonly ask: number;
}

/** What is behind a signal. */
export interface CalcLineage {
  /** Name of the instance; empty: a person asked for the order. */
  readonly strategy: string;
  readonly factors: readonly FactorValueView[];
  /** Of the symbol of the tick, oldest first; the last one caused the signal. */
  readonly ticks: readonly LineageTick[];
  /** Why there is no more; empty: all is there. */
  readonly missing: string;
}

/** An order with all that led to it. */
export interface FullLineageView extends LineageView {
  readonly behind: CalcLineage;
}
