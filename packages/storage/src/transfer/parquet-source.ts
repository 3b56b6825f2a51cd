// A Parquet file as rows, read by the embedded SQL engine, which can reach this one file and
// nothing else.

import { beginFileQuery, type SqlColumn, type SqlSession } from '@ndts/native/sql';
import { NdtsError } from '@ndts/protocol';
import { SqlBatch, type SqlBatchColumn } from '../sql/batch.js';
import { quoted } from '../sql/tokens.js';
import type { BatchFiller, ValueColumn } from './batch-filler.js';
import { type Chunk, ChunkSource } from './chunk-source.js';

const memoryBytes = 512 * 1024 * 1024;
const threads = 2;

export interface ParquetFile {
  readonly path: string;
  readonly columns: readonly SqlColumn[];
  /** Of these columns those that no result can have, with their type: they are null. */
  readonly unreadable: ReadonlyMap<number, string>;
  readonly rows: number;
}

export class ParquetSource extends ChunkSource {
  readonly #file: ParquetFile;
  readonly #fileBytes: number;
  #session: SqlSession | undefined;
  #described: SqlColumn[] = [];

  constructor(file: ParquetFile, filler: BatchFiller, firstRow: number, fileBytes: number) {
    super(filler, firstRow, bytesTo(file, firstRow, fileBytes));
    this.#file = file;
    this.#fileBytes = fileBytes;
  }

  protected async read(rows: number): Promise<Chunk | undefined> {
    if (this.#session === undefined) {
      const { path, columns, unreadable } = this.#file;
      const names = columns.map(({ name }) => name);
      [this.#session, this.#described] = await begin(
        path,
        `SELECT ${listOf(names, unreadable)} FROM ${scanOf(path)} ` +
          `WHERE file_row_number >= ${this.row}`,
      );
    }
    const raw = await this.#session.next(rows).catch((error: unknown) => {
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `the file cannot be read behind row ${this.row}, it is damaged: ${reasonOf(error)}`,
        { cause: error },
      );
    });
    if (raw === undefined) return undefined;
    const columns = new SqlBatch(this.#described, raw).columns.map(valueColumn);
    return { columns, from: 0, count: raw.rows };
  }

  protected bytesRead(): number {
    return bytesTo(this.#file, this.row, this.#fileBytes);
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }
}

/** As if all rows had as many bytes. */
function bytesTo({ rows }: ParquetFile, row: number, fileBytes: number): number {
  return Math.round((rows === 0 ? 1 : row / rows) * fileBytes);
}

export function valueColumn(column: SqlBatchColumn): ValueColumn {
  const at = (row: number) => column.at(row);
  const { name, kind, nulls, nsOfDay } = column;
  const areDays = column.type === 'DATE';
  if (nulls !== undefined) return { name, at, areDays };
  const { values } = column;
  if (kind === 'time' && nsOfDay !== undefined && values instanceof Float64Array)
    return { name, at, areDays, times: { days: values, nsOfDay } };
  const isPlain =
    kind !== 'timeOfDay' &&
    (values instanceof Float64Array ||
      values instanceof BigInt64Array ||
      values instanceof Int32Array ||
      values instanceof Float32Array ||
      values instanceof Uint8Array);
  return isPlain ? { name, at, plain: values } : { name, at };
}

/** `path` is absolute. Throws INVALID_ARGUMENT for what is no Parquet file. */
export async function openParquetFile(path: string): Promise<ParquetFile> {
  const { columns, unreadable } = await columnsOfFile(path).catch((error: unknown) => {
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${path} is no Parquet file, or not a whole one: ${reasonOf(error)}`,
      { cause: error },
    );
  });
  const [count, counted] = await begin(path, `SELECT count(*) AS rows FROM ${scanOf(path)}`);
  const raw = await count.next(1);
  const rows = raw === undefined ? 0 : Number(new SqlBatch(counted, raw).columns[0]?.at(0) ?? 0);
  await count.close();
  return { path, columns, unreadable, rows };
}

type Columns = Pick<ParquetFile, 'columns' | 'unreadable'>;

/** What the engine refuses to put into a result is found by asking for it. */
async function columnsOfFile(path: string): Promise<Columns> {
  const described = await describe(path);
  const names = described.map(({ name }) => name);
  const unreadable = new Map<number, string>();
  for (;;) {
    const text = `SELECT ${listOf(names, unreadable)} FROM ${scanOf(path)} LIMIT 0`;
    try {
      const [shape, columns] = await begin(path, text);
      await shape.close();
      return { columns, unreadable };
    } catch (error) {
      const number = /^column (\d+) .* results cannot have/.exec(reasonOf(error))?.[1];
      const at = Number(number) - 1;
      if (number === undefined || unreadable.has(at)) throw error;
      unreadable.set(at, described[at]?.type ?? '');
    }
  }
}

interface NamedType {
  readonly name: string;
  readonly type: string;
}

async function describe(path: string): Promise<NamedType[]> {
  const [session, columns] = await begin(
    path,
    'SELECT column_name, column_type FROM ' +
      `(DESCRIBE SELECT * EXCLUDE (file_row_number) FROM ${scanOf(path)})`,
  );
  const found: NamedType[] = [];
  for (let raw = await session.next(1024); raw !== undefined; raw = await session.next(1024)) {
    const batch = new SqlBatch(columns, raw);
    for (let row = 0; row < batch.rows; row += 1) {
      const [name, type] = Object.values(batch.row(row));
      if (typeof name === 'string' && typeof type === 'string') found.push({ name, type });
    }
  }
  await session.close();
  return found;
}

function listOf(names: readonly string[], unreadable: ReadonlyMap<number, string>): string {
  return names
    .map((name, at) => (unreadable.has(at) ? `NULL AS ${quoted(name)}` : quoted(name)))
    .join(', ');
}

/** The engine tells it as JSON. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const told = /"exception_message":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  return told === undefined ? text : (JSON.parse(told) as string);
}

async function begin(path: string, sql: string): Promise<[SqlSession, SqlColumn[]]> {
  const session = beginFileQuery({ memoryBytes, threads, file: path });
  try {
    await session.serialize('SELECT 1'); // makes the engine ready
    await session.prepare(sql, sql, [], []);
    return [session, await session.execute()];
  } catch (error) {
    await session.close();
    throw error;
  }
}

function scanOf(path: string): string {
  return `read_parquet('${path.replaceAll("'", "''")}', file_row_number = true)`;
}
