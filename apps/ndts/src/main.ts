#!/usr/bin/env node
// The ndts command. The one place where the ambient gets in: arguments, environment, clock, signals
// and chance are taken here and handed on.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises'; // ambient: between two looks
import { Command } from 'commander';
import { type ConfigValues, errorLine, NdtsError } from '@ndts/protocol';
import { loadConfig, SeededRandom, SystemClock, systemSecureRandom } from '@ndts/runtime';
import { addBacktestCommands, backtest } from './command/backtest.js';
import { bench } from './command/bench.js';
import { addClean } from './command/clean.js';
import { addConsumers } from './command/consumers.js';
import { addExportCommand, runExportCommand } from './command/export.js';
import { addImportCommand, runImportCommand, type TransferContext } from './command/import.js';
import { addFeed } from './command/feed.js';
import { inspect } from './command/inspect.js';
import { addSourceOptions, type SourceFlags } from './command/data-source.js';
import { addQuality } from './command/quality.js';
import { query } from './command/query.js';
import { printable } from './screen/table.js';
import { type RepairFlags, repair } from './command/repair.js';
import { addRetention } from './command/retention.js';
import { addFactorCommands, type FactorFlags, listFactors, runFactors } from './command/factor.js';
import { type StoredFlags, storedFactorsText } from './command/factor-store.js';
import {
  addReplayOptions,
  type ReplayContext,
  type ReplayFlags,
  replay,
} from './command/replay.js';
import { parseSettings, refuseWords } from './command/settings.js';
import type { TargetOptions } from './command/running.js';
import type { RunContext, RunFlags } from './command/run-options.js';
import { status } from './command/status.js';
import { addStrategy } from './command/strategy.js';
import { addSweepCommand, sweep } from './command/sweep.js';
import { addTrading } from './command/trading.js';
import {
  createSnapshot,
  listSnapshots,
  type RestoreOptions,
  removeSnapshot,
  restoreSnapshot,
} from './command/snapshot.js';
import { up } from './command/up.js';

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

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new NdtsError('INVALID_ARGUMENT', `expected a whole number above 0, found '${text}'`);
  return count;
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
  const values = readValues(flags, settings.keys);
  const seed = Buffer.from(systemSecureRandom.bytes(4)).readUInt32LE();
  await up({
    values,
    clock: new SystemClock(),
    random: new SeededRandom(seed),
    secureRandom: systemSecureRandom,
    userId: process.getuid?.() ?? 0,
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
  readonly json: boolean;
  readonly csv: boolean;
}

async function runQuery(text: string, flags: QueryArguments): Promise<void> {
  const values = readValues(flags, {});
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  await query(
    text,
    { ...flags, timeoutMs: flags.timeout * 1000 },
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
  process.stdout.on('error', () => controller.abort());
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

async function runFactor(expressions: string[], flags: FactorFlags): Promise<void> {
  await runFactors(expressions, flags, rowsContext(flags));
}

async function listAllFactors(flags: StoredFlags): Promise<void> {
  const context = rowsContext(flags);
  await context.write(`${listFactors()}\n${await storedFactorsText(flags, context)}`);
}

/** Where progress goes while stdout has results. */
const errorScreen = {
  isTerminal: process.stderr.isTTY === true,
  columns: process.stderr.columns || 80,
  write: (text: string) => process.stderr.write(text),
};

async function runReplay(symbols: string[], flags: ReplayFlags): Promise<void> {
  await replay(symbols, flags, { ...rowsContext(flags), screen: errorScreen });
}

const program = new Command('ndts')
  .description('NDTS: ticks to orders on one path')
  .version(version)
  .showHelpAfterError('(ndts --help shows what there is)');

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

const snapshot = program
  .command('snapshot')
  .description('snapshots of a data folder: list, create, remove, restore');

/** Of a folder, or of the node at an address. */
interface SnapshotFlags extends TargetOptions {
  readonly config?: string;
}

function snapshotCommand(name: string, description: string): Command {
  return snapshot
    .command(name)
    .description(description)
    .option('--data-dir <folder>', 'the data folder', 'data');
}

function withTarget(command: Command): Command {
  return command
    .option('--url <url>', 'address of the node, when it runs elsewhere')
    .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)');
}

withTarget(snapshotCommand('list', 'the complete ones, oldest first'))
  .option('--json', 'one JSON line, for programs', false)
  .action((flags: SnapshotFlags & { json: boolean }) => listSnapshots(flags, print));

withTarget(snapshotCommand('create', 'make one, by the node where one runs'))
  .argument('<name>', 'letters, digits, ., - and _')
  .option('--config <file>', 'configuration of the node, where the folder is not open')
  .allowUnknownOption()
  .allowExcessArguments()
  .action(async (name: string, flags: SnapshotFlags, command: Command) => {
    const settings = parseSettings(command.args.slice(1));
    refuseWords(settings.words, 'snapshot create');
    const values = readValues(flags, settings.keys);
    await createSnapshot(name, { ...flags, values, userId: process.getuid?.() ?? 0 }, print);
  });

withTarget(snapshotCommand('remove', 'remove one, by the node where one runs'))
  .argument('<name>')
  .action((name: string, flags: SnapshotFlags) => removeSnapshot(name, flags, print));

snapshotCommand('restore', 'make a new data folder of one; the old one is only read')
  .argument('<name>')
  .requiredOption('--to <folder>', 'the new data folder: not there yet, or empty')
  .option('--journal <name>', 'the snapshot of the journal, where it has another name')
  .option('--dry-run', 'only say what would be done', false)
  .action((name: string, flags: RestoreOptions) => restoreSnapshot(name, flags, print));

addRetention(program, {
  values: (flags) => readValues(flags, {}),
  userId: process.getuid?.() ?? 0,
  print,
});

addClean(program, { values: (flags) => readValues(flags, {}), clock: new SystemClock(), print });
addQuality(program, parseCount, print);
addTrading(program, parseCount, print);

addConsumers(program, { values: (flags) => readValues(flags, {}), print });

addFeed(program, print);

addSourceOptions(
  program
    .command('query')
    .description('run one SQL statement over a data folder, open in a node or not (docs/sql.md)')
    .argument('<sql>', 'the statement, in quotes'),
)
  .option('--rows <count>', 'rows of the table', parseCount, 100)
  .option('--timeout <seconds>', 'how long it may take', parseCount, 60)
  .option('--json', 'all rows, one JSON object a line', false)
  .option('--csv', 'all rows, as CSV', false)
  .action(runQuery);

addReplayOptions(program.command('replay')).action(runReplay);
addFactorCommands(program.command('factor'), runFactor, listAllFactors);
addStrategy(program, { parseCount, print, pause: pauseUntilInterrupt() });

/** Of backtest and sweep: the second Ctrl-C ends the process at once. */
function runContext(flags: RunFlags): RunContext {
  const { values, clock, signal } = transferContext(flags);
  return { values, clock, signal, print, screen: errorScreen };
}

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

addImportCommand(program, async (path, flags) => {
  const end = await runImportCommand(path, flags, transferContext(flags));
  if (end.event === 'stopped') process.exitCode = 130;
});

addExportCommand(program, async (path, flags) => {
  await runExportCommand(path, flags, transferContext(flags));
});

program
  .command('bench')
  .description('run benchmarks (of a source checkout); --list shows them')
  .argument('[args...]', 'names and options: --json --full --peer NAME --list')
  .allowUnknownOption()
  .helpOption(false)
  .action(async (args: string[]) => {
    process.exitCode = await bench(args);
  });

try {
  await program.parseAsync();
} catch (error) {
  const lines = errorLine(error).split('\n').map(printable);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = error instanceof NdtsError ? 1 : 2;
}
