// One run from a description that is plain data to its result, on the thread that calls. A worker
// does it for the command and for sweeps (run-worker.ts).

import type { Random, TickBatch, Time } from '@ndts/protocol';
import type { CompiledFile } from '../strategy/compile-plugin.js';
import type { AnyStrategy } from '../strategy/define.js';
import type { GivenParameters } from '../strategy/parameters.js';
import { Backtest, type BacktestOptions } from './backtest.js';
import { checkParameters } from './given-parameters.js';
import type { HistorySymbol } from './history-ticks.js';
import { codeHash, DataHash, runIdentity, type StrategyIdentity } from './identity.js';
import { loadPlugin } from './load-plugin.js';
import { type BacktestResult, resultOf } from './result.js';
import type { BacktestSettings } from './settings.js';
import { batchRows, dropRows } from './tape.js';
import { openSource, type TickSource } from './tick-source.js';

export interface RunStrategy {
  /** Built-in name, or absolute path of a file. */
  readonly plugin: string;
  /** Files of it that had to be compiled. */
  readonly compiled?: readonly CompiledFile[];
  readonly parameters: GivenParameters;
}

export interface RunRequest {
  readonly strategies: readonly RunStrategy[];
  readonly settings: BacktestSettings;
  readonly source: TickSource;
}

export interface RunHooks {
  readonly signal?: AbortSignal;
  /** Ticks so far, of how many. */
  readonly onProgress?: (ticks: number, total: number) => void;
}

const batchesPerProgress = 64;

export async function loadStrategies(strategies: readonly RunStrategy[]) {
  const loaded = [];
  for (const { plugin, compiled, parameters } of strategies) {
    const { strategy } = await loadPlugin(plugin, compiled);
    checkParameters(strategy, parameters);
    const { name, version } = strategy;
    const code = codeHash(plugin, strategy);
    const identity: StrategyIdentity = { plugin, name, version, code, parameters };
    loaded.push({ strategy, parameters, identity });
  }
  return loaded;
}

/** Chance of a run; loaded where there is any, since a sweep starts a thread for each run. */
export async function randomOf({ seed }: BacktestSettings): Promise<Random> {
  const { SeededRandom } = await import('@ndts/runtime');
  return new SeededRandom(seed);
}

/** Makes the same run over again. */
export type BeginRun = (onOutput?: BacktestOptions['onOutput']) => Promise<Backtest>;

export function runsOf(
  strategies: BacktestOptions['strategies'],
  symbols: readonly HistorySymbol[],
  settings: BacktestSettings,
): BeginRun {
  return async (onOutput) => {
    const random = settings.latencyJitterUs > 0 ? await randomOf(settings) : undefined;
    return new Backtest({
      ...{ strategies, symbols, settings, capacity: batchRows },
      ...(random === undefined ? {} : { random }),
      ...(onOutput === undefined ? {} : { onOutput }),
    });
  };
}

/** The first `warmUp` rows only warm up; the batch is used up. Whether any row is left to run. */
export function warmUpFirst(backtest: Backtest, batch: TickBatch, warmUp: number): boolean {
  if (warmUp === 0) return batch.count > 0;
  const { count } = batch;
  batch.count = warmUp;
  backtest.warmUp(batch);
  batch.count = count;
  dropRows(batch, warmUp);
  return batch.count > 0;
}

/** Whether some strategy is to be handed books. */
export function wantsBooks(loaded: readonly { readonly strategy: AnyStrategy }[]): boolean {
  return loaded.some(({ strategy }) => strategy.onBook !== undefined);
}

function timeOf(batch: TickBatch, row: number): Time {
  return { day: batch.day[row]!, nsOfDay: batch.nsOfDay[row]! };
}

/** Throws what a hook throws, PLUGIN_FAILED, INVALID_ARGUMENT of parameters, NOT_FOUND of symbols,
 * and what the signal was aborted with. */
export async function executeRun(
  request: RunRequest,
  { signal, onProgress }: RunHooks = {},
): Promise<BacktestResult> {
  const { settings } = request;
  const loaded = await loadStrategies(request.strategies);
  const source = await openSource(request.source, wantsBooks(loaded), signal);
  try {
    const { symbols, total } = source;
    const backtest = await runsOf(loaded, symbols, settings)();
    const hash = source.data === '' ? new DataHash() : undefined;
    let [rows, warmUpRows, batches] = [0, 0, 0];
    let first: Time | undefined;
    let last: Time | undefined;
    for await (const { batch, warmUp, books } of source.batches()) {
      hash?.add(batch);
      if (books !== undefined) hash?.addBooks(books);
      rows += batch.count;
      warmUpRows += warmUp;
      batches += 1;
      if (warmUpFirst(backtest, batch, warmUp)) {
        first ??= timeOf(batch, 0);
        last = timeOf(batch, batch.count - 1);
      }
      backtest.run(batch, books);
      if (batches % batchesPerProgress === 0) onProgress?.(rows, total);
    }
    backtest.finish();
    onProgress?.(total, total);
    const data = hash?.digest(symbols, warmUpRows) ?? source.data;
    const strategies = loaded.map(({ identity }) => identity);
    const names = new Map(symbols.map(({ id, name }) => [id, name]));
    return resultOf(backtest, runIdentity({ strategies, settings, data }), names, { first, last });
  } finally {
    await source.close();
  }
}
