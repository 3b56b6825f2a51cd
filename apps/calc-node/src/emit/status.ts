// What the calc node tells the others: status four times a second, charts and latencies on
// request, metrics.

import {
  type CalcStatus,
  type ChartPoint,
  type ChartRequest,
  NdtsError,
  type StrategyLogRequest,
  type StrategyNameRequest,
  type StrategyView,
} from '@ndts/protocol';
import {
  type Counter,
  type Gauge,
  type HistogramSnapshot,
  type Metrics,
  summarizeUs,
} from '@ndts/runtime';
import type { Chart } from './chart.js';

/** Subjects of the calc node that are not in the protocol's common list. */
export const calcSubjects = {
  /** SignalRingNotice, when a strategy's signal ring is there and before it emits. */
  signalRing: 'calc.signal-ring',
  /** Request undefined -> CalcLatency. */
  latency: 'calc.latency',
} as const;

export interface SignalRingNotice {
  readonly instance: number;
  readonly name: string;
  readonly path: string;
}

export interface CalcLatency {
  readonly tickToSignal: HistogramSnapshot;
}

export interface StatusSource {
  views(): StrategyView[];
  factorRows(): number;
  latency(): HistogramSnapshot;
}

export function calcStatus(source: StatusSource, timeMs: number): CalcStatus {
  const strategies = source.views();
  return {
    timeMs,
    strategies,
    signals: strategies.reduce((sum, strategy) => sum + strategy.signals, 0),
    factorRows: source.factorRows(),
    tickToSignalUs: summarizeUs(source.latency()),
  };
}

const chartLimitMax = 5000;

export function answerChart(chart: Chart, request: unknown): ChartPoint[] {
  const { symbol, limit } = (request ?? {}) as Partial<ChartRequest>;
  if (!Number.isSafeInteger(symbol) || !Number.isSafeInteger(limit))
    throw new NdtsError('INVALID_ARGUMENT', 'expected { symbol, limit } as integers');
  return chart.points(symbol as number, Math.min(chartLimitMax, limit as number));
}

/** Of a request about a strategy. */
export function nameIn(request: unknown): string {
  const { name } = (request ?? {}) as Partial<StrategyNameRequest>;
  if (typeof name === 'string') return name;
  throw new NdtsError('INVALID_ARGUMENT', 'expected { name } of a strategy');
}

export function limitIn(request: unknown): number {
  const { limit } = (request ?? {}) as Partial<StrategyLogRequest>;
  if (Number.isSafeInteger(limit) && Number(limit) > 0) return Number(limit);
  throw new NdtsError('INVALID_ARGUMENT', 'expected { name, limit } with a limit above 0');
}

export class CalcMetrics {
  readonly #signals: Counter;
  readonly #factorRows: Counter;
  readonly #ticks: Counter;
  readonly #restarts: Counter;
  readonly #lapped: Counter;
  readonly #running: Gauge;
  readonly #latency: Gauge;
  readonly #seen = new Map<string, number>();

  constructor(metrics: Metrics) {
    const label = ['strategy'];
    this.#signals = metrics.counter('calc_signals_total', 'Signals emitted.', label);
    this.#ticks = metrics.counter('calc_ticks_total', 'Ticks a strategy has seen.', label);
    this.#restarts = metrics.counter('calc_strategy_restarts_total', 'Restarts.', label);
    this.#lapped = metrics.counter('calc_lapped_ticks_total', 'Ticks overtaken unread.', label);
    this.#factorRows = metrics.counter('calc_factor_rows_total', 'Factor values computed.');
    this.#running = metrics.gauge('calc_strategy_running', '1 while it runs.', label);
    this.#latency = metrics.gauge(
      'calc_tick_to_signal_seconds',
      'From the time of a tick to its signal, since the start.',
      ['quantile'],
    );
  }

  set(status: CalcStatus): void {
    for (const view of status.strategies) {
      const label = { strategy: view.name };
      this.#signals.inc(label, this.#grown(`signals ${view.name}`, view.signals));
      this.#ticks.inc(label, this.#grown(`ticks ${view.name}`, view.ticks));
      this.#restarts.inc(label, this.#grown(`restarts ${view.name}`, view.restarts));
      this.#lapped.inc(label, this.#grown(`lapped ${view.name}`, view.lapped));
      this.#running.set(label, view.state === 'running' ? 1 : 0);
    }
    this.#factorRows.inc(this.#grown('factorRows', status.factorRows));
    const { p50, p99, p999 } = status.tickToSignalUs;
    this.#latency.set({ quantile: '0.5' }, p50 / 1e6);
    this.#latency.set({ quantile: '0.99' }, p99 / 1e6);
    this.#latency.set({ quantile: '0.999' }, p999 / 1e6);
  }

  #grown(name: string, total: number): number {
    const before = this.#seen.get(name) ?? 0;
    this.#seen.set(name, total);
    return Math.max(0, total - before);
  }
}
