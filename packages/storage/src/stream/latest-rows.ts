// hot: no allocation after init
// The latest row of each symbol, by column, and when it changed: what a reader that is slower than
// the rows is given instead of all of them. Memory is bounded by the number of symbols.
//
// Always: of the rows of a symbol the one taken last stays; changes are numbered, so that any
// number of readers keep one number each and nothing else.

import type { ColumnValues } from '@ndts/native/db';
import { NdtsError } from '@ndts/protocol';
import type { RawRowColumn, RawRows } from '../service/service.js';
import { grownValues, pickRows, rowPlaces } from './row-places.js';

const firstRows = 256;

export function isText({ type }: Pick<RawRowColumn, 'type'>): boolean {
  return type === 'text' || type === 'bytes';
}

/** The same rows without the columns that have no latest value. */
export function withoutTexts(rows: RawRows): RawRows {
  return { ...rows, columns: rows.columns.filter((column) => !isText(column)) };
}

export class LatestRows {
  #names: readonly RawRowColumn[] | undefined;
  #capacity = 0;
  #count = 0;
  #places = rowPlaces(0);
  #values: ColumnValues[] = [];
  #nulls: (Uint8Array | undefined)[] = [];
  /** By row: the number of its last change. */
  #changed = new Float64Array(0);
  /** By symbol: its row plus one. */
  #rowOf = new Uint32Array(0);

  /** How many symbols there are. */
  get count(): number {
    return this.#count;
  }

  /** Takes rows, in their order, as change number `change`. */
  take(rows: RawRows, change: number): void {
    this.#names ??= this.#begin(rows);
    for (let row = 0; row < rows.count; row += 1) this.#takeRow(rows, row, change);
  }

  /** The rows that changed after change number `since`, of the wanted symbols, oldest symbol first;
   * undefined: none did. */
  since(since: number, wanted?: ReadonlySet<number>): RawRows | undefined {
    const picked: number[] = [];
    for (let row = 0; row < this.#count; row += 1) {
      if (this.#changed[row]! <= since) continue;
      if (wanted === undefined || wanted.has(this.#places.symbol[row]!)) picked.push(row);
    }
    return picked.length === 0 ? undefined : this.#rows(picked);
  }

  /** No rows. */
  clear(): void {
    this.#count = 0;
    this.#rowOf.fill(0);
  }

  #begin(rows: RawRows): readonly RawRowColumn[] {
    const heap = rows.columns.find(isText);
    if (heap !== undefined)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `column ${heap.name} of type ${heap.type} has no latest value: name the other columns`,
      );
    return rows.columns;
  }

  #takeRow(rows: RawRows, row: number, change: number): void {
    const symbol = rows.symbol[row]!;
    if (symbol >= this.#rowOf.length) this.#growSymbols(symbol + 1);
    let at = this.#rowOf[symbol]! - 1;
    if (at < 0) {
      at = this.#count;
      if (at === this.#capacity) this.#grow(rows);
      this.#count += 1;
      this.#rowOf[symbol] = at + 1;
      this.#places.symbol[at] = symbol;
    }
    const places = this.#places;
    places.day[at] = rows.day[row]!;
    places.nsOfDay[at] = rows.nsOfDay[row]!;
    places.sequence[at] = rows.sequence[row]!;
    places.shard[at] = rows.shard?.[row] ?? 0;
    places.epoch[at] = rows.epoch?.[row] ?? 0;
    this.#changed[at] = change;
    for (let column = 0; column < rows.columns.length; column += 1) {
      const { values, nulls } = rows.columns[column]!;
      this.#values[column]![at] = values[row]!;
      const nullsOf = this.#nulls[column];
      if (nullsOf !== undefined) nullsOf[at] = nulls?.[row] ?? 0;
    }
  }

  #rows(picked: readonly number[]): RawRows {
    const columns = (this.#names ?? []).map(({ name, type }, at) => {
      const nulls = this.#nulls[at];
      return { name, type, values: this.#values[at]!, ...(nulls === undefined ? {} : { nulls }) };
    });
    return pickRows({ count: this.#count, ...this.#places, columns }, picked);
  }

  #grow(rows: RawRows): void {
    const capacity = Math.max(firstRows, 2 * this.#capacity);
    const changed = new Float64Array(capacity);
    changed.set(this.#changed);
    this.#values = rows.columns.map(({ values }, at) =>
      grownValues(values, capacity, this.#values[at]),
    );
    this.#nulls = rows.columns.map(({ nulls }, at) =>
      nulls === undefined ? undefined : grownValues(nulls, capacity, this.#nulls[at]),
    );
    this.#places = rowPlaces(capacity, this.#places);
    this.#changed = changed;
    this.#capacity = capacity;
  }

  #growSymbols(count: number): void {
    const rowOf = new Uint32Array(Math.max(count, 2 * this.#rowOf.length));
    rowOf.set(this.#rowOf);
    this.#rowOf = rowOf;
  }
}
