// Changes of quality on their way into the table `quality`. Always: a change is written once or
// counted as lost; a database that refuses is asked again later, and the path of ticks does not
// wait for it.

import {
  type Clock,
  errorLine,
  nsPerSecond,
  type QualityChangeView,
  type QualityChanged,
  QualityState,
  QualityStateNames,
  qualitySchema,
  timeToMs,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { type Database, TableBatch } from '@ndts/storage';

const rowsAtOnce = 256;
const waitingMax = 8192;
const retryNs = nsPerSecond;

export class QualityHistory {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sourceName: (source: number) => string;
  readonly #batch = new TableBatch(qualitySchema, rowsAtOnce);
  #waiting: QualityChanged[] = [];
  #table = 0;
  #retryAtNs = 0;
  #lost = 0;

  constructor(
    database: Database,
    clock: Clock,
    logger: Logger,
    sourceName: (source: number) => string,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#logger = logger;
    this.#sourceName = sourceName;
  }

  /** Changes that could not be kept. */
  get lost(): number {
    return this.#lost;
  }

  /** Makes sure that there is a table to ask, even while nothing was ever wrong. */
  open(): void {
    this.#table = this.#database.createTable(qualitySchema);
  }

  add(change: QualityChanged): void {
    if (this.#waiting.length === waitingMax) {
      this.#waiting.shift();
      this.#lost += 1;
    }
    this.#waiting.push(change);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#waiting.length === 0 || this.#table === 0) return;
    if (this.#clock.monotonicNs() < this.#retryAtNs) return;
    try {
      while (this.#waiting.length > 0) {
        const rows = this.#waiting.slice(0, rowsAtOnce);
        this.#fill(rows);
        this.#database.appendRows(this.#table, this.#batch);
        this.#waiting.splice(0, rows.length);
      }
    } catch (error) {
      this.#retryAtNs = this.#clock.monotonicNs() + retryNs;
      this.#logger.warn({ error: errorLine(error) }, 'the history of quality could not be written');
    }
  }

  /** The changes of a symbol, newest first. */
  list(symbol: number, limit: number): QualityChangeView[] {
    if (this.#table === 0 || limit < 1) return [];
    const batch = new TableBatch(qualitySchema, limit);
    const count = this.#database.lastRows(this.#table, symbol, batch);
    return Array.from({ length: count }, (_, back) => {
      const row = count - 1 - back;
      return {
        timeMs: timeToMs({ day: batch.day[row]!, nsOfDay: batch.nsOfDay[row]! }),
        from: batch.text('from_state', row),
        to: batch.text('to_state', row),
        reason: batch.text('reason', row),
        source: batch.text('source', row),
      };
    });
  }

  #fill(rows: readonly QualityChanged[]): void {
    const batch = this.#batch;
    batch.clear();
    const flags = batch.column('flags');
    for (const [row, change] of rows.entries()) {
      batch.day[row] = change.time.day;
      batch.nsOfDay[row] = change.time.nsOfDay;
      batch.symbol[row] = change.symbol;
      flags[row] = change.flags;
      batch.setText('from_state', row, stateName(change.from));
      batch.setText('to_state', row, stateName(change.to));
      batch.setText('reason', row, change.reason);
      batch.setText('source', row, this.#sourceName(change.source));
    }
    batch.count = rows.length;
  }
}

export function stateName(state: number): string {
  return QualityStateNames[state] ?? QualityStateNames[QualityState.GOOD] ?? '';
}
