// A Parquet file as rows, read by the embedded SQL engine, which can reach this one file and
// nothing else.

import { beginFileQuery, type SqlColumn, type SqlSession } from '@ndts/native/sql';
import type { TableBatch } from '@ndts/native/db';
import { SqlBatch, type SqlBatchColumn } from '../sql/batch.js';
import { type BatchFiller, rowText, type ValueColumn } from './batch-filler.js';
import type { RejectedRow } from './rejects-file.js';
import type { RowSource, SourceRead } from './row-source.js';

const memoryBytes = 512 * 1024 * 1024;
const threads = 2;

export interface ParquetFile {
  readonly path: string;
  readonly columns: readonly SqlColumn[];
  readonly rows: number;
}

export class ParquetSource implements RowSource {
  readonly #file: ParquetFile;
  readonly #filler: BatchFiller;
  readonly #fileBytes: number;
  #session: SqlSession | undefined;
  #described: SqlColumn[] = [];
  #columns: readonly ValueColumn[] = [];
  #left = 0;
  #from = 0;
  #row: number;

  constructor(file: ParquetFile, filler: BatchFiller, firstRow: number, fileBytes: number) {
    this.#file = file;
    this.#filler = filler;
    this.#row = firstRow;
    this.#fileBytes = fileBytes;
  }

  async next(batch: TableBatch): Promise<SourceRead> {
    batch.clear();
    const rejects: RejectedRow[] = [];
    let ended = false;
    while (batch.count < batch.capacity) {
      if (this.#left === 0 && !(await this.#read(batch.capacity))) {
        ended = true;
        break;
      }
      const count = Math.min(this.#left, batch.capacity - batch.count);
      const bad = await this.#filler.add(batch, this.#columns, this.#from, count);
      for (const { row, column, reason } of bad) {
        const text = rowText(this.#columns, row);
        const line = this.#row + (row - this.#from) + 1;
        rejects.push({ line, offset: line - 1, column, reason, text });
      }
      this.#from += count;
      this.#left -= count;
      this.#row += count;
    }
    const part = this.#file.rows === 0 ? 1 : this.#row / this.#file.rows;
    return {
      rows: batch.count,
      ended,
      offset: this.#row,
      line: this.#row + 1,
      rejects,
      bytes: Math.round(part * this.#fileBytes),
    };
  }

  async #read(rows: number): Promise<boolean> {
    if (this.#session === undefined) {
      const names = this.#file.columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`);
      [this.#session, this.#described] = await begin(
        this.#file.path,
        `SELECT ${names.join(', ')} FROM ${scanOf(this.#file.path)} ` +
          `WHERE file_row_number >= ${this.#row}`,
      );
    }
    const raw = await this.#session.next(rows);
    if (raw === undefined) return false;
    this.#columns = new SqlBatch(this.#described, raw).columns.map(valueColumn);
    this.#left = raw.rows;
    this.#from = 0;
    return true;
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

/** `path` is absolute. Throws INVALID_SQL for what is no Parquet file. */
export async function openParquetFile(path: string): Promise<ParquetFile> {
  const [shape, columns] = await begin(
    path,
    `SELECT * EXCLUDE (file_row_number) FROM ${scanOf(path)} LIMIT 0`,
  );
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
