// hot: no allocation after init
// The latest row of each symbol, by column, and when it changed: what a reader that is slower than
// the rows is given instead of all of them. Memory is bounded by the number of symbols.
//
// Always: of the rows of a symbol the one taken last stays; changes are numbered, so that any
// number of readers keep one number each and nothing else.

import type { ColumnValues } from '@ndts/native/db';
import type { RawRowColumn, RawRows } from '../service/service.js';
import { grownValues, isText, pickRows, rowPlaces, TextHeap } from './row-places.js';

const firstRows = 256;

/** The same rows without columns of text and bytes. */
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
  /** By column of text, by row: its bytes now. */
  #texts: Uint8Array[][] = [];
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
    this.#names ??= rows.columns;
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
      const { values, nulls, type } = rows.columns[column]!;
      if (isText({ type })) this.#takeText(rows, column, row, at);
      else this.#values[column]![at] = values[row]!;
      const nullsOf = this.#nulls[column];
      if (nullsOf !== undefined) nullsOf[at] = nulls?.[row] ?? 0;
    }
  }

  #takeText({ columns, heap }: RawRows, column: number, row: number, at: number): void {
    const places = columns[column]!.values;
    const offset = places[2 * row] as number;
    const bytes = heap?.slice(offset, offset + (places[2 * row + 1] as number));
    this.#texts[column] ??= [];
    this.#texts[column]![at] = bytes ?? new Uint8Array(0);
  }

  #rows(picked: readonly number[]): RawRows {
    const heap = this.#heap(picked);
    const columns = (this.#names ?? []).map(({ name, type }, at) => {
      const nulls = this.#nulls[at];
      return { name, type, values: this.#values[at]!, ...(nulls === undefined ? {} : { nulls }) };
    });
    const rows = { count: this.#count, ...this.#places, columns };
    return pickRows(heap === undefined ? rows : { ...rows, heap }, picked);
  }

  /** Of the texts of some rows, whose places are written; undefined: there are no texts. */
  #heap(picked: readonly number[]): Uint8Array | undefined {
    if (this.#names?.some(isText) !== true) return undefined;
    const heap = new TextHeap();
    for (let column = 0; column < this.#names.length; column += 1) {
      const texts = this.#texts[column];
      const into = this.#values[column]!;
      if (texts === undefined) continue;
      for (const row of picked) {
        const bytes = texts[row]!;
        heap.put([0, bytes.length] as unknown as ColumnValues, 0, bytes, into, row);
      }
    }
    return heap.bytes;
  }

  #grow(rows: RawRows): void {
    const capacity = Math.max(firstRows, 2 * this.#capacity);
    const changed = new Float64Array(capacity);
    changed.set(this.#changed);
    this.#values = rows.columns.map(({ values, type }, at) =>
      grownValues(values, isText({ type }) ? 2 * capacity : capacity, this.#values[at]),
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
