// One query on its own thread, step by step: storage/src/sql drives it and is what programs use.
// The engine behind it is DuckDB's shared library, from an optional package of this platform.
//
// Always: a session ends with close(), whatever happened before.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NdtsError, type Time } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

export interface SqlLimits {
  /** What one query may keep in memory, beside the database itself. */
  readonly memoryBytes: number;
  readonly threads: number;
  /** An absolute path: the one file that the query can reach, and COPY may write. Default: none. */
  readonly file?: string;
}

/** How values of a column are held; docs/sql.md says which type of SQL becomes what. */
export type SqlKind =
  | 'bool'
  | 'i32'
  | 'i64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'time'
  | 'timeOfDay'
  | 'text'
  | 'integer'
  | 'decimal'
  | 'bytes';

export interface SqlColumn {
  readonly name: string;
  readonly kind: SqlKind;
  /** As SQL calls it, without precision: INTEGER, DECIMAL, TIMESTAMP_NS. */
  readonly type: string;
}

/** What is known of a statement before its parameters have values. */
export interface SqlDescription {
  /** Types of $1, $2, as SQL calls them, of lists VARCHAR[]; '': any, or not known. */
  readonly parameters: readonly string[];
  /** None: not known without values. */
  readonly columns: readonly SqlColumn[];
}

/** Columns as the engine laid them out (sql_batch.h). */
export interface RawColumn {
  readonly values: ArrayBuffer;
  readonly more?: ArrayBuffer;
  readonly nulls?: Uint8Array;
}

export interface RawBatch {
  readonly rows: number;
  readonly columns: readonly RawColumn[];
}

/** Bounds of a scan, both inclusive, in nanoseconds since 1970; symbols by name. */
export interface SqlPrune {
  readonly from?: string;
  readonly to?: string;
  readonly symbols?: readonly string[];
  /** Only rows with the greatest time of their symbol. */
  readonly latest?: boolean;
}

type SingleValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'i64'; readonly value: bigint }
  | { readonly kind: 'f64'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'time'; readonly value: Time };

export type BoundValue =
  | SingleValue
  | {
      readonly kind: 'list';
      /** Of each item that is not null. */
      readonly of: SingleValue['kind'];
      readonly value: readonly SingleValue[];
    };

export type SqlParameter = BoundValue & { readonly name?: string };

/** How a text becomes an instant: as which type SQL takes it. */
export const instantForms = { TIMESTAMP_NS: 0, TIMESTAMP: 1, DATE: 2 } as const;
export type InstantForm = keyof typeof instantForms;

/** What a query has seen: everything accepted up to here, and nothing after. */
export interface SqlWatermark {
  /** Of the log. */
  readonly position: number;
  /** By table: the next sequence of each shard. */
  readonly accepted: Readonly<Record<string, Float64Array>>;
}

export interface NativeQueryStart extends SqlWatermark {
  readonly query: unknown;
}

interface NativeQuery {
  serialize(sql: string): Promise<string>;
  render(sql: string): Promise<string>;
  instant(form: number, text: string): Promise<string | undefined>;
  describe(sql: string): Promise<SqlDescription>;
  prepare(
    sql: string,
    pushed: string,
    prunes: readonly SqlPrune[],
    values: readonly SqlParameter[],
  ): Promise<boolean>;
  execute(): Promise<SqlColumn[]>;
  next(rows: number): Promise<RawBatch | undefined>;
  stop(code: 'CANCELLED' | 'TIMEOUT'): void;
  cut(): void;
  close(): Promise<void>;
}

const classes = addon as {
  readonly SqlQuery: new (start: unknown) => NativeQuery;
  beginFileQuery(library: string, memoryBytes: number, threads: number, file: string): unknown;
};

async function settled<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw toNdtsError(error);
  }
}

/** Sessions that were left while their threads worked. The engine is asked to stop between vectors
 * of rows; one expression over one vector may go on for minutes, and no thread can be ended from
 * outside. So who waits is let go, and their number is bounded. */
export class LeftSessions {
  static readonly most = 4;
  readonly #sessions = new Set<object>();

  get count(): number {
    return this.#sessions.size;
  }

  /** Throws RATE_LIMITED while there are too many. */
  check(): void {
    if (this.count < LeftSessions.most) return;
    throw new NdtsError(
      'RATE_LIMITED',
      `${this.count} queries that were stopped still work on an expression each: ` +
        'no other begins before one of them ends',
    );
  }

  add(session: object, ended: Promise<void>): void {
    this.#sessions.add(session);
    const remove = (): void => void this.#sessions.delete(session);
    ended.then(remove, remove);
  }
}

export class SqlSession {
  readonly #native: NativeQuery;
  readonly #left: LeftSessions;
  #ended: Promise<void> | undefined;
  readonly watermark: SqlWatermark;

  constructor(start: NativeQueryStart, left: LeftSessions) {
    this.#native = native(() => new classes.SqlQuery(start.query));
    this.#left = left;
    this.watermark = { position: start.position, accepted: start.accepted };
  }

  /** Makes everything ready, and the tree of the statement as JSON: of SELECT and its like only. */
  serialize(sql: string): Promise<string> {
    return settled(this.#native.serialize(sql));
  }

  /** The statement in the engine's own words, which is how it names columns without a name. */
  render(sql: string): Promise<string> {
    return settled(this.#native.render(sql));
  }

  /** Nanoseconds since 1970 that SQL takes the text for; undefined: for none. */
  async instant(form: InstantForm, text: string): Promise<bigint | undefined> {
    const found = await settled(this.#native.instant(instantForms[form], text));
    return found === undefined ? undefined : BigInt(found);
  }

  describe(sql: string): Promise<SqlDescription> {
    return settled(this.#native.describe(sql));
  }

  /** Whether `pushed` was taken, which is tried when there are prunes. */
  prepare(
    sql: string,
    pushed: string,
    prunes: readonly SqlPrune[],
    values: readonly SqlParameter[],
  ): Promise<boolean> {
    return settled(native(() => this.#native.prepare(sql, pushed, prunes, values)));
  }

  execute(): Promise<SqlColumn[]> {
    return settled(this.#native.execute());
  }

  /** At least `rows` rows while there are so many; undefined at the end. */
  next(rows: number): Promise<RawBatch | undefined> {
    return settled(this.#native.next(rows));
  }

  /** Ends what runs with this error. */
  stop(code: 'CANCELLED' | 'TIMEOUT'): void {
    this.#native.stop(code);
  }

  /** Resolves when its thread is done, whatever that works on. Twice is allowed. */
  close(): Promise<void> {
    this.#ended = settled(this.#native.close());
    return this.#ended;
  }

  /** Closes without waiting: its thread gets no more memory, goes on while it needs none, and is
   * counted until it is done. */
  leave(): void {
    this.#native.cut();
    this.#left.add(this, this.#ended ?? this.close());
  }
}

/** A query over one file, without a database. */
export function beginFileQuery(limits: SqlLimits & { readonly file: string }): SqlSession {
  const { memoryBytes, threads, file } = limits;
  const library = sqlLibrary();
  const query = native(() => classes.beginFileQuery(library, memoryBytes, threads, file));
  return new SqlSession({ query, position: 0, accepted: {} }, new LeftSessions());
}

const require = createRequire(import.meta.url);
const scope = '@duckdb/node-bindings';

/** Packages with a library for this machine, the likelier one first. */
function libraryPackages(): string[] {
  const name = `${scope}-${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? [name, `${name}-musl`] : [name];
}

const fileNames: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'libduckdb.so',
  darwin: 'libduckdb.dylib',
};

/** Path of the shared library. Throws UNAVAILABLE where its package is not installed. */
export function sqlLibrary(): string {
  const file = fileNames[process.platform];
  const names = libraryPackages();
  for (const name of names) {
    try {
      if (file !== undefined) return join(dirname(require.resolve(`${name}/package.json`)), file);
    } catch {
      // Not installed: the next one may be.
    }
  }
  throw new NdtsError(
    'UNAVAILABLE',
    `SQL needs the package ${names[0]}, which is not installed; everything else works without it`,
  );
}
