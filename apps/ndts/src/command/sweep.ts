// `ndts sweep`: one strategy with many parameters over the same ticks, spread over threads; with
// walk-forward, each fold judged on ticks that it did not see.

import { join } from 'node:path';
import { type Command, Option } from 'commander';
import {
  gridPoints,
  loadPlugin,
  parseParameter,
  type ParameterRange,
  parseRange,
  randomPoints,
  runSweep,
  saveSweep,
  type SweepMetric,
  sweepMetrics,
  type SweepProgress,
  type SweepResult,
  type SweepRow,
} from '@ndts/calc-node';
import { NdtsError } from '@ndts/protocol';
import { progressBar } from '../screen/progress-bar.js';
import { LiveLine } from '../screen/status-line.js';
import { numberText, tableText } from '../screen/table.js';
import {
  addRunOptions,
  collect,
  folderOf,
  pairOf,
  pluginOf,
  type RunContext,
  type RunFlags,
  settingsOf,
  sourceOf,
} from './run-options.js';
import { countOf } from './count.js';

export interface SweepFlags extends RunFlags {
  readonly param: readonly string[];
  readonly vary: readonly string[];
  readonly random?: string;
  readonly threads: string;
  readonly memoryMb: string;
  readonly metric: SweepMetric;
  readonly walkForward?: string;
  readonly anchored: boolean;
  readonly top: string;
}

const sweepFolder = 'sweeps';

export function addSweepCommand(
  command: Command,
  run: (plugin: string, flags: SweepFlags) => Promise<void>,
): void {
  addRunOptions(
    command
      .description('one strategy with many parameters over the same ticks (docs/backtest.md)')
      .argument('<strategy>', 'a built-in name, or a file'),
  )
    .option('-v, --vary <name=values>', 'as period=10,20,50 or width=1..3:0.5', collect, [])
    .option('-p, --param <name=value>', 'a parameter that stays as it is', collect, [])
    .option('--random <count>', 'so many points drawn from the ranges, not all')
    .option('--threads <count>', 'runs at the same time', '2')
    .option('--memory-mb <size>', 'for the ticks', '4096')
    .addOption(
      new Option('--metric <name>', 'what is best').choices(sweepMetrics).default('sharpe'),
    )
    .option('--walk-forward <folds>', 'take the best of each part, judge it on the next')
    .option('--anchored', 'of --walk-forward: train on all parts before, not on the last', false)
    .option('--top <count>', 'rows of the table', '20')
    .action(run);
}

async function pointsOf(plugin: string, flags: SweepFlags, seed: number) {
  const { strategy } = await loadPlugin(plugin);
  const base: Record<string, string | number | boolean> = {};
  for (const [name, text] of flags.param.map((pair) => pairOf('param', pair)))
    base[name] = parseParameter(strategy, name, text);
  const ranges: Record<string, ParameterRange> = {};
  for (const [name, text] of flags.vary.map((pair) => pairOf('vary', pair)))
    ranges[name] = parseRange(strategy, name, text);
  if (Object.keys(ranges).length === 0)
    throw new NdtsError('INVALID_ARGUMENT', 'expected --vary name=values at least once');
  if (flags.random === undefined) return gridPoints(base, ranges);
  return randomPoints(base, ranges, countOf('random', flags.random), seed);
}

export async function sweep(
  plugin: string,
  flags: SweepFlags,
  { values, clock, signal, screen, print }: RunContext,
): Promise<void> {
  if (flags.anchored && flags.walkForward === undefined)
    throw new NdtsError('INVALID_ARGUMENT', '--anchored goes with --walk-forward');
  const settings = settingsOf(flags);
  const top = countOf('top', flags.top);
  const points = await pointsOf(pluginOf(plugin), flags, settings.seed);
  const request = {
    plugin: pluginOf(plugin),
    points,
    settings,
    source: sourceOf(flags, values),
    metric: flags.metric,
    threads: countOf('threads', flags.threads),
    memoryBytes: countOf('memory-mb', flags.memoryMb) * 1e6,
    ...(flags.walkForward === undefined
      ? {}
      : {
          walkForward: {
            folds: countOf('walk-forward', flags.walkForward),
            anchored: flags.anchored,
          },
        }),
  };
  const line = new LiveLine(screen);
  const startNs = clock.monotonicNs();
  const elapsed = (): number => (clock.monotonicNs() - startNs) / 1e9;
  let result: SweepResult;
  try {
    result = await runSweep(request, {
      signal,
      onProgress: (progress) => {
        if (!flags.json) line.update(progressText(progress, elapsed()), clock.nowMs());
      },
    });
  } finally {
    line.end();
  }
  const path = saveSweep(folderOf(flags, values, sweepFolder), result);
  if (flags.json) print(JSON.stringify({ ...result, path, seconds: elapsed() }));
  else print(sweepText(result, path, elapsed(), top));
}

export function progressText(progress: SweepProgress, seconds: number): string {
  if (progress.phase === 'load') {
    const bar = progressBar(progress.ticks / Math.max(1, progress.total));
    return `${bar} reading ${numberText(progress.ticks)} ticks`;
  }
  const { done, total, failed } = progress;
  const left = done > 0 ? (seconds / done) * (total - done) : Number.NaN;
  const parts = [
    progressBar(done / Math.max(1, total)),
    `${numberText(Math.floor(done))} of ${numberText(total)} runs`,
    ...(failed > 0 ? [`${numberText(failed)} failed`] : []),
    ...(Number.isFinite(left) ? [`${left.toFixed(0)} s left`] : []),
  ];
  return parts.join(' | ');
}

function ratio(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : value.toFixed(3);
}

function rowsTable(rows: readonly SweepRow[], metric: string): string {
  const names = [...new Set(rows.flatMap(({ parameters }) => Object.keys(parameters)))];
  const right = { right: true };
  const columns = [
    ...names.map((title) => ({ title, ...right })),
    { title: metric, ...right },
    { title: 'profit', ...right },
    { title: 'drawdown', ...right },
    { title: 'fills', ...right },
    { title: 'run' },
  ];
  const cells = rows.map(({ parameters, score, statistics, run, failure }) => [
    ...names.map((name) => String(parameters[name] ?? '')),
    ratio(score),
    statistics === null ? '-' : numberText(Number(Number(statistics.total.profit).toFixed(2))),
    statistics === null ? '-' : `${(statistics.maxDrawdownShare * 100).toFixed(2)} %`,
    statistics === null ? '-' : numberText(statistics.total.fills),
    run ?? `failed: ${failure ?? ''}`,
  ]);
  return tableText(columns, cells);
}

function foldsTable({ folds, metric }: SweepResult): string {
  const right = { right: true };
  const columns = [
    { title: 'fold', ...right },
    { title: 'trained on', ...right },
    { title: 'best' },
    { title: `${metric} there`, ...right },
    { title: 'tested on', ...right },
    { title: `${metric} after`, ...right },
    { title: 'profit after', ...right },
  ];
  const rows = folds.map(({ train, test, best, tested }, at) => [
    String(at + 1),
    `${numberText(train.end - train.first)} ticks`,
    Object.entries(best?.parameters ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    ratio(best?.score),
    `${numberText(test.end - test.first)} ticks`,
    ratio(tested?.score),
    tested?.statistics === null || tested === null
      ? '-'
      : numberText(Number(Number(tested.statistics.total.profit).toFixed(2))),
  ]);
  return tableText(columns, rows);
}

function sweepText(result: SweepResult, path: string, seconds: number, top: number): string {
  const runs = result.rows.length;
  const failed = result.rows.filter(({ failure }) => failure !== null).length;
  const table =
    result.folds.length > 0
      ? foldsTable(result)
      : rowsTable(result.rows.slice(0, top), result.metric);
  const more = runs > top ? `\n(the best ${top} of ${numberText(runs)})` : '';
  const what =
    result.folds.length > 0 ? `${result.folds.length} folds` : `${numberText(runs)} runs`;
  const failures = failed > 0 ? `, ${numberText(failed)} failed` : '';
  return [
    `${what} over ${numberText(result.ticks)} ticks in ${seconds.toFixed(1)} s${failures}`,
    '',
    `${table}${more}`,
    '',
    `sweep ${result.id}`,
    `table ${join(path, 'sweep.csv')}`,
  ].join('\n');
}
