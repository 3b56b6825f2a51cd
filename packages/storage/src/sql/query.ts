// SQL over a database: what is in its files and what was accepted a moment ago, as one state.
//
//   const sql = new Sql({ database, clock });
//   const result = await sql.query('SELECT ...', { parameters: [..] });
//   for await (const batch of result) ...
//
// Always: a query reads one snapshot, taken when it begins, on threads of its own, and can change
// nothing. It ends when its rows do, by close(), by its time limit, by its signal, or with the
// database; whatever it held is let go then.

import { availableParallelism } from 'node:os';
import type { Database } from '@ndts/native/db';
import type {
  RawBatch,
  SqlColumn,
  SqlDescription,
  SqlSession,
  SqlWatermark,
} from '@ndts/native/sql';
import { type Clock, NdtsError, type TableSchema } from '@ndts/protocol';
import type { ArchivedDays, ArchivedRead } from '../retention/archived-days.js';
import { SqlBatch, type SqlRow } from './batch.js';
import {
  bindParameters,
  literalOfParameter,
  noParameters,
  type Parameters,
  textsOfParameter,
} from './parameters.js';
import { Statement } from './statement.js';
import { Watch } from './watch.js';

export interface SqlLimitsOptions {
  /** From the call of query() to the last row; default 60 s; 0: none. */
  readonly timeoutMs?: number;
  /** What a query may keep in memory; default 1 GiB. */
  readonly memoryBytes?: number;
  /** Default: one for each processor, at most 8. */
  readonly threads?: number;
  /** Rows of a batch, about; default 16,384. */
  readonly batchRows?: number;
}

export interface SqlOptions extends SqlLimitsOptions {
  /** Refuses queries about days that are only in the archive; default: there is none. */
  readonly archived?: ArchivedDays;
  readonly database: Database;
  readonly clock: Clock;
}

export interface QueryOptions extends SqlLimitsOptions {
  readonly parameters?: Parameters;
  readonly signal?: AbortSignal;
  /** Days that are only in the archive are left out; default: the query is refused. */
  readonly archived?: ArchivedRead;
  /** Writes the rows to a file by COPY, with these options of it; the result is their number.
   * `path` is absolute, and the one file that the query reaches. */
  readonly copyTo?: { readonly path: string; readonly options: string };
  /** false: times and symbols of the WHERE are not handed to the scans. For tests. */
  readonly pushDown?: boolean;
}

const defaults = {
  timeoutMs: 60_000,
  memoryBytes: 1024 * 1024 * 1024,
  batchRows: 16_384,
} as const;

interface Begun {
  readonly statement: Statement;
  readonly session: SqlSession;
  readonly watch: Watch;
}

export class QueryResult implements AsyncIterable<SqlBatch> {
  readonly columns: readonly SqlColumn[];
  /** What the query sees: everything accepted up to here. */
  readonly watermark: SqlWatermark;
  readonly #read: () => Promise<SqlBatch | undefined>;
  readonly #close: () => Promise<void>;

  constructor(
    columns: readonly SqlColumn[],
    watermark: SqlWatermark,
    read: () => Promise<SqlBatch | undefined>,
    close: () => Promise<void>,
  ) {
    this.columns = columns;
    this.watermark = watermark;
    this.#read = read;
    this.#close = close;
  }

  /** Once; whoever leaves the loop early ends the query. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SqlBatch> {
    try {
      for (let batch = await this.#read(); batch !== undefined; batch = await this.#read())
        yield batch;
    } finally {
      await this.#close();
    }
  }

  /** All rows as objects: for results that are known to be small. */
  async rows(): Promise<SqlRow[]> {
    const rows: SqlRow[] = [];
    for await (const batch of this)
      for (let at = 0; at < batch.rows; at += 1) rows.push(batch.row(at));
    return rows;
  }

  /** Ends the query, whatever it does; twice is allowed. */
  close(): Promise<void> {
    return this.#close();
  }
}

/** A query that runs, its batches as the engine laid them out. */
export interface RawQuery {
  readonly columns: readonly SqlColumn[];
  readonly watermark: SqlWatermark;
  /** undefined at the end. */
  next(): Promise<RawBatch | undefined>;
  /** Twice is allowed. */
  close(): Promise<void>;
}

/** A query as programs read it. */
export function queryResult(query: RawQuery): QueryResult {
  const { columns, watermark } = query;
  const read = async (): Promise<SqlBatch | undefined> => {
    const raw = await query.next();
    return raw === undefined ? undefined : new SqlBatch(columns, raw);
  };
  return new QueryResult(columns, watermark, read, () => query.close());
}

export class Sql {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #limits: SqlLimitsOptions;
  readonly #archived: ArchivedDays | undefined;

  constructor(options: SqlOptions) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#limits = options;
    this.#archived = options.archived;
  }

  /** Throws SqlError (INVALID_SQL, with its place), INVALID_ARGUMENT, TIMEOUT, MEMORY_LIMIT,
   * CANCELLED, CLOSED, UNAVAILABLE (no SQL library), and what reading files throws. */
  async query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    return queryResult(await this.begin(sql, options));
  }

  /** The same for whoever hands batches on. */
  async begin(sql: string, options: QueryOptions = {}): Promise<RawQuery> {
    const batchRows = wholeNumber('batchRows', this.#limit(options, 'batchRows'), 1);
    const parameters = bindParameters(options.parameters ?? []);
    const { statement, session, watch } = this.#begin(sql, options);
    let isPushed = false;
    const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
      try {
        return await watch.run(action);
      } catch (error) {
        await watch.close();
        throw statement.toError(error, isPushed);
      }
    };
    const columns = await guarded(async () => {
      await statement.analyze(
        session,
        {
          parameter: (identifier) => literalOfParameter(parameters, identifier),
          texts: (identifier) => textsOfParameter(parameters, identifier),
        },
        options.pushDown ?? true,
      );
      if (options.archived !== 'skip') await this.#checkArchived(statement);
      const { prunes, pushed, standard } = statement;
      isPushed = await session.prepare(standard, pushed, prunes, parameters);
      if (options.copyTo !== undefined) {
        // What is wrong with the statement itself was told above, with its place.
        const { copyTo } = options;
        const [one, other] = [standard, pushed].map((text) => copyText(text, copyTo));
        await session.prepare(one ?? '', other ?? '', prunes, parameters);
      }
      return session.execute();
    });
    const next = () => guarded(() => session.next(batchRows));
    return { columns, watermark: session.watermark, next, close: () => watch.close() };
  }

  /** What is known of a statement before its parameters have values. Throws as query() does. */
  async describe(sql: string, options: QueryOptions = {}): Promise<SqlDescription> {
    const { statement, session, watch } = this.#begin(sql, options);
    try {
      return await watch.run(async () => {
        await statement.analyze(session, noParameters, false);
        return session.describe(statement.standard);
      });
    } catch (error) {
      throw statement.toError(error, false);
    } finally {
      await watch.close();
    }
  }

  async #checkArchived({ reads }: Statement): Promise<void> {
    if (this.#archived === undefined) return;
    const names = new Map(this.#database.tables().map(({ id, name }) => [id, name]));
    for (const { table, ...range } of reads)
      await this.#archived.check(names.get(table) ?? '', range);
  }

  #limit(options: SqlLimitsOptions, key: keyof typeof defaults): number {
    return options[key] ?? this.#limits[key] ?? defaults[key];
  }

  #begin(sql: string, options: QueryOptions): Begun {
    const threads = options.threads ?? this.#limits.threads ?? Math.min(8, availableParallelism());
    const statement = new Statement(sql, tablesByName(this.#database.tables()));
    const session = this.#database.beginQuery({
      memoryBytes: wholeNumber('memoryBytes', this.#limit(options, 'memoryBytes'), 1),
      threads: wholeNumber('threads', threads, 1),
      ...(options.copyTo === undefined ? {} : { file: options.copyTo.path }),
    });
    const timeoutMs = this.#limit(options, 'timeoutMs');
    return {
      statement,
      session,
      watch: new Watch({ session, clock: this.#clock, timeoutMs, signal: options.signal }),
    };
  }
}

function copyText(
  statement: string,
  to: { readonly path: string; readonly options: string },
): string {
  const path = to.path.replaceAll("'", "''");
  const rows = statement.replace(/;\s*$/, '');
  return `COPY (${rows}\n) TO '${path}' (${to.options}, USE_TMP_FILE false)`;
}

function wholeNumber(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new NdtsError('INVALID_ARGUMENT', `expected ${name} to be a whole number from ${least}`);
}

/** Ids by name in lower case, which is how SQL tells names apart; the first of a name has it. */
function tablesByName(
  tables: readonly (TableSchema & { readonly id: number })[],
): Map<string, number> {
  const ids = new Map<string, number>();
  for (const { id, name } of tables) {
    const key = name.toLowerCase();
    if (!ids.has(key)) ids.set(key, id);
  }
  return ids;
}
