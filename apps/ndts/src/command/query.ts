// `ndts query`: one statement of SQL over a data folder, by the node or program that has it open,
// or opened here. Rows for people as a table of the first ones, for programs as JSON, an object a
// line, or as CSV, all of them.
//
// Always: the folder is only read, beyond what opening it does (its log is taken in).

import { type Clock, type ConfigValues, NdtsError, timeText } from '@ndts/protocol';
import type {
  NDTSClient,
  QueryResult,
  SqlBatch,
  SqlBatchColumn,
  SqlKind,
  SqlValue,
} from '@ndts/storage';
import { checkArchived } from './archived-days.js';
import { openSource, type SourceFlags } from './data-source.js';
import { numberText, tableText } from '../screen/table.js';

export interface QueryFlags extends SourceFlags {
  readonly json: boolean;
  readonly csv: boolean;
  /** Of the table. */
  readonly rows: number;
  readonly timeoutMs: number;
  /** More than `sql.memoryBytes` only where the folder is opened here; default: that. */
  readonly memoryBytes?: number;
}

export interface QueryContext {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly print: (text: string) => void;
  /** Beside the rows. */
  readonly note: (text: string) => void;
}

/** For a node that is about to serve. */
const openTimeoutMs = 1000;

export async function query(text: string, flags: QueryFlags, context: QueryContext): Promise<void> {
  if (flags.json && flags.csv) throw new NdtsError('INVALID_ARGUMENT', '--json or --csv, not both');
  const { clock, signal } = context;
  const { timeoutMs, memoryBytes } = flags;
  const values = withMemory(context.values, memoryBytes);
  const client = openSource(flags, { ...context, values, openTimeoutMs });
  try {
    await openUnlessLocked(client, values.dataDir);
    const start = clock.monotonicNs();
    const result = await client.query(text, {
      timeoutMs,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      // Said below, where the folder is this machine's.
      ...(flags.node === undefined ? { archived: 'skip' } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
    if (flags.json) await printJson(result, context.print);
    else if (flags.csv) await printCsv(result, context.print);
    else {
      const count = await printTable(result, flags.rows, context.print);
      const ms = (clock.monotonicNs() - start) / 1e6;
      context.print(`\n${countText(count)} in ${ms.toFixed(1)} ms`);
    }
    if (flags.node === undefined) await noteArchived(client, text, context);
  } finally {
    await client.close();
  }
}

/** Who asks for it here has the say where nobody else has the folder open. */
function withMemory(values: ConfigValues, memoryBytes = 0): ConfigValues {
  if (memoryBytes <= values.sql.memoryBytes) return values;
  return { ...values, sql: { ...values.sql, memoryBytes } };
}

/** Of the tables that the text names. */
async function noteArchived(
  client: NDTSClient,
  text: string,
  { note }: QueryContext,
): Promise<void> {
  const words = new Set(text.toLowerCase().match(/[\p{L}\p{N}_$]+/gu));
  for (const { name } of await client.tables()) {
    if (!words.has(name.toLowerCase())) continue;
    const nothing = `SELECT 1 FROM "${name.replaceAll('"', '""')}" LIMIT 0`;
    const check = async (): Promise<void> => (await client.query(nothing)).close();
    await checkArchived({ check, note });
  }
}

async function openUnlessLocked(client: NDTSClient, dataDir: string): Promise<void> {
  try {
    await client.role();
  } catch (error) {
    if (!(error instanceof NdtsError) || error.code !== 'LOCKED') throw error;
    throw new NdtsError(
      'LOCKED',
      `${dataDir} is open in a process that answers nobody: it starts, stops, is a tool, ` +
        `or has a storage.memoryDir that --config must name`,
      { cause: error },
    );
  }
}

function countText(count: number): string {
  return `${numberText(count)} ${count === 1 ? 'row' : 'rows'}`;
}

const leftAligned: ReadonlySet<SqlKind> = new Set<SqlKind>(['text', 'bytes', 'time', 'bool']);

/** The first rows; returns how many there are. */
async function printTable(
  result: QueryResult,
  most: number,
  print: (text: string) => void,
): Promise<number> {
  const shown: string[][] = [];
  let count = 0;
  for await (const batch of result) {
    for (let row = 0; row < batch.rows && shown.length < most; row += 1)
      shown.push(batch.columns.map((column) => cellText(column, row)));
    count += batch.rows;
  }
  const columns = result.columns.map(({ name, kind }) => {
    return { title: name, right: !leftAligned.has(kind) };
  });
  print(tableText(columns, shown));
  if (count > shown.length)
    print(`and ${countText(count - shown.length)} more (--rows shows more, --csv and --json all)`);
  return count;
}

function cellText(column: SqlBatchColumn, row: number): string {
  const value = column.at(row);
  return value === null ? 'null' : plainText(value, column.kind).replaceAll('\n', ' ');
}

/** As text, exactly; times as ISO text in UTC. */
function plainText(value: Exclude<SqlValue, null>, kind: SqlKind): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'object') return timeWords(value);
  if (kind === 'timeOfDay') return timeText({ day: 0, nsOfDay: Number(value) }).slice(11, -1);
  return String(value);
}

function timeWords(time: { readonly day: number; readonly nsOfDay: number }): string {
  if (Number.isFinite(time.day)) return timeText(time);
  return time.day > 0 ? 'infinity' : '-infinity';
}

/** Numbers as numbers where JSON readers keep them exact, all else as text. */
function jsonValue(value: SqlValue, kind: SqlKind): null | boolean | number | string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  const isNumber = typeof value === 'number' && Number.isFinite(value) && kind !== 'timeOfDay';
  return isNumber ? value : plainText(value, kind);
}

async function printJson(result: QueryResult, print: (text: string) => void): Promise<void> {
  for await (const batch of result) print(linesOf(batch, jsonLine));
}

function jsonLine(columns: readonly SqlBatchColumn[], row: number): string {
  const entries = columns.map((column) => [column.name, jsonValue(column.at(row), column.kind)]);
  return JSON.stringify(Object.fromEntries(entries));
}

async function printCsv(result: QueryResult, print: (text: string) => void): Promise<void> {
  print(result.columns.map(({ name }) => csvCell(name)).join(','));
  for await (const batch of result) print(linesOf(batch, csvLine));
}

function linesOf(
  batch: SqlBatch,
  line: (columns: readonly SqlBatchColumn[], row: number) => string,
): string {
  return Array.from({ length: batch.rows }, (_, row) => line(batch.columns, row)).join('\n');
}

/** A null is an empty cell, an empty text a pair of quotes. */
function csvLine(columns: readonly SqlBatchColumn[], row: number): string {
  return columns
    .map((column) => {
      const value = column.at(row);
      return value === null ? '' : csvCell(plainText(value, column.kind));
    })
    .join(',');
}

function csvCell(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
