#!/usr/bin/env node
// The ndts command. The one place where the ambient gets in: arguments, environment, clock, signals
// and chance are taken here and handed on. Always: what a command needs is loaded when it is asked
// for, so that one that only talks to a node need not load the engine.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises'; // ambient: between two looks
import { Command } from 'commander';
import { type ConfigValues, errorLine, NdtsError } from '@ndts/protocol';
import {
  growYoungGenerationAtOnce,
  loadConfig,
  secretsOf,
  SeededRandom,
  SystemClock,
  systemSecureRandom,
} from '@ndts/runtime';
import { parseCount } from './command/count.js';
import type { TransferContext } from './command/import.js';
import type { SourceFlags } from './command/data-source.js';
import { leaveWithReader, tellUnwritten } from './screen/output-end.js';
import { printable } from './screen/table.js';
import type { RepairFlags } from './command/repair.js';
import type { FactorFlags } from './command/factor.js';
import type { StoredFlags } from './command/factor-store.js';
import type { ReplayContext, ReplayFlags } from './command/replay.js';
import { parseSettings, refuseWords } from './command/settings.js';
import type { TargetOptions } from './command/running.js';
import type { RunContext, RunFlags } from './command/run-options.js';
import type { RestoreOptions } from './command/snapshot.js';

interface UpFlags {
  readonly dataDir?: string;
  readonly config?: string;
}

const version = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed)
    return String(parsed.version);
  return '0.0.0';
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Resolves on the first signal to end; the second one ends the process at once. */
function waitForEnd(): Promise<string> {
  return new Promise((resolve, reject) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
    process.stdout.on('error', () => undefined);
  });
}

/** Resolves with false once Ctrl-C was pressed, which then ends nothing else. */
function pauseUntilInterrupt(): (ms: number) => Promise<boolean> {
  let controller: AbortController | undefined;
  return async (ms) => {
    if (controller === undefined) {
      const made = new AbortController();
      controller = made;
      process.once('SIGINT', () => made.abort());
    }
    const { signal } = controller;
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  };
}

function processLoad(): () => { memory: number; cpu: number } {
  let lastUsage = process.cpuUsage();
  let lastNs = process.hrtime.bigint(); // ambient: the process measures itself
  let cpu = 0;
  return () => {
    const nowNs = process.hrtime.bigint(); // ambient: the process measures itself
    const elapsedUs = Number(nowNs - lastNs) / 1000;
    if (elapsedUs > 100_000) {
      const used = process.cpuUsage(lastUsage);
      cpu = Math.min(1, (used.user + used.system) / elapsedUs);
      lastUsage = process.cpuUsage();
      lastNs = nowNs;
    }
    return { memory: process.memoryUsage.rss() / totalmem(), cpu };
  };
}

function readValues(flags: UpFlags, keys: Record<string, string>): ConfigValues {
  const args = { ...keys };
  if (flags.dataDir !== undefined) args['dataDir'] = flags.dataDir;
  return loadConfig({
    args,
    environment: process.env, // ambient: configuration enters here
    ...(flags.config === undefined ? {} : { file: flags.config }),
  });
}

async function runUp(flags: UpFlags, unparsed: readonly string[]): Promise<void> {
  const settings = parseSettings(unparsed);
  refuseWords(settings.words, 'up');
  growYoungGenerationAtOnce();
  const values = readValues(flags, settings.keys);
  const seed = Buffer.from(systemSecureRandom.bytes(4)).readUInt32LE();
  const { up } = await import('./command/up.js');
  await up({
    values,
    clock: new SystemClock(),
    random: new SeededRandom(seed),
    secureRandom: systemSecureRandom,
    userId: process.getuid?.() ?? 0,
    secrets: secretsOf(process.env), // ambient: secrets enter here
    version,
    processId: process.pid,
    processLoad: processLoad(),
    workingDir: process.cwd(),
    ended: waitForEnd(),
    screen: {
      isTerminal: process.stdout.isTTY === true,
      get columns() {
        return process.stdout.columns || 80; // a terminal of unknown size says 0
      },
      write: (text) => process.stdout.write(text),
    },
  });
}

interface QueryArguments extends SourceFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly rows: number;
  readonly timeout: number;
  readonly memory?: number;
  readonly json: boolean;
  readonly csv: boolean;
}

async function runQuery(text: string, flags: QueryArguments): Promise<void> {
  const values = readValues(flags, {});
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  const { query } = await import('./command/query.js');
  await query(
    text,
    {
      ...flags,
      timeoutMs: flags.timeout * 1000,
      ...(flags.memory === undefined ? {} : { memoryBytes: flags.memory * 2 ** 20 }),
    },
    {
      values,
      clock: new SystemClock(),
      signal: controller.signal,
      print,
      note: (line) => process.stderr.write(line),
    },
  );
}

/** Rows go to stdout until Ctrl-C, or until whoever reads them leaves. */
function rowsContext(
  flags: ReplayFlags | FactorFlags | StoredFlags,
): Omit<ReplayContext, 'screen'> {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  process.stdout.on('error', (error) => {
    tellUnwritten(error);
    controller.abort();
  });
  return {
    values: readValues(flags, {}),
    clock: new SystemClock(),
    signal: controller.signal,
    write: async (text) => {
      if (text === '' || process.stdout.write(text) || controller.signal.aborted) return;
      await once(process.stdout, 'drain', { signal: controller.signal }).catch(() => undefined);
    },
  };
}

/** Where progress goes while stdout has results. */
const errorScreen = {
  isTerminal: process.stderr.isTTY === true,
  columns: process.stderr.columns || 80,
  write: (text: string) => process.stderr.write(text),
};

const program = new Command('ndts')
  .description('NDTS: ticks to orders on one path')
  .version(version)
  .showHelpAfterError('(ndts --help shows what there is)');

/** Of backtest and sweep: the second Ctrl-C ends the process at once. */
function runContext(flags: RunFlags): RunContext {
  const { values, clock, signal } = transferContext(flags);
  return { values, clock, signal, print, screen: errorScreen };
}

/** Of import and export: the second Ctrl-C ends the process at once. */
function transferContext(flags: UpFlags): TransferContext {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  return {
    values: readValues(flags, {}),
    clock: new SystemClock(),
    random: new SeededRandom(Buffer.from(systemSecureRandom.bytes(4)).readUInt32LE()),
    userId: process.getuid?.() ?? 0,
    signal: controller.signal,
    note: (line) => process.stderr.write(line),
    screen: {
      isTerminal: process.stdout.isTTY === true,
      get columns() {
        return process.stdout.columns || 80; // a terminal of unknown size says 0
      },
      write: (text) => process.stdout.write(text),
    },
  };
}

function addUp(): void {
  program
    .command('up')
    .description('start everything in this process: data, calc, exec, control')
    .option('--data-dir <folder>', 'the one folder everything is kept in (default: data)')
    .option('--config <file>', 'configuration, YAML or TOML')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText(
      'after',
      `
Any configuration key is a flag, too (docs/config.md lists them):
  ndts up --data-dir /var/lib/ndts --feed.symbols=200 --feed.ticksPerSecond=20000
  ndts up --control.port=0 --exec.journalMode=durable
Precedence: default < file < environment (NDTS_CONTROL_PORT) < flag.`,
    )
    .action((flags: UpFlags, command: Command) => runUp(flags, command.args));
}

async function addStatus(): Promise<void> {
  const { status } = await import('./command/status.js');
  program
    .command('status')
    .description('what a running node says about itself')
    .option('--data-dir <folder>', 'its data folder', 'data')
    .option('--url <url>', 'its address, when it runs elsewhere')
    .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)')
    .option('--json', 'one JSON object, for programs', false)
    .action((flags: { dataDir: string; url?: string; tokenFile?: string; json: boolean }) =>
      status(flags, print),
    );
}

async function addFiles(): Promise<void> {
  const { inspect } = await import('./command/inspect.js');
  const { repair } = await import('./command/repair.js');
  program
    .command('inspect')
    .description('print files of NDTS: logs, segments, manifests, tables, staging, rings')
    .argument('<paths...>', 'files or folders')
    .action((paths: string[]) => {
      if (inspect(paths, print) > 0) process.exitCode = 1;
    });
  program
    .command('repair')
    .description('say what is wrong with the files of a data folder; repair them only with --apply')
    .argument('<folder>', 'a data folder, or the folder of one engine')
    .option('--apply', 'do it; what is damaged is kept in a folder of its own', false)
    .option('--shards <count>', 'number of shards, where the manifest is lost', parseCount)
    .option('--json', 'one JSON line, for programs', false)
    .action((folder: string, flags: RepairFlags) => {
      process.exitCode = repair(folder, flags, print);
    });
}

/** Of a folder, or of the node at an address. */
interface SnapshotFlags extends TargetOptions {
  readonly config?: string;
}

function withTarget(command: Command): Command {
  return command
    .option('--url <url>', 'address of the node, when it runs elsewhere')
    .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)');
}

async function addSnapshot(): Promise<void> {
  const of = await import('./command/snapshot.js');
  const snapshot = program
    .command('snapshot')
    .description('snapshots of a data folder: list, create, remove, restore');
  const add = (name: string, description: string): Command =>
    snapshot
      .command(name)
      .description(description)
      .option('--data-dir <folder>', 'the data folder', 'data');
  withTarget(add('list', 'the complete ones, oldest first'))
    .option('--json', 'one JSON line, for programs', false)
    .action((flags: SnapshotFlags & { json: boolean }) => of.listSnapshots(flags, print));
  withTarget(add('create', 'make one, by the node where one runs'))
    .argument('<name>', 'letters, digits, ., - and _')
    .option('--config <file>', 'configuration of the node, where the folder is not open')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (name: string, flags: SnapshotFlags, command: Command) => {
      const settings = parseSettings(command.args.slice(1));
      refuseWords(settings.words, 'snapshot create');
      const values = readValues(flags, settings.keys);
      await of.createSnapshot(name, { ...flags, values, userId: process.getuid?.() ?? 0 }, print);
    });
  withTarget(add('remove', 'remove one, by the node where one runs'))
    .argument('<name>')
    .action((name: string, flags: SnapshotFlags) => of.removeSnapshot(name, flags, print));
  add('restore', 'make a new data folder of one; the old one is only read')
    .argument('<name>')
    .requiredOption('--to <folder>', 'the new data folder: not there yet, or empty')
    .option('--journal <name>', 'the snapshot of the journal, where it has another name')
    .option('--dry-run', 'only say what would be done', false)
    .action((name: string, flags: RestoreOptions) => of.restoreSnapshot(name, flags, print));
}

async function addQueryCommand(): Promise<void> {
  const { addSourceOptions } = await import('./command/data-source.js');
  addSourceOptions(
    program
      .command('query')
      .description('run one SQL statement over a data folder, open in a node or not (docs/sql.md)')
      .argument('<sql>', 'the statement, in quotes'),
  )
    .option('--rows <count>', 'rows of the table', parseCount, 100)
    .option('--timeout <seconds>', 'how long it may take', parseCount, 60)
    .option('--memory <MiB>', 'what it may keep in memory (default: sql.memoryBytes)', parseCount)
    .option('--json', 'all rows, one JSON object a line', false)
    .option('--csv', 'all rows, as CSV', false)
    .action(runQuery);
}

async function addReplay(): Promise<void> {
  const { addReplayOptions, replay } = await import('./command/replay.js');
  addReplayOptions(program.command('replay')).action(
    async (symbols: string[], flags: ReplayFlags) => {
      await replay(symbols, flags, { ...rowsContext(flags), screen: errorScreen });
    },
  );
}

async function addFactor(): Promise<void> {
  const { addFactorCommands, listFactors, runFactors } = await import('./command/factor.js');
  const { storedFactorsText } = await import('./command/factor-store.js');
  addFactorCommands(
    program.command('factor'),
    (expressions: string[], flags: FactorFlags) =>
      runFactors(expressions, flags, rowsContext(flags)),
    async (flags: StoredFlags) => {
      const context = rowsContext(flags);
      await context.write(`${listFactors()}\n${await storedFactorsText(flags, context)}`);
    },
  );
}

async function addRuns(): Promise<void> {
  const { addBacktestCommands, backtest } = await import('./command/backtest.js');
  const { addSweepCommand, sweep } = await import('./command/sweep.js');
  addBacktestCommands(
    program.command('backtest'),
    async (plugins, flags) => {
      if (!(await backtest(plugins, flags, runContext(flags)))) process.exitCode = 1;
    },
    (flags) => readValues(flags, {}),
    print,
  );
  addSweepCommand(program.command('sweep'), (plugin, flags) =>
    sweep(plugin, flags, runContext(flags)),
  );
}

async function addTransfer(): Promise<void> {
  const { addImportCommand, runImportCommand } = await import('./command/import.js');
  const { addExportCommand, runExportCommand } = await import('./command/export.js');
  addImportCommand(program, async (path, flags) => {
    const end = await runImportCommand(path, flags, transferContext(flags));
    if (end.event === 'stopped') process.exitCode = 130;
  });
  addExportCommand(program, async (path, flags) => {
    const end = await runExportCommand(path, flags, transferContext(flags));
    if (end.event === 'stopped') process.exitCode = 130;
  });
}

async function addBench(): Promise<void> {
  const { bench } = await import('./command/bench.js');
  program
    .command('bench')
    .description('run benchmarks (of a source checkout); --list shows them')
    .argument('[args...]', 'names and options: --json --full --peer NAME --list')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => {
      process.exitCode = await bench(args);
    });
}

const tradingNames = [
  ...['orders', 'lineage', 'risk', 'instruments', 'positions', 'halt', 'reduce', 'resume'],
  ...['flatten', 'reconcile'],
];

/** Their names, and what adds them; in the order of the help. */
const groups: readonly (readonly [names: readonly string[], add: () => Promise<void> | void])[] = [
  [['up'], addUp],
  [['status'], addStatus],
  [['inspect', 'repair'], addFiles],
  [['snapshot'], addSnapshot],
  [
    ['retention'],
    async () => {
      const { addRetention } = await import('./command/retention.js');
      const userId = process.getuid?.() ?? 0;
      addRetention(program, { values: (flags) => readValues(flags, {}), userId, print });
    },
  ],
  [
    ['clean'],
    async () => {
      const { addClean } = await import('./command/clean.js');
      const clock = new SystemClock();
      addClean(program, { values: (flags) => readValues(flags, {}), clock, print });
    },
  ],
  [
    ['quality'],
    async () => (await import('./command/quality.js')).addQuality(program, parseCount, print),
  ],
  [
    tradingNames,
    async () => (await import('./command/trading.js')).addTrading(program, parseCount, print),
  ],
  [
    ['consumers'],
    async () => {
      const { addConsumers } = await import('./command/consumers.js');
      addConsumers(program, { values: (flags) => readValues(flags, {}), print });
    },
  ],
  [['feed'], async () => (await import('./command/feed.js')).addFeed(program, print)],
  [['query'], addQueryCommand],
  [['replay'], addReplay],
  [['factor'], addFactor],
  [
    ['strategy'],
    async () => {
      const { addStrategy } = await import('./command/strategy.js');
      addStrategy(program, { parseCount, print, pause: pauseUntilInterrupt() });
    },
  ],
  [['backtest', 'sweep'], addRuns],
  [['import', 'export'], addTransfer],
  [['bench'], addBench],
];

/** Those of the command that is asked for; all for the help, and for what is no command. */
async function addCommands(asked: string | undefined): Promise<void> {
  const wanted = groups.filter(([names]) => asked !== undefined && names.includes(asked));
  for (const [names, add] of wanted.length > 0 ? wanted : groups) {
    const before = program.commands.length;
    await add();
    const added = program.commands.slice(before).map((one) => one.name());
    if (added.join() !== names.join())
      throw new Error(`main.ts names the commands ${names.join()}, there are ${added.join()}`);
  }
}

process.stdout.on('error', leaveWithReader);
try {
  await addCommands(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  const lines = errorLine(error).split('\n').map(printable);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = error instanceof NdtsError ? 1 : 2;
}
