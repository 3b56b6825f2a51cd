// `ndts export`: a table or a query of a data folder that this process opens, into a file.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { NdtsError } from '@ndts/protocol';
import {
  type ExportOptions,
  exportFile,
  type FileFormat,
  openArchivedDays,
  type TransferEvent,
} from '@ndts/storage';
import { checkArchived } from './archived-days.js';
import { TransferScreen } from '../screen/transfer-screen.js';
import { openForTransfer, type TransferContext } from './import.js';
import { parseInstant, parseWhole, splitList } from './transfer-options.js';

/** As commander names them. */
export interface ExportFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly table?: string;
  readonly query?: string;
  readonly symbols?: string[];
  readonly from?: string;
  readonly to?: string;
  readonly format?: string;
  readonly delimiter?: string;
  readonly header: boolean;
  readonly compression?: string;
  readonly rowGroup?: number;
  readonly force?: boolean;
  readonly json: boolean;
}

const formats: readonly FileFormat[] = ['csv', 'parquet', 'arrow', 'arrow-stream'];

export async function runExportCommand(
  path: string,
  flags: ExportFlags,
  context: TransferContext,
): Promise<TransferEvent> {
  const options = exportOptions(path, flags);
  const { dataDir } = context.values;
  if (!existsSync(join(dataDir, 'ticks')))
    throw new NdtsError('NOT_FOUND', `no database in ${dataDir}`);
  const local = await openForTransfer(context);
  const screen = new TransferScreen(context.screen, flags.json, 'exported');
  const onEvent = (event: TransferEvent): void => screen.show(event);
  try {
    const { selection } = options;
    if (selection !== undefined)
      await checkArchived({
        from: selection.from,
        check: () =>
          openArchivedDays(local.ticks, context.values).check(selection.table, selection),
        note: context.note,
      });
    return await exportFile(local.ticks, context.clock, {
      ...options,
      signal: context.signal,
      onEvent,
    });
  } catch (error) {
    if (!(error instanceof NdtsError && error.code === 'CANCELLED')) throw error;
    const event = { event: 'stopped', rows: 0, rejects: 0, bytes: 0, seconds: 0 } as const;
    onEvent(event);
    return event;
  } finally {
    screen.end();
    await local.close();
  }
}

function exportOptions(path: string, flags: ExportFlags): ExportOptions {
  const { table, query, symbols, from, to, delimiter, header, force } = flags;
  const format = formats.find((one) => one === flags.format);
  if (flags.format !== undefined && format === undefined)
    throw new NdtsError('INVALID_ARGUMENT', `--format: ${formats.join(', ')}`);
  const isPart = symbols !== undefined || from !== undefined || to !== undefined;
  if (query !== undefined && (table !== undefined || isPart))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      '--query says all: no --table, --symbols, --from, --to',
    );
  const selection = {
    table: table ?? 'tick',
    symbols,
    from: from === undefined ? undefined : parseInstant(from),
    to: to === undefined ? undefined : parseInstant(to),
  };
  return {
    path,
    format,
    ...(query === undefined ? { selection } : { query }),
    delimiter,
    header,
    force,
    compression: flags.compression,
    rowGroupRows: flags.rowGroup,
  };
}

/** The command and its options; `run` gets them. */
export function addExportCommand(
  program: Command,
  run: (path: string, flags: ExportFlags) => Promise<void>,
): void {
  program
    .command('export')
    .description('write a table, or the rows of a query, to a file (docs/transfer.md)')
    .argument('<file>', 'the file; its name tells the format')
    .option('--data-dir <folder>', 'the data folder', 'data')
    .option('--config <file>', 'its configuration, YAML or TOML')
    .option('--table <name>', 'the table (default: tick)')
    .option('--symbols <list>', 'only these', splitList)
    .option('--from <time>', 'from this time on: 2024-01-02T09:30:00.123456789')
    .option('--to <time>', 'up to this time, which is not in it')
    .option('--query <sql>', 'the rows of a query instead of a table')
    .option('--format <format>', formats.join(', '))
    .option('--delimiter <byte>', 'of CSV; default: a comma; tab')
    .option('--no-header', 'of CSV: rows only')
    .option('--compression <name>', 'of Parquet: zstd (default), snappy, gzip, lz4, uncompressed')
    .option('--row-group <rows>', 'of Parquet: rows of a group', parseWhole)
    .option('--force', 'replace a file that is there')
    .option('--json', 'events as JSON, one a line, for programs', false)
    .action(run);
}
