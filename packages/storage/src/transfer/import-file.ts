// One file into one table: the file is looked at and known again, its columns are mapped, the
// table is made where that was asked for, and the rows are taken, from where an earlier import
// stopped.

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type Clock, type ColumnSchema, NdtsError, type TableSchema } from '@ndts/protocol';
import { type ColumnMap, mapColumns, type Source } from './column-map.js';
import type { CsvOptions } from './csv-options.js';
import { fileIdentity, type IdentityBy } from './file-identity.js';
import {
  type ImportFormat,
  type ImportFormatName,
  importFormatOf,
  openImportFormat,
} from './import-format.js';
import { type ImportRecord, readRecord } from './import-record.js';
import { runImport } from './import-run.js';
import type { ImportTarget } from './import-target.js';
import { parseColumns } from './infer-schema.js';
import { preview, PreviewSymbols } from './preview.js';
import { RejectsFile } from './rejects-file.js';
import type { RowSource } from './row-source.js';
import type { OnTransferEvent, PlannedColumn, TransferEvent } from './transfer-event.js';

export interface ImportOptions extends CsvOptions {
  readonly path: string;
  /** Default: by the end of the file's name. */
  readonly format?: ImportFormatName | undefined;
  /** Default: ticks. */
  readonly table?: string | undefined;
  /** Makes the table if there is none, of a sample. */
  readonly create?: boolean | undefined;
  /** Makes it with these columns: name:type,... */
  readonly columns?: string | undefined;
  readonly rejectsPath?: string | undefined;
  /** Above it the import stops; default 1000, Infinity: never. */
  readonly maxRejects?: number | undefined;
  readonly identityBy?: IdentityBy | undefined;
  /** Imports a file again that was imported. */
  readonly again?: boolean | undefined;
  /** Only looks at the first rows: the last event is the preview. */
  readonly dryRun?: boolean | undefined;
  readonly batchRows?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: OnTransferEvent | undefined;
}

const defaultBatchRows = 32_768;
const defaultMaxRejects = 1000;
const previewRows = 10;

/** Throws NOT_FOUND (the file, a column), INVALID_ARGUMENT (options, too many rejects),
 * ALREADY_EXISTS (imported with other options), and what appending throws. */
export async function importFile(
  target: ImportTarget,
  clock: Clock,
  options: ImportOptions,
): Promise<TransferEvent> {
  const beginNs = clock.monotonicNs();
  const onEvent = options.onEvent ?? (() => undefined);
  const format = options.format ?? importFormatOf(options.path);
  const file = await openImportFormat(options.path, format, options);
  let source: RowSource | undefined;
  try {
    const table = options.table ?? 'tick';
    const known = target.tables().find((one) => one.name === table);
    const schema = known === undefined ? newSchema(table, file, options) : asSaid(known, options);
    const map = mapColumns(file.names, schema, withSymbol(options));
    checkReadable(file, map, schema);
    const planned = { schema, isNewTable: known === undefined, map, names: file.names };
    if (options.dryRun === true) {
      onEvent(planEvent(planned, 0, undefined));
      const symbols = new PreviewSymbols();
      source = file.source(schema, map, symbols.ensure, undefined);
      const event = await preview(source, schema, symbols, previewRows);
      onEvent(event);
      return event;
    }
    const by = options.identityBy ?? 'content';
    const { identity, bytes: totalBytes } = await fileIdentity(options.path, by);
    const fresh = newRecord(table, identity, schema, map, options, clock);
    const found = options.again === true ? undefined : readRecord(target, table, identity);
    const record = found === undefined ? fresh : checkedRecord(found, fresh);
    if (record.state === 'done') return alreadyDone(record, totalBytes, onEvent);
    const isResumed = record.offset > 0;
    onEvent(planEvent(planned, totalBytes, record));
    const rejectsPath = options.rejectsPath ?? `${options.path}.rejects.csv`;
    const rejects = new RejectsFile(rejectsPath, isResumed ? record.rejectsBytes : 0);
    const ensure = (names: readonly string[]): Promise<Uint32Array> => target.ensureSymbols(names);
    source = file.source(schema, map, ensure, isResumed ? record : undefined);
    const end = await runImport({
      target,
      table: () => known?.id ?? target.createTable(schema),
      schema,
      source,
      rejects,
      clock,
      record,
      totalBytes,
      passedBytes: source.passedBytes,
      batchRows: options.batchRows ?? defaultBatchRows,
      maxRejects: options.maxRejects ?? defaultMaxRejects,
      signal: options.signal,
      onEvent,
    });
    const event: TransferEvent = {
      event: end.state === 'done' ? 'done' : 'stopped',
      rows: end.rows,
      rejects: end.rejects,
      bytes: end.state === 'done' ? totalBytes : end.offset,
      seconds: (clock.monotonicNs() - beginNs) / 1e9,
      ...(end.rejects > 0 ? { rejectsPath } : {}),
    };
    onEvent(event);
    return event;
  } finally {
    await (source ?? file).close();
  }
}

function alreadyDone(record: ImportRecord, bytes: number, onEvent: OnTransferEvent): TransferEvent {
  const { rows, rejects, wallMs } = record;
  const event = { event: 'already', rows, rejects, bytes, seconds: 0, wallMs } as const;
  onEvent(event);
  return event;
}

function withSymbol(options: ImportOptions): ImportOptions {
  if (options.symbol === undefined) return options;
  return { ...options, set: { ...options.set, symbol: options.symbol } };
}

function newSchema(name: string, file: ImportFormat, options: ImportOptions): TableSchema {
  if (options.columns !== undefined) return { name, columns: parseColumns(options.columns) };
  if (options.create !== true)
    throw new NdtsError(
      'NOT_FOUND',
      `there is no table ${name}: --create makes it from a sample of the file, ` +
        '--columns name:type,... as you say',
    );
  const { time, symbol } = mapColumns(file.names, { name, columns: [] }, rowOptions(options));
  const taken = new Set(
    [time, symbol].flatMap((source) =>
      'field' in source ? [source.field, source.second ?? source.field] : [],
    ),
  );
  return { name, columns: file.columns(taken) };
}

/** A table that is there has the columns that are said. */
function asSaid(known: TableSchema, { columns }: ImportOptions): TableSchema {
  if (columns === undefined) return known;
  const listOf = (all: readonly ColumnSchema[]): string =>
    all.map(({ name, type, nullable }) => `${name}:${type}${nullable === true ? '?' : ''}`).join();
  const [there, said] = [listOf(known.columns), listOf(parseColumns(columns))];
  if (there === said) return known;
  throw new NdtsError(
    'ALREADY_EXISTS',
    `there is a table ${known.name}, and its columns are ${there}: leave --columns out, or name ` +
      'another --table',
  );
}

function checkReadable(file: ImportFormat, map: ColumnMap, schema: TableSchema): void {
  const names = ['time', 'symbol', ...schema.columns.map(({ name }) => name)];
  for (const [at, source] of [map.time, map.symbol, ...map.columns].entries()) {
    const type = 'field' in source ? file.unreadable.get(source.field) : undefined;
    if (type !== undefined && 'field' in source)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `column ${file.names[source.field]} of the file, for ${names[at]}, is of type ${type}, ` +
          'of which nothing is taken',
      );
  }
}

/** Only what is said of time and symbol. */
function rowOptions(options: ImportOptions): ImportOptions {
  const pick = (all: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(
      Object.entries(all ?? {}).filter(([name]) => name === 'time' || name === 'symbol'),
    );
  const { map, set } = withSymbol(options);
  return { ...options, map: pick(map), set: pick(set) };
}

/** Of an import that begins. */
function newRecord(
  table: string,
  identity: string,
  schema: TableSchema,
  map: ColumnMap,
  options: ImportOptions,
  clock: Clock,
): ImportRecord {
  const { delimiter, quote, comment, skipLines, header, timeFormat, utcOffset, nullWords } =
    options;
  const dialect = [delimiter, quote, comment, skipLines, header, timeFormat, utcOffset, nullWords];
  const columns = schema.columns.map(({ name, type, nullable }) => [name, type, nullable === true]);
  const meaning = JSON.stringify([map.time, map.symbol, map.columns, columns, dialect]);
  return {
    version: 1,
    state: 'running',
    table,
    file: basename(options.path),
    identity,
    options: createHash('sha256').update(meaning).digest('hex').slice(0, 16),
    offset: 0,
    line: 1,
    rows: 0,
    rejects: 0,
    rejectsBytes: 0,
    begunMs: clock.nowMs(),
    wallMs: clock.nowMs(),
  };
}

function checkedRecord(found: ImportRecord, fresh: ImportRecord): ImportRecord {
  if (found.options === fresh.options) return found;
  const when = new Date(found.wallMs).toISOString();
  throw new NdtsError(
    'ALREADY_EXISTS',
    `this file was imported into ${found.table} with other options (${found.rows} rows, ` +
      `${found.state === 'done' ? 'complete' : 'not complete'}, ${when}): use the same ones, or ` +
      '--again to import it once more beside the rows that are there',
  );
}

interface Planned {
  readonly schema: TableSchema;
  readonly isNewTable: boolean;
  readonly map: ColumnMap;
  /** Of the file's columns. */
  readonly names: readonly string[];
}

function planEvent(
  { schema, isNewTable, map, names }: Planned,
  totalBytes: number,
  record: ImportRecord | undefined,
): TransferEvent {
  const from = (source: Source): string => {
    if ('constant' in source) return source.constant === '' ? '(nothing)' : `'${source.constant}'`;
    const first = names[source.field] ?? '';
    return source.second === undefined ? first : `${first} + ${names[source.second] ?? ''}`;
  };
  const columns: PlannedColumn[] = [
    { name: 'time', type: 'time', from: from(map.time) },
    { name: 'symbol', type: 'symbol', from: from(map.symbol) },
    ...schema.columns.map(({ name, type, nullable }, at) => ({
      name,
      type: nullable === true ? `${type}?` : type,
      from: from(map.columns[at] ?? { constant: '' }),
    })),
  ];
  const { rows, rejects, offset } = record ?? { rows: 0, rejects: 0, offset: 0 };
  return {
    event: 'plan',
    table: schema.name,
    isNewTable,
    columns,
    ignored: map.ignored,
    totalBytes,
    ...(offset > 0 ? { resumed: { rows, rejects, bytes: offset } } : {}),
  };
}
