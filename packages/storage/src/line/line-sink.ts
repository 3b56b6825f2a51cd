// Where rows of line protocol go that are a feed's and no table's: market data that is cleaned,
// arbitrated, stored and put on the rings by the data node. Always: rows are taken in the order of
// their lines, and what was taken is the sink's, whoever sent it.

import type { TableBatch } from '@ndts/native/db';
import type { LineRefusal } from '@ndts/native/line';

export interface LineSink {
  /** For one connection or request, which closes it. */
  open(): LineIntake;
}

/** What one connection or request hands over. */
export interface LineIntake {
  /** Rows of it that were taken and will not be stored, by the rule that refused them, or
   * `unsubscribed`: nobody wants their symbol. Complete once it is settled. */
  readonly refusedBy: ReadonlyMap<string, number>;
  /** Names of the tables whose rows it takes. */
  readonly tables: ReadonlySet<string>;
  /** Ids of names, in their order; 0: it may be no symbol. */
  ensure(names: readonly string[]): Promise<Uint32Array>;
  /** Resolves once all rows are taken: the batch is the caller's again. Throws UNAVAILABLE when
   * nobody made room for so long that nobody will; some rows may have been taken then. */
  take(table: string, rows: TableBatch): Promise<void>;
  /** Resolves once what was taken is stored or refused by a rule. Throws UNAVAILABLE like take. */
  settled(): Promise<void>;
  /** A line that could not be taken. */
  refused(refusal: LineRefusal, words: string): void;
  close(): void;
}
