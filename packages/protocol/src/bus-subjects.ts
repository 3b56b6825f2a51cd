// Subjects of the bus and what travels under them. Nodes publish their status; the control node's
// API asks and shows. Plain data only (it crosses processes later): money as decimal text.

import type { OtherFees, RouteView } from './exec-requests.js';
import type { NodeRoleName, NodeStateName } from './generated/constants.js';

export const subjects = {
  /** NodeHeartbeat, every cluster.heartbeatIntervalMs. */
  heartbeat: 'node.heartbeat',
  /** Request: HealthReport. `health.<nodeId>` */
  health: (nodeId: string): string => `health.${nodeId}`,
  /** DataStatus, every 250 ms. */
  dataStatus: 'status.data',
  /** CalcStatus, every 250 ms. */
  calcStatus: 'status.calc',
  /** ExecStatus, every 250 ms. */
  execStatus: 'status.exec',
  /** Request SymbolsRequest -> SymbolInfo[]. */
  dataSymbols: 'data.symbols',
  /** Request number (limit) or undefined -> RejectView[], newest first. */
  dataRejects: 'data.rejects',
  /** Request undefined -> RefusedNamesView[]: names that may be no symbols. */
  dataRefusedNames: 'data.refused-names',
  /** Request undefined -> FeedView[]. */
  dataFeeds: 'data.feeds',
  /** Request FeedDefinition -> FeedView, once its first try has ended well. */
  dataFeedAdd: 'data.feed-add',
  /** Request FeedNameRequest -> true. */
  dataFeedRemove: 'data.feed-remove',
  /** Request FeedRecordRequest -> FeedView. */
  dataFeedRecord: 'data.feed-record',
  /** Request FeedNameRequest -> FeedRejectView[], newest first. */
  dataFeedRejects: 'data.feed-rejects',
  /** Request CleanRulesRequest -> CleanRulesView. */
  cleanRules: 'clean.rules',
  /** Request CleanReloadRequest -> CleanRulesView. INVALID_ARGUMENT: what the file has wrong. */
  cleanReload: 'clean.reload',
  /** Request CleanCheckRequest -> CleanRulesView of these rules. INVALID_ARGUMENT likewise. */
  cleanCheck: 'clean.check',
  /** Request CleanTryRequest -> CleanTryView. UNAVAILABLE: another one is under way. */
  cleanTry: 'clean.try',
  /** QualityChanged, on each change of the quality of a symbol. */
  quality: 'quality',
  /** Request QualityRequest -> QualityView[]; without a symbol: all that are not GOOD. */
  dataQuality: 'data.quality',
  /** Request ChartRequest -> ChartPoint[]: price and bands of a symbol. */
  calcChart: 'calc.chart',
  /** Request OrdersRequest -> OrderView[], newest first. */
  execOrders: 'exec.orders',
  /** Request InstanceOrdersRequest -> InstanceOrders. UNAVAILABLE: not now, the journal can't be
   * written. */
  execInstanceOrders: 'exec.instance-orders',
  /** Request CancelRequest -> boolean; false: the order is not open. */
  execCancel: 'exec.cancel',
  /** Request PositionsRequest or undefined -> PositionView[]. */
  execPositions: 'exec.positions',
  /** Request undefined -> InstrumentView[]. */
  execInstruments: 'exec.instruments',
  /** Request InstrumentRequest -> InstrumentView. INVALID_ARGUMENT: it can't be so now. */
  execInstrument: 'exec.instrument',
  /** Request TradingStateRequest -> TradingStateName. */
  execTradingState: 'exec.trading-state',
  /** Request SubmitRequest -> SubmitAnswer. */
  execSubmit: 'exec.submit',
  /** Request ReplaceRequest -> true, once it is asked for. */
  execReplace: 'exec.replace',
  /** Request CancelRequest -> true: an unknown order that the venue does not know is closed. */
  execSettle: 'exec.settle',
  /** Request undefined -> RiskView. */
  execRisk: 'exec.risk',
  /** Request LimitRequest -> RiskView. */
  execLimit: 'exec.limit',
  /** Request ActorRequest -> RiskView: a day of the account that a wrong clock began is right. */
  execDay: 'exec.day',
  /** Request ActorRequest -> true: everything open is canceled and every position closed. */
  execFlatten: 'exec.flatten',
  /** Request ReconcileRequest -> ReconcileView: journal and broker are compared now. */
  execReconcile: 'exec.reconcile',
  /** Request LineageRequest -> LineageView. NOT_FOUND: no such order is in memory. */
  execLineage: 'exec.lineage',
  /** Request undefined -> { tickToOrder, signalToOrder }: histogram snapshots since the start. */
  execLatency: 'exec.latency',
  /** Request CalcLineageRequest -> CalcLineage. NOT_FOUND: no strategy of that instance. */
  calcLineage: 'calc.lineage',
  /** Request undefined -> histogram snapshots of the calc node since the start. */
  calcLatency: 'calc.latency',
  /** Request StrategyNameRequest -> StrategyView. Starts a parked or waiting strategy at once;
   * one that runs is left alone. NOT_FOUND: no strategy of that name. */
  calcRestartStrategy: 'calc.restart-strategy',
  /** Request StrategyNameRequest -> StrategyView. It is started, or stopped, after a restart of the
   * node, too. NOT_FOUND: no strategy of that name. */
  calcStartStrategy: 'calc.start-strategy',
  calcStopStrategy: 'calc.stop-strategy',
  /** Request StrategyLogRequest -> StrategyLogLine[], oldest first. */
  calcStrategyLog: 'calc.strategy-log',
  /** Request undefined -> SnapshotView[], oldest first. */
  storageSnapshots: 'storage.snapshots',
  /** Request SnapshotRequest -> SnapshotView, once it is complete on disk. */
  storageSnapshotCreate: 'storage.snapshot-create',
  /** Request SnapshotRequest -> true. */
  storageSnapshotRemove: 'storage.snapshot-remove',
  /** Request undefined -> RetentionView. */
  storageRetention: 'storage.retention',
  /** Request undefined -> OldDayView[]: what went. */
  storageRetentionRun: 'storage.retention-run',
  /** Request RestoreDayRequest -> DayView. */
  storageRetentionRestore: 'storage.retention-restore',
  /** OrderNews, on each change of an order, in the order of their revisions. */
  orderEvent: 'order.event',
} as const;

export interface NodeHeartbeat {
  readonly nodeId: string;
  readonly role: NodeRoleName;
  readonly host: string;
  readonly pid: number;
  readonly state: NodeStateName;
  readonly version: string;
  readonly epoch: number;
  /** 0 to 1: 0.4 memory + 0.6 queue. */
  readonly loadScore: number;
  /** 0 to 1 of one core. */
  readonly cpu: number;
  readonly timeMs: number;
}

export interface HealthReport {
  readonly ok: boolean;
  /** Why not, or what is slow; one line. */
  readonly detail: string;
  /** Grows while the node works; a node that answers but does not progress is DEGRADED. */
  readonly progress: number;
}

export interface StrategyNameRequest {
  readonly name: string;
}

export interface StrategyLogRequest extends StrategyNameRequest {
  /** Lines at most. */
  readonly limit: number;
}

export interface StrategyLogLine {
  readonly timeMs: number;
  /** Of the node, of context.log(), or printed. */
  readonly from: 'node' | 'log' | 'stdout' | 'stderr';
  readonly text: string;
}

export interface StrategyView {
  readonly instance: number;
  readonly name: string;
  readonly state: 'starting' | 'running' | 'backing-off' | 'parked' | 'stopped';
  readonly pid: number | undefined;
  readonly restarts: number;
  readonly ticks: number;
  readonly signals: number;
  readonly lapped: number;
  readonly reason: string;
}

export interface CalcStatus {
  readonly timeMs: number;
  readonly strategies: readonly StrategyView[];
  readonly signals: number;
  readonly factorRows: number;
  readonly tickToSignalUs: LatencySummary;
}

export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export type TradingStateName = 'ACTIVE' | 'REDUCING' | 'HALTED';

export interface ExecStatus {
  readonly timeMs: number;
  readonly tradingState: TradingStateName;
  /** Why the state is not ACTIVE, or why no order can be sent; empty when all is well. */
  readonly tradingReason?: string;
  /** Signals, orders, denied and fills count since this process started. */
  readonly signals: number;
  readonly orders: number;
  readonly denied: number;
  readonly fills: number;
  /** Since the first start ever. */
  readonly ordersTotal?: number;
  readonly openOrders: number;
  readonly unknownOrders: number;
  readonly realisedPnl: string;
  readonly unrealisedPnl: string;
  readonly fees: string;
  /** Fees in other currencies than what is traded is priced in; absent: none. */
  readonly otherFees?: readonly OtherFees[];
  readonly journalLagMs: number;
  readonly tickToOrderUs: LatencySummary;
  /** Absent: there is no backup. */
  readonly route?: RouteView;
}

export interface SnapshotRequest {
  readonly name: string;
}

/** A snapshot on disk of the engines that have one of this name. */
export interface SnapshotView {
  readonly name: string;
  readonly engines: readonly string[];
  /** When the last of them was made. */
  readonly timeMs: number;
  /** Of the files it lists, which it shares with the engines while those have them. */
  readonly bytes: number;
  readonly files: number;
}

/** A day of a table. */
export interface DayView {
  readonly table: string;
  /** As 2024-05-31. */
  readonly day: string;
  readonly segments: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A day that goes, for good or into the archive. */
export interface OldDayView extends DayView {
  readonly action: 'expire' | 'archive';
}

/** Rows that are old and only in memory: they go with a run after they were sealed. */
export interface WaitingRowsView {
  readonly table: string;
  readonly rows: number;
  /** The day of the oldest, as 2024-05-31. */
  readonly day: string;
}

export interface RetentionView {
  /** What the next run lets go, oldest first. */
  readonly old: readonly OldDayView[];
  readonly waiting: readonly WaitingRowsView[];
  readonly archived: readonly DayView[];
}

export interface RestoreDayRequest {
  readonly table: string;
  readonly day: string;
  /** How long it is kept before it may go again. */
  readonly holdDays: number;
}

export interface SymbolsRequest {
  readonly limit?: number;
}

export interface SymbolInfo {
  readonly id: number;
  readonly name: string;
  readonly shard: number;
  readonly ticks: number;
  readonly price: number | null;
}

export interface ChartRequest {
  readonly symbol: number;
  readonly limit: number;
}

export interface ChartPoint {
  readonly timeMs: number;
  readonly price: number;
  readonly middle: number | null;
  readonly upper: number | null;
  readonly lower: number | null;
  readonly value: number | null;
}

export interface OrdersRequest {
  readonly limit: number;
  readonly symbol?: number;
}

export interface InstanceOrdersRequest {
  readonly instance: number;
  /** A revision. */
  readonly after: number;
}

/** What the journal holds of the orders of a strategy instance. */
export interface InstanceOrders {
  /** No change up to now has a higher one. */
  readonly revision: number;
  /** The highest ordinal that was ever taken from it; -1: none. */
  readonly highest: number;
  /** Those that changed behind `after`, as they are now, in the order of their revisions. */
  readonly orders: readonly OrderNews[];
}

export interface CancelRequest {
  readonly clientOrderId: string;
  readonly actor: string;
  readonly why: string;
  /** Its signal may still be on its way: then it is canceled when it comes. */
  readonly ahead?: boolean;
}

export interface OrderView {
  readonly clientOrderId: string;
  readonly instance: number;
  readonly ordinal: string;
  readonly symbol: number;
  readonly symbolName: string;
  readonly side: 'buy' | 'sell';
  readonly quantity: string;
  readonly filled: string;
  readonly averagePrice: string;
  readonly state: string;
  readonly reason: string;
  readonly timeMs: number;
}

export interface OrderNews extends OrderView {
  /** Place of the order's last change in the journal; it only grows. */
  readonly revision: number;
}

export interface PositionsRequest {
  /** Of each account or strategy alone; absent: of all together. */
  readonly by?: 'account' | 'strategy';
}

export interface PositionView {
  /** Whose, where they were asked for by account or strategy. */
  readonly account?: string;
  readonly instance?: number;
  readonly symbol: number;
  readonly symbolName: string;
  readonly quantity: string;
  readonly averagePrice: string;
  readonly lastPrice: string;
  /** Of prices, PnL and fees; empty: the one of the account. */
  readonly currency: string;
  /** Worth of one unit at price 1. */
  readonly multiplier: number;
  /** Where long and short are kept apart: by account; absent: they are not. */
  readonly offsets?: readonly OffsetView[];
  readonly realisedPnl: string;
  readonly unrealisedPnl: string;
  readonly fees: string;
}

/** What an account holds of a symbol, by the trading day on which it was opened. */
export interface OffsetView {
  readonly account: string;
  readonly longToday: string;
  readonly longYesterday: string;
  readonly shortToday: string;
  readonly shortYesterday: string;
}

export interface TradingStateRequest {
  /** account, strategy or symbol, with its name; absent: everything. */
  readonly scope?: string;
  readonly name?: string;
  /** undefined: only ask. */
  readonly set?: TradingStateName;
  /** With HALTED: what is open of it is canceled, until nothing is. */
  readonly cancel?: boolean;
  /** With cancel, of everything or the account: orders of others there, too. */
  readonly all?: boolean;
  readonly actor: string;
  readonly why: string;
}
