// Rows of a table or of a query into a file: CSV, Parquet or Arrow. The file is there whole or
// not at all.

import type { Database } from '@ndts/native/db';
import { type Clock, NdtsError } from '@ndts/protocol';
import { Sql } from '../sql/query.js';
import { CsvWriter } from './csv-writer.js';
import { type Selection, type TableSelection, tableSteps, wholeTable } from './export-selection.js';
import type { ExportWriter } from './export-writer.js';
import { OutputFile } from './output-file.js';
import type { OnTransferEvent, TransferEvent } from './transfer-event.js';

export type FileFormat = 'csv' | 'parquet' | 'arrow' | 'arrow-stream';

export interface ExportOptions {
  readonly path: string;
  /** Default: by the name of the file. */
  readonly format?: FileFormat | undefined;
  /** One of the two. */
  readonly query?: string | undefined;
  readonly selection?: TableSelection | undefined;
  /** Replaces a file that is there. */
  readonly force?: boolean | undefined;
  /** Of CSV. */
  readonly delimiter?: string | undefined;
  readonly header?: boolean | undefined;
  /** Of Parquet: zstd (default), snappy, gzip, lz4, uncompressed. */
  readonly compression?: string | undefined;
  /** Of Parquet; default 122,880. */
  readonly rowGroupRows?: number | undefined;
  readonly batchRows?: number | undefined;
  readonly stepRows?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: OnTransferEvent | undefined;
}

const progressNs = 100e6;
const defaultBatchRows = 65_536;
const defaultRowGroupRows = 122_880;
const compressions: readonly string[] = ['zstd', 'snappy', 'gzip', 'lz4', 'uncompressed'];

/** By the end of its name; undefined: it tells nothing. */
export function formatOfName(path: string): FileFormat | undefined {
  if (/\.(csv|tsv|txt)$/i.test(path)) return 'csv';
  if (/\.(parquet|pq)$/i.test(path)) return 'parquet';
  if (/\.(arrow|feather|ipc)$/i.test(path)) return 'arrow';
  return /\.arrows$/i.test(path) ? 'arrow-stream' : undefined;
}

/** Throws NOT_FOUND (the table), INVALID_SQL, ALREADY_EXISTS (the file), CANCELLED, and what
 * reading and writing throws. */
export async function exportFile(
  database: Database,
  clock: Clock,
  options: ExportOptions,
): Promise<TransferEvent> {
  const beginNs = clock.monotonicNs();
  const format = options.format ?? formatOfName(options.path);
  if (format === undefined)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${options.path}: the name tells no format: say --format csv, parquet, arrow or arrow-stream`,
    );
  checkOptions(format, options);
  const sql = new Sql({ database, clock, timeoutMs: 0 });
  const selection = await selectionOf(sql, database, options);
  const file = new OutputFile(options.path, options.force === true);
  try {
    const rows =
      format === 'parquet'
        ? await writeParquet(sql, selection, file, options)
        : await writeAll(
            sql,
            clock,
            selection,
            await writerOf(format, file, options),
            file,
            options,
          );
    file.commit();
    const seconds = (clock.monotonicNs() - beginNs) / 1e9;
    const event = { event: 'done', rows, rejects: 0, bytes: file.size(), seconds } as const;
    options.onEvent?.(event);
    return event;
  } finally {
    file.discard();
  }
}

async function writerOf(
  format: FileFormat,
  file: OutputFile,
  options: ExportOptions,
): Promise<ExportWriter> {
  if (format === 'csv') return new CsvWriter(file, options);
  // Takes a quarter of a second to load, which nobody else should wait for.
  const { ArrowWriter } = await import('./arrow-writer.js');
  return new ArrowWriter(file, format === 'arrow-stream');
}

/** What is said of another format is a mistake, of the name or of the option. */
function checkOptions(format: FileFormat, options: ExportOptions): void {
  const { compression, rowGroupRows, delimiter, header } = options;
  const ofParquet = compression !== undefined || rowGroupRows !== undefined;
  const ofCsv = delimiter !== undefined || header === false;
  if ((ofParquet && format !== 'parquet') || (ofCsv && format !== 'csv'))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `the file is of format ${format}: ` +
        (ofCsv && format !== 'csv'
          ? 'a delimiter and no header are of CSV'
          : 'compression and row groups are of Parquet'),
    );
}

/** The SQL engine writes the file by itself. */
async function writeParquet(
  sql: Sql,
  selection: Selection,
  file: OutputFile,
  options: ExportOptions,
): Promise<number> {
  const compression = options.compression ?? 'zstd';
  const groupRows = options.rowGroupRows ?? defaultRowGroupRows;
  if (!Number.isSafeInteger(groupRows) || groupRows < 1)
    throw new NdtsError('INVALID_ARGUMENT', 'expected a row group of a row at least');
  if (!compressions.includes(compression))
    throw new NdtsError('INVALID_ARGUMENT', `expected a compression: ${compressions.join(', ')}`);
  const { sql: text, parameters } = wholeTable(selection);
  const { signal } = options;
  // Made here, so that whoever may read it is the same for all formats.
  file.write(new Uint8Array(0));
  const result = await sql.query(text, {
    parameters,
    // Its dictionaries take -0 for 0.
    copyTo: {
      path: file.temporaryPath,
      options:
        `FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${groupRows}, ` +
        'DICTIONARY_SIZE_LIMIT 1',
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const [row] = await result.rows();
  return Number(Object.values(row ?? {})[0] ?? 0);
}

function selectionOf(sql: Sql, database: Database, options: ExportOptions): Promise<Selection> {
  const { query, selection } = options;
  if ((query === undefined) === (selection === undefined))
    throw new NdtsError('INVALID_ARGUMENT', 'expected a table or a query to export, one of them');
  if (query !== undefined)
    return Promise.resolve({ steps: [{ sql: query, parameters: [] }], rows: undefined });
  return tableSteps(sql, database, selection!, options.stepRows);
}

async function writeAll(
  sql: Sql,
  clock: Clock,
  selection: Selection,
  writer: ExportWriter,
  file: OutputFile,
  options: ExportOptions,
): Promise<number> {
  const { signal, onEvent } = options;
  const beginNs = clock.monotonicNs();
  let lastNs = 0;
  let rows = 0;
  for (const [index, step] of selection.steps.entries()) {
    const result = await sql.query(step.sql, {
      parameters: step.parameters,
      batchRows: options.batchRows ?? defaultBatchRows,
      ...(signal === undefined ? {} : { signal }),
    });
    if (index === 0) writer.begin(result.columns);
    for await (const batch of result) {
      await writer.add(batch);
      rows += batch.rows;
      const nowNs = clock.monotonicNs();
      if (nowNs - lastNs < progressNs) continue;
      lastNs = nowNs;
      const seconds = Math.max(1e-9, (nowNs - beginNs) / 1e9);
      const left = selection.rows === undefined ? undefined : selection.rows - rows;
      onEvent?.({
        event: 'progress',
        rows,
        rejects: 0,
        bytes: file.bytes,
        totalBytes: left === undefined ? 0 : Math.round((file.bytes / rows) * (rows + left)),
        seconds,
        rowsPerSecond: rows / seconds,
        bytesPerSecond: file.bytes / seconds,
        etaSeconds: left === undefined ? undefined : (left / rows) * seconds,
      });
    }
  }
  await writer.end();
  return rows;
}
