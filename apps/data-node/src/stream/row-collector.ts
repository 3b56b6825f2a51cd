// hot: no allocation after init
// Rows of many shards as one batch: what a feed gathers until it sends. Memory grows to the largest
// batch there was and stays; what is handed out holds until the next row is taken.

import {
  type ColumnValues,
  grownValues,
  isText,
  type RawRows,
  rowPlaces,
  TextHeap,
} from '@ndts/storage';

const firstRows = 1024;

export class RowCollector {
  #count = 0;
  #capacity = 0;
  #places = rowPlaces(0);
  #values: ColumnValues[] = [];
  #nulls: (Uint8Array | undefined)[] = [];
  #columns: RawRows['columns'] = [];
  readonly #heap = new TextHeap();

  get count(): number {
    return this.#count;
  }

  take(rows: RawRows): void {
    if (this.#count + rows.count > this.#capacity) this.#grow(rows);
    const at = this.#count;
    const { day, nsOfDay, sequence, symbol, shard, epoch } = this.#places;
    day.set(rows.day, at);
    nsOfDay.set(rows.nsOfDay, at);
    sequence.set(rows.sequence, at);
    symbol.set(rows.symbol, at);
    if (rows.shard !== undefined) shard.set(rows.shard, at);
    if (rows.epoch !== undefined) epoch.set(rows.epoch, at);
    for (let column = 0; column < rows.columns.length; column += 1) {
      const { values, nulls, type } = rows.columns[column]!;
      if (isText({ type })) this.#takeTexts(rows, column);
      else this.#values[column]!.set(values as never, at);
      if (nulls !== undefined) this.#nulls[column]?.set(nulls, at);
    }
    this.#count += rows.count;
  }

  clear(): void {
    this.#count = 0;
    this.#heap.clear();
  }

  /** All of them: views. */
  rows(): RawRows {
    const count = this.#count;
    const { day, nsOfDay, sequence, symbol, shard, epoch } = this.#places;
    return {
      count,
      day: day.subarray(0, count),
      nsOfDay: nsOfDay.subarray(0, count),
      sequence: sequence.subarray(0, count),
      symbol: symbol.subarray(0, count),
      shard: shard.subarray(0, count),
      epoch: epoch.subarray(0, count),
      heap: this.#heap.bytes,
      columns: this.#columns.map(({ name, type }, at) => {
        const nulls = this.#nulls[at]?.subarray(0, count);
        const values = this.#values[at]!.subarray(0, isText({ type }) ? 2 * count : count);
        return { name, type, values, ...(nulls === undefined ? {} : { nulls }) };
      }),
    };
  }

  #takeTexts({ columns, count, heap }: RawRows, column: number): void {
    const { values } = columns[column]!;
    const into = this.#values[column]!;
    for (let row = 0; row < count; row += 1)
      this.#heap.put(values, row, heap ?? new Uint8Array(0), into, this.#count + row);
  }

  #grow(rows: RawRows): void {
    const capacity = Math.max(firstRows, 2 * this.#capacity, this.#count + rows.count);
    this.#values = rows.columns.map(({ values, type }, at) =>
      grownValues(values, isText({ type }) ? 2 * capacity : capacity, this.#values[at]),
    );
    this.#nulls = rows.columns.map(({ nulls }, at) =>
      nulls === undefined ? undefined : grownValues(nulls, capacity, this.#nulls[at]),
    );
    this.#columns = rows.columns;
    this.#places = rowPlaces(capacity, this.#places);
    this.#capacity = capacity;
  }
}
