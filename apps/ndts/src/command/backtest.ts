// `ndts backtest`: a strategy over stored ticks, its result as a table and as a folder with a
// report; `list` and `compare` of saved runs.
//
// Always: the folder may be open in a node; what is printed with --json is what is saved.

import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type BacktestSummary,
  compareRuns,
  type ComparedFigure,
  type Comparison,
  listRuns,
  loadPlugin,
  loadSummary,
  type LookAheadResult,
  parseParameter,
  type RunDone,
  runInThread,
} from '@ndts/calc-node';
import { type ConfigValues, NdtsError } from '@ndts/protocol';
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

export interface BacktestFlags extends RunFlags {
  readonly param: readonly string[];
  readonly warmUpSeconds?: string;
  readonly lookAhead: boolean;
}

export interface SavedFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly out?: string;
  readonly json: boolean;
}

export const backtestFolder = 'backtests';

export function addBacktestCommands(
  command: Command,
  run: (plugins: string[], flags: BacktestFlags) => Promise<void>,
  values: (flags: SavedFlags) => ConfigValues,
  print: (text: string) => void,
): void {
  command.description('strategies over stored ticks (docs/backtest.md)');
  addRunOptions(
    command
      .command('run', { isDefault: true })
      .description('run one strategy, or several on one account')
      .argument('<strategies...>', 'built-in names, or files'),
  )
    .option('-p, --param <name=value>', 'a parameter; as often as needed', collect, [])
    .option('--warm-up-seconds <seconds>', 'ticks before --from that warm factors up')
    .option('--look-ahead', 'run again with other futures: fail where that shows', false)
    .action(run);
  const saved = (name: string, about: string): Command =>
    command
      .command(name)
      .description(about)
      .option('--data-dir <folder>', 'the data folder', 'data')
      .option('--config <file>', 'its configuration, YAML or TOML')
      .option('--out <folder>', 'where results are (default: in the data folder)')
      .option('--json', 'JSON, for programs', false);
  const folder = (flags: SavedFlags): string =>
    flags.out ?? join(values(flags).dataDir, backtestFolder);
  saved('list', 'saved runs').action((_: unknown, own: Command) => {
    const flags = own.optsWithGlobals<SavedFlags>();
    print(listText(folder(flags), flags.json));
  });
  saved('compare', 'two saved runs side by side')
    .argument('<first>', 'the first letters of its id, or its folder')
    .argument('<second>')
    .action((first: string, second: string, _: unknown, own: Command) => {
      const flags = own.optsWithGlobals<SavedFlags>();
      const [one, other] = [first, second].map((run) => loadSummary(folder(flags), run));
      const comparison = compareRuns(one!, other!);
      print(flags.json ? JSON.stringify(comparison) : comparisonText(comparison));
    });
}

/** Each parameter goes to the strategies that declare it; one must. */
async function strategiesOf(plugins: readonly string[], params: readonly string[]) {
  const pairs = params.map((text) => pairOf('param', text));
  const used = new Set<string>();
  const strategies = [];
  for (const plugin of plugins.map(pluginOf)) {
    const { strategy, compiled } = await loadPlugin(plugin);
    const parameters: Record<string, string | number | boolean> = {};
    for (const [name, text] of pairs) {
      if (!Object.hasOwn(strategy.params, name) && plugins.length > 1) continue;
      parameters[name] = parseParameter(strategy, name, text);
      used.add(name);
    }
    strategies.push({ plugin, parameters, ...compiled });
  }
  const unused = pairs.find(([name]) => !used.has(name));
  if (unused !== undefined)
    throw new NdtsError('INVALID_ARGUMENT', `--param: no strategy declares '${unused[0]}'`);
  return strategies;
}

function warmUpMs({ warmUpSeconds, from }: BacktestFlags): number {
  if (warmUpSeconds === undefined) return 0;
  const ms = Number(warmUpSeconds) * 1000;
  if (!(ms >= 0))
    throw new NdtsError('INVALID_ARGUMENT', `--warm-up-seconds: found '${warmUpSeconds}'`);
  if (from === undefined)
    throw new NdtsError('INVALID_ARGUMENT', '--warm-up-seconds goes with --from');
  return ms;
}

/** Whether the result may be trusted: false where the look-ahead check found something. */
export async function backtest(
  plugins: readonly string[],
  flags: BacktestFlags,
  context: RunContext,
): Promise<boolean> {
  const { values, clock, signal, screen, print } = context;
  const strategies = await strategiesOf(plugins, flags.param);
  const source = sourceOf(flags, values, warmUpMs(flags));
  const request = { strategies, settings: settingsOf(flags), source };
  const order = { request, folder: folderOf(flags, values, backtestFolder) };
  const line = new LiveLine(screen);
  const startNs = clock.monotonicNs();
  let done: RunDone;
  /** Until the last tick; the look-ahead check comes behind. */
  let seconds = 0;
  try {
    done = await runInThread(
      { ...order, lookAhead: flags.lookAhead },
      {
        signal,
        onProgress: (ticks, total) => {
          seconds = (clock.monotonicNs() - startNs) / 1e9;
          const rate = seconds > 0 ? Math.round(ticks / seconds) : 0;
          const bar = progressBar(ticks / Math.max(1, total));
          const text = `${bar} ${numberText(ticks)} ticks | ${numberText(rate)} ticks/s`;
          if (!flags.json) line.update(text, clock.nowMs());
        },
      },
    );
  } finally {
    line.end();
  }
  if (flags.json) print(JSON.stringify({ ...done, seconds }));
  else print(resultText(done, seconds));
  return done.lookAhead === null || done.lookAhead.finding === null;
}

function ratio(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}

function percent(value: number | null): string {
  return value === null ? '-' : `${(value * 100).toFixed(2)} %`;
}

function money(text: string): string {
  return numberText(Number(Number(text).toFixed(2)));
}

const symbolsShown = 10;

function resultText({ summary, path, lookAhead }: RunDone, seconds: number): string {
  const { statistics } = summary;
  const { total, refused } = statistics;
  const rate = seconds > 0 ? numberText(Math.round(statistics.ticks / seconds)) : '-';
  const refusals = Object.entries(refused).map(([why, count]) => `${why} ${numberText(count)}`);
  const rows = [
    ['profit', money(total.profit), 'Sharpe', ratio(statistics.sharpe)],
    ['return', percent(statistics.return), 'Sortino', ratio(statistics.sortino)],
    ['realised', money(total.realised), 'drawdown', percent(statistics.maxDrawdownShare)],
    ['unrealised', money(total.unrealised), 'win rate', percent(statistics.winRate)],
    ['fees', money(total.fees), 'profit factor', ratio(statistics.profitFactor)],
    ['equity', money(statistics.endEquity), 'turnover', ratio(statistics.turnover)],
    ['orders', numberText(statistics.orders), 'exposure', percent(statistics.averageExposure)],
    ['fills', numberText(total.fills), 'in market', percent(statistics.timeInMarket)],
  ];
  const widths = [10, 18, 14, 10];
  const lines = rows.map((row) =>
    row.map((cell, at) => (at % 2 === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))),
  );
  return [
    `${numberText(statistics.ticks)} ticks in ${seconds.toFixed(2)} s (${rate} ticks/s)`,
    `from ${statistics.firstTime ?? '-'} to ${statistics.lastTime ?? '-'}`,
    '',
    ...lines.map((cells) => cells.join('  ')),
    ...(refusals.length === 0 ? [] : ['', `refused: ${refusals.join(', ')}`]),
    '',
    symbolsText(summary),
    ...(lookAhead === null ? [] : ['', lookAheadText(lookAhead)]),
    '',
    `run ${summary.id}`,
    ...(path === '' ? [] : [`report ${join(path, 'report.html')}`]),
  ].join('\n');
}

function symbolsText({ statistics }: BacktestSummary): string {
  const sorted = statistics.bySymbol.toSorted((a, b) => Number(b.profit) - Number(a.profit));
  const shown =
    sorted.length <= symbolsShown
      ? sorted
      : [...sorted.slice(0, symbolsShown / 2), ...sorted.slice(-symbolsShown / 2)];
  const rows = shown.map((row) => [
    row.symbol,
    row.strategy,
    money(row.profit),
    money(row.fees),
    numberText(row.fills),
    row.quantity,
  ]);
  const right = { right: true };
  const columns = [
    { title: 'symbol' },
    { title: 'strategy' },
    { title: 'profit', ...right },
    { title: 'fees', ...right },
    { title: 'fills', ...right },
    { title: 'held', ...right },
  ];
  const more =
    sorted.length > shown.length ? `\n(best and worst of ${numberText(sorted.length)})` : '';
  return `${tableText(columns, rows)}${more}`;
}

function lookAheadText({ finding, outputs, ticks, cuts }: LookAheadResult): string {
  const looked = `${numberText(outputs)} outputs of ${numberText(ticks)} ticks, ${cuts} cuts`;
  if (finding === null) return `look-ahead: none found (${looked})`;
  const said = (text: string): string => (text === '' ? 'nothing' : `'${text}'`);
  return [
    `look-ahead: the output at ${finding.time} depends on later ticks`,
    `  with what came: ${said(finding.expected)}; with another future: ${said(finding.found)}`,
  ].join('\n');
}

function listText(folder: string, json: boolean): string {
  const summaries = listRuns(folder).map((id) => loadSummary(folder, id));
  if (json) return JSON.stringify(summaries);
  const right = { right: true };
  const columns = [
    { title: 'run' },
    { title: 'strategies' },
    { title: 'ticks', ...right },
    { title: 'profit', ...right },
    { title: 'Sharpe', ...right },
    { title: 'drawdown', ...right },
    { title: 'fills', ...right },
  ];
  const rows = summaries.map(({ id, identity, statistics }) => [
    id,
    identity.strategies.map(({ name }) => name).join(' + '),
    numberText(statistics.ticks),
    money(statistics.total.profit),
    ratio(statistics.sharpe),
    percent(statistics.maxDrawdownShare),
    numberText(statistics.total.fills),
  ]);
  return tableText(columns, rows);
}

function figureText(value: ComparedFigure['first']): string {
  if (value === null) return '-';
  // Shares of equity are small numbers, and what differs in them is what is looked for.
  if (typeof value === 'number')
    return Math.abs(value) < 1000 ? String(Number(value.toPrecision(4))) : numberText(value);
  return /^-?\d/.test(value) && !value.includes('T') ? money(value) : value;
}

function comparisonText({ first, second, differences, figures }: Comparison): string {
  const right = { right: true };
  const columns = [
    { title: '' },
    { title: first, ...right },
    { title: second, ...right },
    { title: 'difference', ...right },
  ];
  const rows = figures.map(({ name, first: a, second: b, difference }) => [
    name,
    figureText(a),
    figureText(b),
    difference === null || difference === 0 ? '' : figureText(difference),
  ]);
  const differing =
    differences.length === 0
      ? 'the same code, data, parameters and settings'
      : tableText(
          [{ title: 'differs' }, { title: first }, { title: second }],
          differences.map((one) => [one.path, one.first, one.second]),
        );
  return `${differing}\n\n${tableText(columns, rows)}`;
}
