// `ndts clean`: cleaning rules (docs/cleaning.md). check and try read a file of proposed rules, and
// change nothing; rules and reload ask the node that runs.

import type { Command } from 'commander';
import {
  type CleanRulesView,
  type CleanTryChange,
  type CleanTryView,
  type Clock,
  type ConfigValues,
  NdtsError,
  timeFromMs,
  timeText,
} from '@ndts/protocol';
import { type DaySpan, readTextDocument } from '@ndts/runtime';
import {
  calendarSpan,
  type CompiledRules,
  compileRules,
  rowsOfClient,
  rulesView,
  tryRules,
} from '@ndts/data-node';
import { numberText, tableText } from '../screen/table.js';
import { addSourceOptions, openSource, type SourceFlags } from './data-source.js';
import { parseTime } from './replay.js';
import { findTarget, requestJson, type TargetOptions } from './running.js';

export interface CleanContext {
  readonly values: (flags: { dataDir: string; config?: string }) => ConfigValues;
  readonly clock: Clock;
  readonly print: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface CheckFlags {
  readonly config?: string;
  readonly json: boolean;
}

export interface TryFlags extends SourceFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly from: string;
  readonly to: string;
  readonly symbols?: string;
  readonly samples: number;
  readonly json: boolean;
}

export interface RunningFlags extends TargetOptions {
  readonly json: boolean;
}

/** For a node that is about to serve. */
const openTimeoutMs = 1000;
const samplesMax = 100;

export function addClean(program: Command, context: CleanContext): void {
  const clean = program
    .command('clean')
    .description('cleaning rules: check, try, rules, reload (docs/cleaning.md)');
  const json = ['--json', 'one JSON line, for programs', false] as const;
  clean
    .command('check')
    .description('whether a file of rules is right')
    .argument('<file>', 'YAML, JSON or TOML')
    .option('--config <file>', 'configuration of the node, YAML or TOML')
    .option(...json)
    .action((file: string, flags: CheckFlags) => checkRules(file, flags, context));
  addSourceOptions(
    clean
      .command('try')
      .description('what a file of rules would have judged otherwise than was done')
      .argument('<file>', 'YAML, JSON or TOML'),
  )
    .requiredOption('--from <time>', 'first time, as 2026-01-02T09:30:00 (UTC) or 2026-01-02')
    .requiredOption('--to <time>', 'up to this time, which is not in it')
    .option('--symbols <names>', 'some symbols, with commas between (default: all)')
    .option('--samples <count>', 'ticks that are shown of each kind', parseSamples, 3)
    .option(...json)
    .action((file: string, flags: TryFlags) => tryFile(file, flags, context));
  const running = (name: string, about: string): Command =>
    clean
      .command(name)
      .description(about)
      .option('--data-dir <folder>', 'the data folder of the node', 'data')
      .option('--url <url>', 'address of the node, when it runs elsewhere')
      .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)')
      .option(...json);
  running('rules', 'the rules in force in a running node')
    .argument('[symbol]', 'those of this symbol')
    .action((symbol: string | undefined, flags: RunningFlags) =>
      showRules(symbol, flags, context.print),
    );
  running('reload', 'have a running node read its file again, at once').action(
    (flags: RunningFlags) => reloadRules(flags, context.print),
  );
}

function parseSamples(text: string): number {
  const count = Number(text);
  if (text.trim() !== '' && Number.isInteger(count) && count >= 0 && count <= samplesMax)
    return count;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `--samples: expected a whole number from 0 to ${samplesMax}, found '${text}'`,
  );
}

export function checkRules(
  file: string,
  flags: CheckFlags,
  { values, clock, print }: CleanContext,
): void {
  const { config } = flags;
  const read = values({ dataDir: 'data', ...(config === undefined ? {} : { config }) });
  const rules = readRulesFile(file, read, calendarSpan(clock));
  const view = rulesView(rules, { file, loadedMs: clock.nowMs(), problem: '' });
  print(flags.json ? JSON.stringify(view) : `${file} is right: ${summaryText(view)}`);
}

function readRulesFile(file: string, config: ConfigValues, span: DaySpan): CompiledRules {
  return compileRules(readTextDocument(file), config, span);
}

export async function tryFile(file: string, flags: TryFlags, context: CleanContext): Promise<void> {
  const { clock, print, signal } = context;
  const config = context.values(flags);
  const from = parseTime(flags.from, 'from');
  const to = parseTime(flags.to, 'to');
  const rules = readRulesFile(file, config, { firstDay: from.day, lastDay: to.day });
  const symbols = flags.symbols?.split(',').map((name) => name.trim());
  const client = openSource(flags, { values: config, clock, openTimeoutMs });
  try {
    const view = await tryRules({
      rules,
      rows: rowsOfClient(client),
      ...(symbols === undefined ? {} : { symbols }),
      from,
      to,
      samples: flags.samples,
      clock,
      ...(signal === undefined ? {} : { signal }),
    });
    print(flags.json ? JSON.stringify(view) : tryText(view));
  } finally {
    await client.close();
  }
}

function tryText(view: CleanTryView): string {
  const { symbols, ticks, rejects, same, changes } = view;
  const total = ticks + rejects;
  const marked = Object.entries(view.marked).map(([rule, count]) => `${rule} ${numberText(count)}`);
  const head = [
    `ticks ${numberText(ticks)}, rejects ${numberText(rejects)}, symbols ${numberText(symbols)}`,
    `${numberText(same)} judged alike, ${numberText(total - same)} not`,
    `marked: ${marked.length === 0 ? 'none' : marked.join(', ')}`,
  ].join('\n');
  if (changes.length === 0) return head;
  const counts = tableText(
    [{ title: 'then' }, { title: 'by these rules' }, { title: 'ticks', right: true }],
    changes.map((change) => [...verdicts(change), numberText(change.count)]),
  );
  const samples = changes.flatMap((change) =>
    change.samples.map(({ symbol, time, price, volume, bid, ask }) => [
      ...verdicts(change),
      symbol,
      time,
      price,
      volume,
      bid,
      ask,
    ]),
  );
  if (samples.length === 0) return `${head}\n\n${counts}`;
  const titles = ['then', 'by these rules', 'symbol', 'time'].map((title) => ({ title }));
  const numbers = ['price', 'volume', 'bid', 'ask'].map((title) => ({ title, right: true }));
  return `${head}\n\n${counts}\n\n${tableText([...titles, ...numbers], samples)}`;
}

function verdicts({ today, proposed }: CleanTryChange): [string, string] {
  return [today === '' ? 'accepted' : today, proposed === '' ? 'accepted' : proposed];
}

export async function showRules(
  symbol: string | undefined,
  flags: RunningFlags,
  print: (text: string) => void,
): Promise<void> {
  const query = symbol === undefined ? '' : `?symbol=${encodeURIComponent(symbol)}`;
  const request = { method: 'GET', path: `/api/clean/rules${query}` } as const;
  const view = (await requestJson(findTarget(flags), request)) as CleanRulesView;
  print(flags.json ? JSON.stringify(view) : rulesText(view));
}

export async function reloadRules(
  flags: RunningFlags,
  print: (text: string) => void,
): Promise<void> {
  const request = { method: 'POST', path: '/api/clean/reload', body: {} } as const;
  const view = (await requestJson(findTarget(flags), request)) as CleanRulesView;
  print(flags.json ? JSON.stringify(view) : rulesText(view));
}

function summaryText({ classes, calendars, entries, plans }: CleanRulesView): string {
  return (
    `classes ${classes.length}, calendars ${calendars.length}, ` +
    `entries of symbols ${numberText(entries)}, different sets of rules ${numberText(plans)}`
  );
}

function rulesText(view: CleanRulesView): string {
  const since = timeText(timeFromMs(Math.floor(view.loadedMs)));
  const lines = [
    view.file === ''
      ? 'no file of rules: those of the configuration'
      : `${view.file}, as of ${since}`,
    summaryText(view),
  ];
  if (view.problem !== '') lines.push(`not in force as it is now: ${view.problem}`);
  const { symbol } = view;
  if (symbol === undefined) return lines.join('\n');
  const by = symbol.match.length === 0 ? 'no entry names it' : `by ${symbol.match.join(', ')}`;
  lines.push(`${symbol.name}: class ${symbol.class}, ${by}`, '');
  const { rules = {}, quality = {}, ...rest } = symbol.settings;
  const limits = Object.entries(quality as Record<string, unknown>);
  const rows = [
    ...Object.entries(rest),
    ...Object.entries(rules as Record<string, unknown>),
    ...limits.map(([name, value]) => [`quality.${name}`, value] as const),
  ];
  const table = tableText(
    [{ title: 'setting' }, { title: 'value' }],
    rows.map(([name, value]) => [name, String(value)]),
  );
  return `${lines.join('\n')}${table}`;
}
