// hot: no allocation after init
// Slots of factor rows as rows of the table `factor`, the same live and over history. Always: a
// slot gives one row, bit for bit; what is no number is null.

import { factorSchema } from '@ndts/protocol';
import { TableBatch } from '@ndts/storage';
import type { FactorRows } from './factor-rows.js';

/** A factor whose rows are kept. */
export interface StoredFactor {
  /** Its number in factor rows: its place among the factors, from 1 on. */
  readonly factor: number;
  readonly version: number;
}

interface WantedFactor {
  readonly name: Uint8Array;
  readonly version: number;
}

const encoder = new TextEncoder();
const two32 = 4_294_967_296;

export class FactorTableRows {
  readonly batch: TableBatch;
  readonly #strategy: Uint8Array;
  /** By number; what is not wanted is not there. */
  readonly #wanted: (WantedFactor | undefined)[] = [];
  readonly #version: Int32Array;
  readonly #values: readonly { readonly to: Float64Array; readonly nulls: Uint8Array }[];
  readonly #tickShard: Int32Array;
  readonly #tickEpoch: Uint32Array;
  readonly #first: Uint32Array;
  readonly #firstNulls: Uint8Array;
  readonly #last: Uint32Array;

  constructor(
    strategy: string,
    factors: readonly string[],
    stored: readonly StoredFactor[],
    capacity: number,
  ) {
    const batch = new TableBatch(factorSchema, capacity);
    this.batch = batch;
    this.#strategy = encoder.encode(strategy);
    for (const { factor, version } of stored)
      this.#wanted[factor] = { name: encoder.encode(factors[factor - 1]), version };
    this.#version = batch.column('version') as Int32Array;
    this.#values = ['value', 'middle', 'upper', 'lower'].map((name) => ({
      to: batch.doubles(name),
      nulls: batch.nulls(name)!,
    }));
    this.#tickShard = batch.column('tick_shard') as Int32Array;
    this.#tickEpoch = wordsOf(batch, 'tick_epoch');
    this.#first = wordsOf(batch, 'first_sequence');
    this.#firstNulls = batch.nulls('first_sequence')!;
    this.#last = wordsOf(batch, 'last_sequence');
  }

  get isFull(): boolean {
    return this.batch.count === this.batch.capacity;
  }

  isWanted(factor: number): boolean {
    return this.#wanted[factor] !== undefined;
  }

  /** Only a row that is wanted, while there is room. */
  add(from: FactorRows, row: number): void {
    const { batch } = this;
    const wanted = this.#wanted[from.factor(row)]!;
    const at = batch.count;
    batch.count = at + 1;
    from.copyTime(row, batch.day, batch.nsOfDay, at);
    batch.symbol[at] = from.symbol(row);
    batch.setBytes('strategy', at, this.#strategy);
    batch.setBytes('factor', at, wanted.name);
    this.#version[at] = wanted.version;
    this.#setValue(0, at, from.value(row));
    this.#setValue(1, at, from.middle(row));
    this.#setValue(2, at, from.upper(row));
    this.#setValue(3, at, from.lower(row));
    this.#tickShard[at] = from.shard(row);
    this.#tickEpoch[2 * at] = from.epoch(row);
    from.copySequence(row, this.#last, at);
    const first = from.firstSequence(row);
    this.#firstNulls[at] = Number.isNaN(first) ? 1 : 0;
    const high = Math.floor(first / two32);
    this.#first[2 * at] = first - high * two32;
    this.#first[2 * at + 1] = high;
  }

  #setValue(column: number, at: number, value: number): void {
    const { to, nulls } = this.#values[column]!;
    to[at] = value;
    nulls[at] = Number.isNaN(value) ? 1 : 0;
  }
}

/** A column of type i64 by words, which need no BigInt: low, high. */
function wordsOf(batch: TableBatch, name: string): Uint32Array {
  const { buffer, byteOffset, length } = batch.column(name);
  return new Uint32Array(buffer, byteOffset, 2 * length);
}
