// `ndts feed`: the feeds of a running node: list, add, remove, status, record, replay.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type FeedDefinition,
  type FeedRejectView,
  type FeedView,
  NdtsError,
  type RefusedNamesView,
  timeFromMs,
  timeText,
} from '@ndts/protocol';
import { numberText, printable, tableText } from '../screen/table.js';
import { bytesText } from '../screen/transfer-screen.js';
import { findTarget, type NodeRequest, requestJson, type TargetOptions } from './running.js';

interface Flags extends TargetOptions {
  readonly json: boolean;
}

interface AddFlags extends Flags {
  readonly files?: string[];
  readonly format?: string;
  readonly speed?: number;
  readonly symbol?: string;
  readonly utcOffset?: string;
  readonly barSeconds?: number;
  readonly venue?: string;
  readonly symbols?: string;
  readonly record?: boolean;
  readonly fix?: string;
  readonly sender?: string;
  readonly target?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly depth?: number;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly allowPlain?: boolean;
}

interface ReplayFlags extends Flags {
  readonly venue: string;
  readonly speed?: number;
  readonly symbols?: string;
  readonly days?: string;
}

type Print = (text: string) => void;

/** A venue is asked for all its markets first. */
const addTimeoutMs = 60_000;
const rejectsShownOfOne = 10;
const rejectsShownOfAll = 3;

function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && Number.isFinite(number)))
    throw new NdtsError('INVALID_ARGUMENT', `expected a number of 0 or more, found '${text}'`);
  return number;
}

export function addFeed(program: Command, print: Print): void {
  const feed = program.command('feed').description('where ticks come from (docs/feeds.md)');
  const add = (name: string, about: string): Command =>
    feed
      .command(name)
      .description(about)
      .option('--data-dir <folder>', 'the data folder of the node', 'data')
      .option('--url <url>', 'address of the node, when it runs elsewhere')
      .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)')
      .option('--json', 'one JSON line, for programs', false);
  add('list', 'the feeds of the node').action((flags: Flags) => list(flags, print));
  add('status', 'all of the feeds, or of one, and what they could not use last')
    .argument('[name]')
    .action((name: string | undefined, flags: Flags) => status(name, flags, print));
  addAdding(add, print);
  add('remove', 'disconnect a feed and forget it; its recordings stay')
    .argument('<name>')
    .action(async (name: string, flags: Flags) => {
      await ask(flags, { method: 'DELETE', path: pathOf(name) });
      print(flags.json ? JSON.stringify({ removed: name }) : `removed ${name}`);
    });
  add('record', 'keep every message of a feed from now on')
    .argument('<name>')
    .option('--off', 'no longer', false)
    .action(async (name: string, flags: Flags & { off: boolean }) => {
      const body = { on: !flags.off };
      const timeoutMs = addTimeoutMs;
      const view = await ask(flags, {
        method: 'POST',
        path: pathOf(name, 'record'),
        body,
        timeoutMs,
      });
      printView(view as FeedView, flags, print);
    });
}

function addAdding(add: (name: string, about: string) => Command, print: Print): void {
  add('add', 'add a feed: files, once; an exchange through ccxt or a FIX counterparty, for good')
    .argument('<name>', 'letters, digits, ., - and _')
    .option(
      '--files <paths...>',
      'CSV and Parquet, also in .zip and .gz, on the machine of the node',
    )
    .option('--format <name>', 'of the files, where it is not recognised')
    .option('--speed <factor>', '0: as fast as possible; 1: at their own pace', parseNumber)
    .option('--symbol <name>', 'of files that name none')
    .option('--utc-offset <offset>', 'what the times of files are ahead of UTC: +08:00')
    .option('--bar-seconds <seconds>', 'length of bars whose times do not tell', parseNumber)
    .option('--venue <name>', 'an exchange as ccxt calls it')
    .option('--symbols <names>', 'of the exchange or counterparty: BTC/USDT,ETH/USDT')
    .option('--fix <host:port>', 'a counterparty that sends market data over FIX 4.4')
    .option('--sender <id>', 'what it calls us: SenderCompID')
    .option('--target <id>', 'what it calls itself: TargetCompID')
    .option('--username <name>', 'of its Logon')
    .option('--password-file <file>', 'of mode 0600, on the machine of the node')
    .option('--password-env <name>', 'instead: NDTS_SECRET_..., of the environment of the node')
    .option('--depth <levels>', 'of its books; 0: all', parseNumber)
    .option('--tls', 'the connection is encrypted')
    .option('--tls-ca <file>', 'certificates (PEM) it is checked against')
    .option('--allow-plain', 'beyond this machine without --tls')
    .option('--record', 'keep every message')
    .action((name: string, flags: AddFlags) => post(definitionOf(name, flags), flags, print));
  add('replay', 'replay what was recorded of a feed, as a feed of its own')
    .argument('<name>', 'of the new feed')
    .argument('<recorded>', 'the feed that was recorded')
    .requiredOption(
      '--venue <name>',
      'the exchange it was of; fix: a FIX counterparty, fix-top: of one level',
    )
    .option('--days <days>', 'only these: 2026-01-05,2026-01-06')
    .option('--symbols <names>', 'only these')
    .option('--speed <factor>', '0: as fast as possible; 1: at its own pace', parseNumber)
    .action((name: string, recorded: string, flags: ReplayFlags) => {
      const { venue, speed, symbols, days } = flags;
      const definition: FeedDefinition = {
        name,
        kind: 'recording',
        recorded,
        venue,
        ...(speed === undefined ? {} : { speed }),
        ...(symbols === undefined ? {} : { symbols: listOf(symbols) }),
        ...(days === undefined ? {} : { days: listOf(days) }),
      };
      return post(definition, flags, print);
    });
}

function listOf(text: string): string[] {
  return text.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
}

function definitionOf(name: string, flags: AddFlags): FeedDefinition {
  const { files, format, speed, symbol, utcOffset, barSeconds, venue, symbols, record } = flags;
  if ([files, venue, flags.fix].filter((one) => one !== undefined).length !== 1)
    throw new NdtsError('INVALID_ARGUMENT', 'expected --files, --venue or --fix: one of them');
  if (flags.fix !== undefined) return fixDefinition(name, flags.fix, flags);
  if (venue !== undefined) {
    if (symbols === undefined)
      throw new NdtsError('INVALID_ARGUMENT', '--venue needs --symbols, as BTC/USDT,ETH/USDT');
    const isRecorded = record === true;
    return { name, kind: 'ccxt', venue, symbols: listOf(symbols), record: isRecorded };
  }
  return {
    name,
    kind: 'files',
    paths: (files ?? []).map((path) => resolve(path)),
    ...(format === undefined ? {} : { format }),
    ...(speed === undefined ? {} : { speed }),
    ...(symbol === undefined ? {} : { symbol }),
    ...(utcOffset === undefined ? {} : { utcOffset }),
    ...(barSeconds === undefined ? {} : { barSeconds }),
  };
}

function fixDefinition(name: string, address: string, flags: AddFlags): FeedDefinition {
  const { sender, target, symbols, username, depth, tls, tlsCa } = flags;
  const { passwordFile, passwordEnv } = flags;
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(address) ?? [];
  if (host === undefined || sender === undefined || target === undefined || symbols === undefined)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      '--fix needs HOST:PORT, --sender, --target and --symbols (docs/feeds.md)',
    );
  return {
    ...{ name, kind: 'fix', symbols: listOf(symbols), record: flags.record === true },
    fix: {
      ...{ host, port: Number(port), senderCompId: sender, targetCompId: target },
      ...(username === undefined ? {} : { username }),
      ...(passwordFile === undefined ? {} : { passwordFile: resolve(passwordFile) }),
      ...(passwordEnv === undefined ? {} : { passwordEnv }),
      ...(depth === undefined ? {} : { depth }),
      ...{ tls: tls === true, allowPlain: flags.allowPlain === true },
      ...(tlsCa === undefined ? {} : { tlsCa: resolve(tlsCa) }),
    },
  };
}

function pathOf(name: string, rest?: string): string {
  const path = `/api/feeds/${encodeURIComponent(name)}`;
  return rest === undefined ? path : `${path}/${rest}`;
}

function ask(flags: Flags, request: NodeRequest): Promise<unknown> {
  return requestJson(findTarget(flags), request);
}

async function post(definition: FeedDefinition, flags: Flags, print: Print): Promise<void> {
  const timeoutMs = addTimeoutMs;
  const view = await ask(flags, {
    method: 'POST',
    path: '/api/feeds',
    body: definition,
    timeoutMs,
  });
  printView(view as FeedView, flags, print);
}

async function list(flags: Flags, print: Print): Promise<void> {
  const views = (await ask(flags, { method: 'GET', path: '/api/feeds' })) as FeedView[];
  if (flags.json) print(JSON.stringify(views));
  else print(views.length === 0 ? 'no feeds' : feedsTable(views));
}

function stateText({ state, isEnded, reason }: FeedView): string {
  if (isEnded) return 'at its end';
  return reason === '' ? state : `${state}: ${printable(reason)}`;
}

function feedsTable(views: readonly FeedView[]): string {
  return tableText(
    [
      { title: 'source', right: true },
      { title: 'name' },
      { title: 'kind' },
      { title: 'ticks', right: true },
      { title: 'waiting', right: true },
      { title: 'skipped', right: true },
      { title: 'refused', right: true },
      { title: 'state' },
    ],
    views.map((view) => [
      String(view.source),
      view.name,
      view.kind,
      numberText(view.polled),
      numberText(view.backlog),
      numberText(view.skipped),
      numberText(view.malformed),
      stateText(view),
    ]),
  );
}

function printView(view: FeedView, flags: Flags, print: Print): void {
  print(flags.json ? JSON.stringify(view) : feedsTable([view]));
}

async function status(name: string | undefined, flags: Flags, print: Print): Promise<void> {
  const all = (await ask(flags, { method: 'GET', path: '/api/feeds' })) as FeedView[];
  const views = name === undefined ? all : all.filter((one) => one.name === name);
  if (views.length === 0 && name !== undefined)
    throw new NdtsError('NOT_FOUND', `there is no feed ${name}`);
  const refused = (await ask(flags, {
    method: 'GET',
    path: '/api/refused-names',
  })) as RefusedNamesView[];
  const rejects = new Map<string, FeedRejectView[]>();
  for (const view of views) {
    const request = { method: 'GET', path: pathOf(view.name, 'rejects') } as const;
    rejects.set(view.name, (await ask(flags, request)) as FeedRejectView[]);
  }
  if (flags.json) {
    const whole = views.map((view) => ({ ...view, rejects: rejects.get(view.name) ?? [] }));
    print(JSON.stringify(name === undefined ? { feeds: whole, refusedNames: refused } : whole[0]));
    return;
  }
  print(views.length === 0 ? 'no feeds' : feedsTable(views));
  const shown = name === undefined ? rejectsShownOfAll : rejectsShownOfOne;
  for (const view of views)
    printDetail(view, (rejects.get(view.name) ?? []).slice(0, shown), print);
  printRefused(refused, print);
}

function printDetail(view: FeedView, rejects: readonly FeedRejectView[], print: Print): void {
  const { reconnects, gaps, gapsRepaired, pauses, messages, clockOffsetMs } = view;
  const { recording, process: own } = view;
  print(`\n${view.name}`);
  print(
    `  messages ${numberText(messages)}, reconnects ${reconnects}, ` +
      `gaps ${gaps} (${gapsRepaired} filled), told to wait ${pauses} times`,
  );
  if (own !== null) print(`  process ${own.pid}, ${bytesText(own.memoryBytes)} of memory`);
  const rules = Object.entries(view.malformedBy);
  if (rules.length > 0)
    print(`  refused: ${rules.map(([rule, count]) => `${rule} ${numberText(count)}`).join(', ')}`);
  if (clockOffsetMs !== null)
    print(`  our clock is ahead by at most ${clockOffsetMs.toFixed(3)} ms (the way included)`);
  if (recording !== null)
    print(
      `  recorded ${numberText(recording.messages)} messages in ` +
        `${numberText(recording.fileBytes)} bytes of ${recording.dir}, lost ${recording.lost}` +
        (recording.reason === '' ? '' : `: ${printable(recording.reason)}`),
    );
  for (const { timeMs, reason, sample } of rejects) {
    const words = sample === '' ? reason : `${reason}: ${sample}`;
    print(`  ${timeText(timeFromMs(timeMs))} ${printable(words)}`);
  }
}

function printRefused(refused: readonly RefusedNamesView[], print: Print): void {
  if (refused.length > 0) print('\nnames that may be no symbols (symbols.*)');
  for (const { reason, count, names } of refused)
    print(`  ${reason} ${numberText(count)}: ${names.map(printable).join(', ')}`);
}
