// The public door of the calc node. Plugin authors use the other one, @ndts/calc-node/strategy.

export {
  BarBuilder,
  type BarKind,
  barKinds,
  type BarSpec,
  type BarView,
} from './bar/bar-builder.js';
export { BarSessions, SymbolSessions } from './bar/bar-sessions.js';
export { type CalcLatency, calcSubjects, type SignalRingNotice } from './emit/status.js';
export { compileFactors } from './factor/compile.js';
export { type Expression, usage } from './factor/expression.js';
export { type FactorFunction, factorFunctions } from './factor/functions.js';
export {
  FactorsOverHistory,
  type ReplayedBatch,
  replayedColumns,
  ReplayedTicks,
} from './factor/over-history.js';
export { parseExpression } from './factor/parse-expression.js';
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
export type { History } from './source/warm-up.js';
export type { RestartPolicy } from './strategy/instance.js';
export { runCompiler } from './strategy/compile-plugin.js';
export { builtInStrategies, strategyNamePattern } from './strategy/load-strategy.js';
export type { RunLimits } from './strategy/run.js';
export { strategyTestFiles } from './strategy/test-files.js';
export type { SignalRingListener } from './strategy/supervisor.js';
export { type Aggregate, type AggregateName, aggregateNames } from './window/aggregate.js';
export { WindowEngine } from './window/window-engine.js';
export type { WindowRows, WindowRowsListener } from './window/window-rows.js';
export type { FillPolicy, WindowShape, WindowSpec } from './window/window-spec.js';
export { WindowFactors, type WindowFactorSpec } from './window/window-factors.js';
