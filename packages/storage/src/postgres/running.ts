// One statement under way: its rows from SQL, a part at a time, and what may end it early.
//
// Always: the time limit counts only while the client waits for it, not between two parts; what was
// stopped says why; close() lets everything go, whatever happened before.

import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import type { Clock, Timer } from '@ndts/protocol';
import type { SqlBatch } from '../sql/batch.js';
import type { ParameterValue } from '../sql/parameters.js';
import type { QueryResult, Sql } from '../sql/query.js';
import { type FieldOptions, RowEncoder } from './encode.js';
import { flushBytes, type Output } from './output.js';
import { PostgresError, toPostgresError } from './postgres-error.js';

export type StopReason = 'timeout' | 'cancel' | 'shutdown';

const stopErrors: Readonly<Record<StopReason, readonly [string, string]>> = {
  timeout: ['57014', 'canceling statement due to statement timeout'],
  cancel: ['57014', 'canceling statement due to user request'],
  shutdown: ['57P01', 'terminating connection due to administrator command'],
};

/** Stops what a client waits for. */
export class Stopper {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #reason: StopReason | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param timeoutMs 0: none */
  begin(timeoutMs: number): void {
    if (timeoutMs > 0) this.#timer = this.#clock.setTimer(timeoutMs, () => this.stop('timeout'));
  }

  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  stop(reason: StopReason): void {
    this.#reason ??= reason;
    this.#controller.abort();
  }

  /** What is told of an error: why it was stopped, if it was. */
  explain(error: unknown): unknown {
    if (this.#reason === undefined) return error;
    const [state, message] = stopErrors[this.#reason];
    return new PostgresError(state, message, { cause: error });
  }

  throwIfStopped(): void {
    if (this.#reason !== undefined) throw this.explain(undefined);
  }
}

/** A batch is made into JavaScript at once: few rows, short waits for everybody else. */
const batchRows = 2048;

export class RunningQuery {
  readonly #result: QueryResult;
  readonly #batches: AsyncIterator<SqlBatch>;
  readonly #stopper: Stopper;
  #fields: readonly FieldOptions[] = [];
  #batch: SqlBatch | undefined;
  #encoder: RowEncoder | undefined;
  #row = 0;
  #ended = false;
  /** Sent so far. */
  rows = 0;

  private constructor(result: QueryResult, stopper: Stopper) {
    this.#result = result;
    this.#stopper = stopper;
    this.#batches = result[Symbol.asyncIterator]();
  }

  static async start(
    sql: Sql,
    text: string,
    parameters: readonly ParameterValue[],
    stopper: Stopper,
    skipsArchived: boolean,
  ): Promise<RunningQuery> {
    // The time limit is the stopper's.
    const options = { parameters, timeoutMs: 0, signal: stopper.signal, batchRows };
    const archived = skipsArchived ? { archived: 'skip' as const } : {};
    return new RunningQuery(await sql.query(text, { ...options, ...archived }), stopper);
  }

  get columns(): QueryResult['columns'] {
    return this.#result.columns;
  }

  setFields(fields: readonly FieldOptions[]): void {
    this.#fields = fields;
  }

  /** Sends rows, at most `rowsMax`; true: there are no more. */
  async send(output: Output, rowsMax: number): Promise<boolean> {
    let sent = 0;
    for (;;) {
      if (this.#batch === undefined && !(await this.#nextBatch())) return true;
      const { rows } = this.#batch!;
      while (this.#row < rows && sent < rowsMax) {
        this.#encoder!.write(this.#row, output.writer);
        this.#row += 1;
        sent += 1;
        this.rows += 1;
        if (output.writer.bytes < flushBytes) continue;
        await output.flush(this.#stopper.signal);
        await othersRun();
        this.#stopper.throwIfStopped();
      }
      if (this.#row < rows) return false;
      this.#batch = undefined;
    }
  }

  async #nextBatch(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#batches.next();
    if (next.done === true) {
      this.#ended = true;
      return false;
    }
    this.#batch = next.value;
    this.#encoder = new RowEncoder(next.value.columns, this.#fields);
    this.#row = 0;
    return true;
  }

  async close(): Promise<void> {
    this.#batch = undefined;
    await this.#result.close().catch((error: unknown) => toPostgresError(error));
  }
}
