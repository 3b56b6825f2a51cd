// The result of a run and its folder: run.json (identity and statistics), fills.csv, equity.csv and
// report.html. Always: equal runs write equal bytes, no file says when or how fast it was made;
// run.json is written last, so a folder that has one is complete.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { moneyText, NdtsError, timeText } from '@ndts/protocol';
import type { Backtest } from './backtest.js';
import type { EquityCurve } from './equity-curve.js';
import type { FillRecord } from './fill-record.js';
import { runId, type RunIdentity } from './identity.js';
import { reportHtml } from './report.js';
import { type RunSpan, type Statistics, statisticsOf, timeAt } from './statistics.js';

export const resultVersion = 1;

export interface BacktestSummary {
  readonly version: number;
  readonly id: string;
  readonly identity: RunIdentity;
  readonly statistics: Statistics;
  /** What hooks logged, the first lines of each strategy. */
  readonly log: Readonly<Record<string, readonly string[]>>;
}

export interface BacktestResult {
  readonly summary: BacktestSummary;
  readonly fills: FillRecord;
  readonly curve: EquityCurve;
  readonly names: ReadonlyMap<number, string>;
}

export function resultOf(
  backtest: Backtest,
  identity: RunIdentity,
  names: ReadonlyMap<number, string>,
  span: RunSpan,
): BacktestResult {
  const log = Object.fromEntries(
    backtest.participants.map(({ strategy, logLines }, place) => [
      `${place + 1} ${strategy.name}`,
      logLines,
    ]),
  );
  const statistics = statisticsOf(backtest, names, span);
  return {
    summary: { version: resultVersion, id: runId(identity), identity, statistics, log },
    fills: backtest.venue.fills,
    curve: backtest.curve,
    names,
  };
}

function csvField(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function fillsCsv({ fills, names, summary }: BacktestResult): string {
  const strategies = summary.identity.strategies.map(({ name }) => csvField(name));
  const lines = ['time,strategy,symbol,side,quantity,price,fee,realised,order,liquidity'];
  for (let at = 0; at < fills.count; at += 1) {
    const fill = fills.row(at);
    const liquidity = fill.isForced ? 'forced' : fill.isMaker ? 'maker' : 'taker';
    const cells = [
      timeText(fill),
      strategies[fill.strategy],
      csvField(names.get(fill.symbol) ?? String(fill.symbol)),
      fill.side > 0 ? 'buy' : 'sell',
      ...[fill.quantity, fill.price, fill.fee, fill.realised].map(moneyText),
      fill.order,
      liquidity,
    ];
    lines.push(cells.join(','));
  }
  return `${lines.join('\n')}\n`;
}

export function equityCsv({ curve }: BacktestResult): string {
  const lines = ['time,equity,gross,net'];
  for (let at = 0; at < curve.count; at += 1) {
    const money = [curve.equity[at]!, curve.gross[at]!, curve.net[at]!].map(moneyText);
    lines.push(`${timeText(timeAt(curve, at))},${money.join(',')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The files by name, run.json last. */
export function resultFiles(result: BacktestResult): Readonly<Record<string, string>> {
  return {
    'fills.csv': fillsCsv(result),
    'equity.csv': equityCsv(result),
    'report.html': reportHtml(result),
    'run.json': `${JSON.stringify(result.summary, null, 2)}\n`,
  };
}

/** Writes the folder of the run below `folder`; returns its path. */
export function saveResult(folder: string, result: BacktestResult): string {
  const path = join(folder, result.summary.id);
  mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(resultFiles(result))) {
    const draft = join(path, `.${name}.new`);
    writeFileSync(draft, text);
    renameSync(draft, join(path, name));
  }
  return path;
}

/** By the first letters of its id, or by the path of its folder. NOT_FOUND, CORRUPT. */
export function loadSummary(folder: string, run: string): BacktestSummary {
  const path = findRun(folder, run);
  try {
    const summary = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as BacktestSummary;
    if (summary.version !== resultVersion || typeof summary.statistics !== 'object')
      throw new Error(`expected version ${resultVersion}, found ${summary.version}`);
    return summary;
  } catch (error) {
    throw new NdtsError('CORRUPT', `${path}/run.json: ${String(error)}`, { cause: error });
  }
}

function findRun(folder: string, run: string): string {
  if (existsSync(join(run, 'run.json'))) return run;
  const found = listRuns(folder).filter((id) => id.startsWith(run));
  if (found.length === 1) return join(folder, found[0]!);
  const what = found.length === 0 ? 'no run' : `${found.length} runs`;
  throw new NdtsError('NOT_FOUND', `${what} in ${folder} with an id that begins with '${run}'`);
}

/** Ids of complete runs. */
export function listRuns(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'run.json')))
    .toSorted();
}
