// The public door of the calc node. Plugin authors use the other one, @ndts/calc-node/strategy.

export {
  BarBuilder,
  type BarKind,
  barKinds,
  type BarSpec,
  type BarView,
} from './bar/bar-builder.js';
export { BarSessions, SymbolSessions } from './bar/bar-sessions.js';
export { signalBellName } from './strategy/supervisor.js';
export { compareRuns, type ComparedFigure, type Comparison } from './backtest/compare.js';
export { executeRun, type RunRequest } from './backtest/execute.js';
export { parseParameter } from './backtest/given-parameters.js';
export { loadPlugin } from './backtest/load-plugin.js';
export type { LookAheadResult } from './backtest/look-ahead.js';
export {
  gridPoints,
  type ParameterRange,
  parseRange,
  randomPoints,
} from './backtest/points.js';
export { recordTape } from './backtest/record-tape.js';
export { type BacktestSummary, listRuns, loadSummary, saveResult } from './backtest/result.js';
export type { RunDone } from './backtest/run-messages.js';
export { runInThread } from './backtest/run-thread.js';
export {
  type BacktestSettings,
  defaultSettings,
  fillModelNames,
  type GivenSettings,
  resolveSettings,
} from './backtest/settings.js';
export {
  runSweep,
  saveSweep,
  type SweepMetric,
  sweepMetrics,
  type SweepProgress,
  type SweepResult,
  type SweepRow,
} from './backtest/sweep.js';
export type { HistorySource, TapeSource } from './backtest/tick-source.js';
export { SignalWriter } from './emit/signal-writer.js';
export { type CalcLatency, calcSubjects, type SignalRingNotice } from './emit/status.js';
export { compileFactors } from './factor/compile.js';
export { bollinger, factor, type FactorDeclarations } from './factor/declare.js';
export { type Expression, usage } from './factor/expression.js';
export { type FactorFunction, factorFunctions, timedFunctions } from './factor/functions.js';
export { lengthNs } from './factor/time-span.js';
export {
  FactorsOverHistory,
  type ReplayedBatch,
  replayedColumns,
  ReplayedTicks,
} from './factor/over-history.js';
export { parseExpression } from './factor/parse-expression.js';
export {
  type StoredHistory,
  storeFactorHistory,
  type StoreHistoryOptions,
} from './factor/store-history.js';
export { LibraryIndicator } from './indicator/library-indicator.js';
export { type LibraryModule, loadLibrary } from './indicator/library-module.js';
export { type LibraryEntry, libraryEntries } from './indicator/library-table.js';
export { type CalcNode, type CalcNodeDeps, createCalcNode } from './node.js';
export { type Measure, type MeasureName, measureNames } from './section/measures.js';
export { SectionFactors, type SectionFactorSpec } from './section/section-factors.js';
export {
  SectionEngine,
  type SectionListener,
  type SectionRows,
  type SectionSpec,
  type SectionTrigger,
} from './section/section-engine.js';
export type { History, Market, MarketSource } from './source/market-source.js';
export { PulledMarket, type PulledMarketOptions } from './source/pulled-market.js';
export { StrategyDriver } from './strategy/driver.js';
export type { RestartPolicy } from './strategy/instance.js';
export { runCompiler } from './strategy/compile-plugin.js';
export {
  builtInStrategies,
  loadStrategy,
  strategyNamePattern,
} from './strategy/load-strategy.js';
export { resolveParameters } from './strategy/parameters.js';
export type { RunLimits } from './strategy/run.js';
export { strategyTestFiles } from './strategy/test-files.js';
export type { SignalRingListener } from './strategy/supervisor.js';
export { type Aggregate, type AggregateName, aggregateNames } from './window/aggregate.js';
export { WindowEngine } from './window/window-engine.js';
export type { WindowRows, WindowRowsListener } from './window/window-rows.js';
export type { FillPolicy, WindowShape, WindowSpec } from './window/window-spec.js';
export { WindowFactors, type WindowFactorSpec } from './window/window-factors.js';
