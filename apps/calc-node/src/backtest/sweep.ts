// Many runs of one strategy over the same ticks: the ticks are read once into shared memory, runs
// are spread over threads. With walk-forward each fold takes the best of its training rows and is
// judged on the rows after them. Always: the result does not depend on how many threads there were;
// a run that fails is a row with its reason, the others go on.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorLine, NdtsError } from '@ndts/protocol';
import type { GivenParameters } from '../strategy/parameters.js';
import { checkParameters } from './given-parameters.js';
import { canonicalJson, codeHash, hashText } from './identity.js';
import type { BacktestSummary } from './result.js';
import { runInThread } from './run-thread.js';
import type { BacktestSettings } from './settings.js';
import type { Statistics } from './statistics.js';
import { type LoadedPlugin, loadPlugin } from './load-plugin.js';
import { type RecordedTape, recordTape } from './record-tape.js';
import { type HistorySource, noTicks, tapeData, type TapeSource } from './tick-source.js';
import { type Fold, type Rows, walkForward } from './windows.js';

export const sweepMetrics = [
  'sharpe',
  'sortino',
  'return',
  'profit',
  'profitFactor',
  'maxDrawdownShare',
] as const;
export type SweepMetric = (typeof sweepMetrics)[number];

/** Plain data. */
export interface SweepRequest {
  readonly plugin: string;
  /** What gridPoints or randomPoints made. */
  readonly points: readonly GivenParameters[];
  readonly settings: BacktestSettings;
  readonly source: HistorySource;
  readonly metric: SweepMetric;
  readonly threads: number;
  /** Memory for the ticks. */
  readonly memoryBytes: number;
  readonly walkForward?: { readonly folds: number; readonly anchored: boolean };
}

export type SweepProgress =
  | { readonly phase: 'load'; readonly ticks: number; readonly total: number }
  | {
      readonly phase: 'run';
      /** Runs that ended, of how many; parts of runs count. */
      readonly done: number;
      readonly total: number;
      readonly failed: number;
    };

export interface SweepHooks {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SweepProgress) => void;
}

export interface SweepRow {
  readonly parameters: GivenParameters;
  /** null: it failed, or the metric has no answer. */
  readonly score: number | null;
  readonly run: string | null;
  readonly statistics: Omit<Statistics, 'bySymbol'> | null;
  readonly failure: string | null;
}

export interface FoldResult {
  readonly train: Rows;
  readonly test: Rows;
  /** Of the training rows; null: no run had a score. */
  readonly best: SweepRow | null;
  /** The same parameters on the rows after them. */
  readonly tested: SweepRow | null;
}

export interface SweepResult {
  readonly version: number;
  readonly id: string;
  readonly plugin: string;
  readonly metric: SweepMetric;
  readonly ticks: number;
  /** All points over all ticks, best first; without walk-forward. */
  readonly rows: readonly SweepRow[];
  readonly folds: readonly FoldResult[];
}

export const sweepVersion = 1;

/** Smaller drawdowns are better, of all else more. */
function scoreOf(metric: SweepMetric, { statistics }: BacktestSummary): number | null {
  if (metric === 'profit') return Number(statistics.total.profit);
  if (metric === 'maxDrawdownShare') return -statistics.maxDrawdownShare;
  return statistics[metric];
}

/** Best first; what has no score last; else as the points came. */
function sorted(rows: readonly SweepRow[]): SweepRow[] {
  const key = ({ score }: SweepRow): number => score ?? Number.NEGATIVE_INFINITY;
  return rows.toSorted((a, b) => (key(a) === key(b) ? 0 : key(b) - key(a)));
}

class Sweep {
  readonly #request: SweepRequest;
  readonly #hooks: SweepHooks;
  readonly #loaded: RecordedTape;
  readonly #compiled: LoadedPlugin['compiled'];
  readonly #data = new Map<string, string>();
  readonly #parts = new Map<number, number>();
  #started = 0;
  #ended = 0;
  #failed = 0;
  total = 0;

  constructor(
    request: SweepRequest,
    hooks: SweepHooks,
    loaded: RecordedTape,
    compiled: LoadedPlugin['compiled'],
  ) {
    this.#compiled = compiled;
    this.#request = request;
    this.#hooks = hooks;
    this.#loaded = loaded;
  }

  /** A row for each point, in their order. */
  async runAll(
    points: readonly GivenParameters[],
    rows: Rows,
    warmUpFirst: number,
  ): Promise<SweepRow[]> {
    const results: SweepRow[] = [];
    let next = 0;
    const thread = async (): Promise<void> => {
      while (next < points.length) {
        const at = next;
        next += 1;
        results[at] = await this.#run(points[at]!, rows, warmUpFirst);
      }
    };
    const threads = Math.min(this.#request.threads, points.length);
    await Promise.all(Array.from({ length: threads }, thread));
    return results;
  }

  async #run(parameters: GivenParameters, rows: Rows, warmUpFirst: number): Promise<SweepRow> {
    const { plugin, settings, metric } = this.#request;
    const { signal } = this.#hooks;
    const place = this.#started;
    this.#started += 1;
    const strategies = [{ plugin, parameters, ...this.#compiled }];
    const source = await this.source(rows, warmUpFirst);
    const request = { strategies, settings, source };
    const onProgress = (ticks: number, total: number): void => {
      this.#parts.set(place, ticks / Math.max(1, total));
      this.#tell();
    };
    const hooks = { onProgress, ...(signal === undefined ? {} : { signal }) };
    try {
      const { summary } = await runInThread({ request }, hooks);
      const { bySymbol: _, ...statistics } = summary.statistics;
      const score = scoreOf(metric, summary);
      return { parameters, score, run: summary.id, statistics, failure: null };
    } catch (error) {
      if (signal?.aborted === true) throw cancelled();
      this.#failed += 1;
      const failure = errorLine(error).split('\n')[0] ?? '';
      return { parameters, score: null, run: null, statistics: null, failure };
    } finally {
      this.#parts.delete(place);
      this.#ended += 1;
      this.#tell();
    }
  }

  /** Rows of the tape with their hash, which is worked out once. */
  async source({ first, end }: Rows, warmUpFirst: number): Promise<TapeSource> {
    const source = { kind: 'tape' as const, ...this.#loaded, first, end, warmUpFirst };
    const key = `${warmUpFirst} ${first} ${end}`;
    let data = this.#data.get(key);
    if (data === undefined) {
      data = await tapeData(source);
      this.#data.set(key, data);
    }
    return { ...source, data };
  }

  #tell(): void {
    if (this.#hooks.signal?.aborted === true) return; // nobody looks any more
    let done = this.#ended;
    for (const part of this.#parts.values()) done += part;
    const { total } = this;
    this.#hooks.onProgress?.({ phase: 'run', done, total, failed: this.#failed });
  }
}

function cancelled(): NdtsError {
  return new NdtsError('CANCELLED', 'the sweep was cancelled');
}

async function runFold(sweep: Sweep, request: SweepRequest, fold: Fold): Promise<FoldResult> {
  const { train, test } = fold;
  const trained = sorted(await sweep.runAll(request.points, train, train.first));
  const best = trained[0]?.score === null ? undefined : trained[0];
  if (best === undefined) return { train, test, best: null, tested: null };
  const [tested] = await sweep.runAll([best.parameters], test, train.first);
  return { train, test, best, tested: tested ?? null };
}

/** Throws CANCELLED when the signal is aborted, MEMORY_LIMIT, PLUGIN_FAILED, INVALID_ARGUMENT. */
export async function runSweep(
  request: SweepRequest,
  hooks: SweepHooks = {},
): Promise<SweepResult> {
  const { strategy, compiled } = await loadPlugin(request.plugin);
  for (const point of request.points) checkParameters(strategy, point);
  if (request.points.length === 0)
    throw new NdtsError('INVALID_ARGUMENT', 'expected at least one point');
  const { signal, onProgress } = hooks;
  const withBooks = strategy.onBook !== undefined;
  const loaded = await recordTape(request.source, request.memoryBytes, withBooks, {
    ...(signal === undefined ? {} : { signal }),
    onProgress: (ticks, total) => onProgress?.({ phase: 'load', ticks, total }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw cancelled();
    throw error;
  });
  const { tape } = loaded;
  if (tape.rows === 0) throw noTicks();
  const sweep = new Sweep(request, hooks, loaded, compiled);
  const { points, metric, plugin, settings } = request;
  const all = { first: 0, end: tape.rows };
  const folds =
    request.walkForward === undefined
      ? []
      : walkForward(tape.rows, request.walkForward.folds, request.walkForward.anchored);
  sweep.total = folds.length === 0 ? points.length : folds.length * (points.length + 1);
  const foldResults: FoldResult[] = [];
  for (const fold of folds) foldResults.push(await runFold(sweep, request, fold));
  const rows = folds.length === 0 ? sorted(await sweep.runAll(points, all, 0)) : [];
  const { data } = await sweep.source(all, 0);
  const code = codeHash(plugin, strategy);
  const identity = { code, data, points, settings, metric, walk: request.walkForward ?? null };
  return {
    version: sweepVersion,
    id: hashText(canonicalJson(identity)),
    plugin: strategy.name,
    metric,
    ticks: tape.rows,
    rows,
    folds: foldResults,
  };
}

const csvFigures = [
  'return',
  'sharpe',
  'sortino',
  'maxDrawdownShare',
  'turnover',
  'winRate',
  'profitFactor',
] as const;

export function sweepCsv({ rows }: SweepResult): string {
  const names = [...new Set(rows.flatMap(({ parameters }) => Object.keys(parameters)))];
  const lines = [[...names, 'score', 'profit', 'fills', ...csvFigures, 'run', 'failure'].join(',')];
  for (const { parameters, score, statistics, run, failure } of rows) {
    const figures = csvFigures.map((name) => statistics?.[name] ?? '');
    const values = names.map((name) => String(parameters[name] ?? ''));
    const total = [statistics?.total.profit ?? '', statistics?.total.fills ?? ''];
    const why = failure === null ? '' : `"${failure.replaceAll('"', '""')}"`;
    lines.push([...values, score ?? '', ...total, ...figures, run ?? '', why].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Writes sweep.json and sweep.csv below `folder`; returns their folder. */
export function saveSweep(folder: string, result: SweepResult): string {
  const path = join(folder, result.id);
  mkdirSync(path, { recursive: true });
  const files = {
    'sweep.csv': sweepCsv(result),
    'sweep.json': `${JSON.stringify(result, null, 2)}\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    const draft = join(path, `.${name}.new`);
    writeFileSync(draft, text);
    renameSync(draft, join(path, name));
  }
  return path;
}
