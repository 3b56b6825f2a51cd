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
  readonly rows: number;
}

export class ParquetSource extends ChunkSource {
  readonly #file: ParquetFile;
  readonly #fileBytes: number;
  #session: SqlSession | undefined;
  #described: SqlColumn[] = [];

  constructor(file: ParquetFile, filler: BatchFiller, firstRow: number, fileBytes: number) {
    super(filler, firstRow);
    this.#file = file;
    this.#fileBytes = fileBytes;
  }

  protected async read(rows: number): Promise<Chunk | undefined> {
    if (this.#session === undefined) {
      const names = this.#file.columns.map(({ name }) => quoted(name));
      [this.#session, this.#described] = await begin(
        this.#file.path,
        `SELECT ${names.join(', ')} FROM ${scanOf(this.#file.path)} ` +
          `WHERE file_row_number >= ${this.row}`,
      );
    }
    const raw = await this.#session.next(rows);
    if (raw === undefined) return undefined;
    const columns = new SqlBatch(this.#described, raw).columns.map(valueColumn);
    return { columns, from: 0, count: raw.rows };
  }

  protected bytesRead(): number {
    const part = this.#file.rows === 0 ? 1 : this.row / this.#file.rows;
    return Math.round(part * this.#fileBytes);
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }
}

export function valueColumn(column: SqlBatchColumn): ValueColumn {
  const at = (row: number) => column.at(row);
  const { name, kind, nulls, nsOfDay } = column;
  if (nulls !== undefined) return { name, at };
  const { values } = column;
  if (kind === 'time' && nsOfDay !== undefined && values instanceof Float64Array)
    return { name, at, times: { days: values, nsOfDay } };
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
  const [shape, columns] = await begin(
    path,
    `SELECT * EXCLUDE (file_row_number) FROM ${scanOf(path)} LIMIT 0`,
  ).catch((error: unknown) => {
    throw new NdtsError('INVALID_ARGUMENT', `${path} is no Parquet file, or not a whole one`, {
      cause: error,
    });
  });
  await shape.close();
  const [count, counted] = await begin(path, `SELECT count(*) AS rows FROM ${scanOf(path)}`);
  const raw = await count.next(1);
  const rows = raw === undefined ? 0 : Number(new SqlBatch(counted, raw).columns[0]?.at(0) ?? 0);
  await count.close();
  return { path, columns, rows };
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
