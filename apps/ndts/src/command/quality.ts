// `ndts quality`: which symbols are not GOOD; or one symbol, with what happened to it. Asked of a
// running node, because only it knows the present; the past is in the table `quality`.

import type { Command } from 'commander';
import { type QualityView, timeFromMs, timeText } from '@ndts/protocol';
import { tableText } from '../screen/table.js';
import { fetchJson, findTarget, type TargetOptions } from './running.js';

export interface QualityFlags extends TargetOptions {
  readonly json: boolean;
  readonly limit: number;
}

export function addQuality(
  program: Command,
  parseCount: (text: string) => number,
  print: (text: string) => void,
): void {
  program
    .command('quality')
    .description('symbols that are not GOOD; or one symbol and its changes (docs/quality.md)')
    .argument('[symbol]', 'name or id')
    .option('--data-dir <folder>', 'data folder of the node', 'data')
    .option('--url <url>', 'its address, when it runs elsewhere')
    .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)')
    .option('--limit <count>', 'changes shown of a symbol', parseCount, 20)
    .option('--json', 'one JSON line, for programs', false)
    .action((symbol: string | undefined, flags: QualityFlags) => quality(symbol, flags, print));
}

export async function quality(
  symbol: string | undefined,
  flags: QualityFlags,
  print: (text: string) => void,
): Promise<void> {
  const query =
    symbol === undefined ? '' : `?symbol=${encodeURIComponent(symbol)}&limit=${flags.limit}`;
  const answer = await fetchJson(findTarget(flags), `/api/quality${query}`);
  const views = answer as readonly QualityView[];
  if (flags.json) print(JSON.stringify(views));
  else if (symbol !== undefined) print(views.map(symbolText).join('\n'));
  else if (views.length === 0) print('all symbols are GOOD');
  else print(listText(views));
}

function listText(views: readonly QualityView[]): string {
  return tableText(
    [
      { title: 'symbol' },
      { title: 'state' },
      { title: 'for', right: true },
      { title: 'last tick', right: true },
      { title: 'source' },
      { title: 'reason' },
    ],
    views.map((view) => [
      view.name,
      view.state,
      secondsText(view.sinceMs),
      view.tickAgeMs === null ? 'none' : `${secondsText(view.tickAgeMs)} ago`,
      view.source,
      view.reason,
    ]),
  );
}

function symbolText(view: QualityView): string {
  const tick = view.tickAgeMs === null ? 'none yet' : `${secondsText(view.tickAgeMs)} ago`;
  const head = [
    `${view.name} is ${view.state} for ${secondsText(view.sinceMs)}`,
    `last good tick ${tick}`,
  ].join('; ');
  if (view.history.length === 0) return `${head}\nnothing was ever wrong`;
  const rows = view.history.map(({ timeMs, from, to, reason, source }) => [
    timeText(timeFromMs(timeMs)),
    from,
    to,
    source,
    reason,
  ]);
  const columns = ['time', 'from', 'to', 'source', 'reason'].map((title) => ({ title }));
  return `${head}\n\n${tableText(columns, rows)}`;
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
