// hot: no allocation after init
// Changes of books as rows of their table: the full depth, for whoever wants more than the levels
// that are shown. What a source said is kept as it said it, also what no book was made of.

import { bookChangeSchema } from '@ndts/protocol';
import { type Database, TableBatch } from '@ndts/storage';
import { type BookChangeBatch, bookChangeFlags } from '../feed/batches.js';
import { SourceNames } from '../store/source-names.js';

const { ask, clear, empty, end } = bookChangeFlags;

export class BookChangeRows {
  readonly table: number;
  readonly rows: TableBatch;
  readonly #side: Int32Array;
  readonly #flags: Int32Array;
  readonly #sources = new SourceNames();

  constructor(database: Pick<Database, 'createTable'>, capacity: number) {
    this.table = database.createTable(bookChangeSchema);
    this.rows = new TableBatch(bookChangeSchema, capacity);
    this.#side = this.rows.column('side') as Int32Array;
    this.#flags = this.rows.column('flags') as Int32Array;
  }

  take(changes: BookChangeBatch, source: string): void {
    const { rows } = this;
    const { count } = changes;
    rows.clear();
    rows.count = count;
    rows.day.set(changes.day.subarray(0, count));
    rows.nsOfDay.set(changes.nsOfDay.subarray(0, count));
    rows.symbol.set(changes.symbol.subarray(0, count));
    rows.doubles('price').set(changes.price.subarray(0, count));
    rows.doubles('quantity').set(changes.quantity.subarray(0, count));
    this.#numbers('venue_sequence', changes.sequence, count);
    this.#numbers('previous', changes.previous, count);
    const name = this.#sources.bytesOf(source);
    for (let row = 0; row < count; row += 1) {
      const flags = changes.flags[row]!;
      this.#side[row] = (flags & empty) !== 0 ? 0 : (flags & ask) !== 0 ? -1 : 1;
      this.#flags[row] = flags & (clear | end);
      rows.setBytes('source', row, name);
    }
  }

  #numbers(column: string, from: Float64Array, count: number): void {
    this.rows.doubles(column).set(from.subarray(0, count));
    const isNull = this.rows.nulls(column)!;
    for (let row = 0; row < count; row += 1) isNull[row] = Number.isNaN(from[row]!) ? 1 : 0;
  }
}
