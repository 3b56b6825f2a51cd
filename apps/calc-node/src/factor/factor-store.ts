// hot: no allocation after init
// Rows of factors that are to be kept, on their way from a strategy's ring into the table `factor`.
// They go in batches of the strategy's own, so that what one writes nonsense costs its own rows
// only. Always: bounded, and nobody waits for the database: rows that find no room while it
// refuses are lost and counted, and why it refuses is told for as long as it does.

import { type Clock, errorLine, factorSchema, nsPerSecond, type TableSchema } from '@ndts/protocol';
import type { Counter, Logger, Metrics } from '@ndts/runtime';
import type { TableBatch } from '@ndts/storage';
import type { ReadyMessage } from '../strategy/host-protocol.js';
import type { FactorRows } from './factor-rows.js';
import { FactorTableRows } from './factor-table-rows.js';

export interface FactorDatabase {
  createTable(schema: TableSchema): number;
  appendRows(table: number, batch: TableBatch): number;
}

export interface FactorTableOptions {
  readonly database: FactorDatabase;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

const rowsWaitingMax = 1024;
const retryNs = nsPerSecond;
/** A batch that is refused so often will never go. */
const refusalsMax = 10;

/** The table of a node. It is made when the first strategy stores something. */
export class FactorTable {
  readonly options: FactorTableOptions;
  readonly stored: Counter;
  readonly lost: Counter;
  /** Why rows of a strategy are not stored now, by its name. */
  readonly refusals = new Map<string, string>();
  #id: number | undefined;

  constructor(options: FactorTableOptions) {
    this.options = options;
    const label = ['strategy'];
    const { metrics } = options;
    this.stored = metrics.counter('calc_factor_rows_stored_total', 'Factor rows kept.', label);
    this.lost = metrics.counter(
      'calc_factor_rows_lost_total',
      'Factor rows of strategies that store some, lost before they were kept.',
      label,
    );
  }

  /** For one start of a strategy; undefined where it stores nothing. */
  storeOf(
    strategy: string,
    { factors, stored }: Pick<ReadyMessage, 'factors' | 'stored'>,
  ): FactorStore | undefined {
    if (stored.length === 0) return undefined;
    const rows = new FactorTableRows(strategy, factors, stored, rowsWaitingMax);
    return new FactorStore(this, strategy, rows);
  }

  /** Throws as the database does, also where there is a table of this name and other columns. */
  append(rows: TableBatch): void {
    const { database } = this.options;
    this.#id ??= database.createTable(factorSchema);
    database.appendRows(this.#id, rows);
  }

  /** Empty: all is stored. */
  get problem(): string {
    return [...this.refusals]
      .map(([strategy, reason]) => `factors of ${strategy} are not stored: ${reason}`)
      .join('; ');
  }
}

export class FactorStore {
  readonly #table: FactorTable;
  readonly #label: { readonly strategy: string };
  readonly #rows: FactorTableRows;
  #retryAtNs = 0;
  #refusals = 0;

  constructor(table: FactorTable, strategy: string, rows: FactorTableRows) {
    this.#table = table;
    this.#label = { strategy };
    this.#rows = rows;
  }

  /** Keeps the row if it is one of a factor that is stored. */
  take(from: FactorRows, row: number): void {
    const rows = this.#rows;
    if (!rows.isWanted(from.factor(row))) return;
    if (rows.isFull) this.flush();
    if (rows.isFull) this.lose(1);
    else rows.add(from, row);
  }

  /** Rows that are not to be had. */
  lose(count: number): void {
    if (count > 0) this.#table.lost.inc(this.#label, count);
  }

  /** Hands over what waits; after a refusal again a second later. */
  flush(): void {
    const { batch } = this.#rows;
    const { clock } = this.#table.options;
    if (batch.count === 0 || clock.monotonicNs() < this.#retryAtNs) return;
    try {
      this.#table.append(batch);
    } catch (error) {
      this.#refused(error);
      return;
    }
    this.#table.stored.inc(this.#label, batch.count);
    this.#table.refusals.delete(this.#label.strategy);
    this.#refusals = 0;
    this.#retryAtNs = 0;
    batch.clear();
  }

  /** The last try. */
  close(): void {
    this.#retryAtNs = 0;
    this.flush();
    this.#drop();
    this.#table.refusals.delete(this.#label.strategy);
  }

  #refused(error: unknown): void {
    const { clock, logger } = this.#table.options;
    this.#refusals += 1;
    this.#retryAtNs = clock.monotonicNs() + retryNs;
    const { strategy } = this.#label;
    const line = errorLine(error);
    if (!this.#table.refusals.has(strategy))
      logger.warn({ strategy, error: line }, 'factor rows could not be stored');
    this.#table.refusals.set(strategy, line);
    if (this.#refusals < refusalsMax) return;
    this.#refusals = 0;
    this.#drop();
  }

  #drop(): void {
    this.lose(this.#rows.batch.count);
    this.#rows.batch.clear();
  }
}
