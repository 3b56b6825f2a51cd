// DuckDB with tables of its own, as the peer of the SQL benches: the library that our queries run
// on, in the same process, with as many threads. What a bench compares is the scan below.

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export class DuckDb {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /** A database in a file, or in memory. */
  static async open(path: string, threads: number): Promise<DuckDb> {
    const instance = await DuckDBInstance.create(path, { threads: String(threads) });
    return new DuckDb(instance, await instance.connect());
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** The rows, as text. */
  async rows(sql: string): Promise<string[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRows().map((row) => row.map((value) => String(value)).join(' '));
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}
