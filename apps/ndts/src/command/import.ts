// `ndts import`: a file into a table of a data folder that this process opens. Ctrl-C stops
// behind the batch that is under way; the same command goes on from there.

import type { Command } from 'commander';
import { type Clock, type ConfigValues, NdtsError, type Random } from '@ndts/protocol';
import { createSilentLogger } from '@ndts/runtime';
import {
  importFile,
  type ImportOptions,
  type LocalDatabase,
  localTarget,
  openLocalDatabase,
  type TransferEvent,
} from '@ndts/storage';
import type { Screen } from '../screen/status-line.js';
import { TransferScreen } from '../screen/transfer-screen.js';
import { collectPairs, parseWhole, splitList } from './transfer-options.js';

const formats = ['csv', 'parquet', 'arrow'] as const;

/** As commander names them. */
export interface ImportFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly table?: string;
  readonly create?: boolean;
  readonly columns?: string;
  readonly map?: Record<string, string>;
  readonly set?: Record<string, string>;
  readonly exactNames?: boolean;
  readonly symbol?: string;
  readonly delimiter?: string;
  readonly quote?: string;
  readonly comment?: string;
  readonly skipLines?: number;
  readonly header: boolean;
  readonly timeFormat?: string;
  readonly utcOffset?: string;
  readonly nullWords?: string[];
  readonly rejects?: string;
  readonly maxRejects?: string;
  readonly identity?: string;
  readonly format?: string;
  readonly again?: boolean;
  readonly dryRun?: boolean;
  readonly json: boolean;
}

export interface TransferContext {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly random: Random;
  readonly userId: number;
  readonly screen: Screen;
  /** Beside what the screen shows. */
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

export function openForTransfer(context: TransferContext): Promise<LocalDatabase> {
  const { values, clock, random, userId } = context;
  return openLocalDatabase({ values, clock, random, userId, logger: createSilentLogger() }).catch(
    (error: unknown) => {
      if (!(error instanceof NdtsError) || error.code !== 'LOCKED') throw error;
      throw new NdtsError(
        'LOCKED',
        `a node runs on ${values.dataDir}, and only one process opens a folder: stop it first`,
        { cause: error },
      );
    },
  );
}

export async function runImportCommand(
  path: string,
  flags: ImportFlags,
  context: TransferContext,
): Promise<TransferEvent> {
  const local = await openForTransfer(context);
  const screen = new TransferScreen(context.screen, flags.json, 'imported');
  try {
    const onEvent = (event: TransferEvent): void => screen.show(event);
    const options = { ...importOptions(path, flags), signal: context.signal, onEvent };
    return await importFile(localTarget(local), context.clock, options);
  } finally {
    screen.end();
    await local.close();
  }
}

function importOptions(path: string, flags: ImportFlags): ImportOptions {
  const { rejects, maxRejects, identity, ...rest } = flags;
  const format = formats.find((one) => one === flags.format);
  if (flags.format !== undefined && format === undefined)
    throw new NdtsError('INVALID_ARGUMENT', `--format: ${formats.join(', ')}`);
  if (identity !== undefined && identity !== 'content' && identity !== 'ends')
    throw new NdtsError('INVALID_ARGUMENT', `--identity: content or ends, found '${identity}'`);
  const most = maxRejects === 'all' ? Number.POSITIVE_INFINITY : maxRejects;
  return {
    ...rest,
    path,
    format,
    rejectsPath: rejects,
    identityBy: identity,
    ...(most === undefined
      ? {}
      : { maxRejects: typeof most === 'number' ? most : parseWhole(most) }),
  };
}

/** The command and its options; `run` gets them. */
export function addImportCommand(
  program: Command,
  run: (path: string, flags: ImportFlags) => Promise<void>,
): void {
  program
    .command('import')
    .description('take a file of CSV, Parquet or Arrow into a table (docs/transfer.md)')
    .argument('<file>', 'the file')
    .option('--data-dir <folder>', 'the data folder', 'data')
    .option('--config <file>', 'its configuration, YAML or TOML')
    .option('--table <name>', 'the table (default: tick)')
    .option('--format <format>', `${formats.join(', ')} (default: by the name)`)
    .option('--create', 'make the table, its columns from a sample of the file')
    .option('--columns <list>', 'make the table with these: name:type,... (? behind: nulls)')
    .option(
      '--map <pairs>',
      'column=column of the file, or its number; time=date+clock',
      collectPairs,
    )
    .option('--set <pairs>', 'column=value of all rows', collectPairs)
    .option('--exact-names', 'names are equal in case, too')
    .option('--symbol <name>', 'the symbol of all rows')
    .option('--delimiter <byte>', 'default: a comma; tab')
    .option('--quote <byte>', 'default: "; none')
    .option('--comment <byte>', 'records that begin with it are passed over')
    .option('--skip-lines <count>', 'lines before the header', parseWhole)
    .option('--no-header', 'the first record is a row; columns are called 1, 2, ...')
    .option('--time-format <format>', 'iso, s, ms, us, ns, auto, or a pattern: %d.%m.%Y %T')
    .option('--utc-offset <offset>', 'what times without one are ahead of UTC: +08:00')
    .option('--null-words <list>', 'words that stand for null, beside nothing', splitList)
    .option('--rejects <file>', 'rows that cannot be taken (default: FILE.rejects.csv)')
    .option('--max-rejects <count>', 'above it the import stops: a number, all (default: 1000)')
    .option('--identity <by>', 'how the file is known again: content (default), ends')
    .option('--again', 'import a file again that was imported')
    .option('--dry-run', 'show what the first rows would be, and change nothing')
    .option('--json', 'events as JSON, one a line, for programs', false)
    .action(run);
}
