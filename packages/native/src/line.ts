// The parser of line protocol: bytes become rows of batches that a database takes as they are. What
// it takes and refuses: docs/protocol/line.md. Always: rows stand in the order of their lines, and
// behind a line that is refused there are none. One thread.

import {
  type ColumnSchema,
  NdtsError,
  type TableSchema,
  type Time,
  type ValueTypeName,
} from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';
import { TableBatch } from './table-batch.js';

/** As engine/line/line_reason.h explains them. */
export type LineReason =
  | 'none'
  | 'syntax'
  | 'symbolMissing'
  | 'columnUnknown'
  | 'columnMissing'
  | 'columnTwice'
  | 'type'
  | 'inexact'
  | 'time'
  | 'text'
  | 'length'
  | 'version'
  | 'tableUnknown'
  | 'tableName'
  | 'symbolName';

export interface LineParserOptions {
  /** Of the hash of names; not to be guessed from outside. */
  readonly seed: number;
  readonly lineBytesMax: number;
  /** The tag that names the symbol of a row. */
  readonly symbolTag: string;
}

/** A table whose lines are parsed, and the rows they brought. */
export interface LineTable {
  readonly index: number;
  readonly batch: TableBatch;
}

export interface LineRefusal {
  /** From 1, by newlines. */
  readonly line: number;
  readonly reason: LineReason;
  /** The table, column, symbol or value it is about. */
  readonly detail: string;
}

/** Columns that are not nullable and 0 where a line does not say. */
export type ZeroColumns = readonly string[];

interface NativeLineParser {
  addTable(
    name: string,
    columns: readonly (ColumnSchema & { readonly zero: boolean })[],
    capacity: number,
  ): { readonly index: number; readonly buffer: ArrayBuffer };
  addSymbol(name: string, id: number): void;
  openStream(unitNs: number): number;
  closeStream(stream: number): number;
  parse(
    stream: number,
    bytes: Uint8Array,
    day: number,
    nsOfDay: number,
    result: Float64Array,
  ): number;
  finish(stream: number, day: number, nsOfDay: number, result: Float64Array): number;
  detail(): Uint8Array;
  shape(): readonly { readonly name: Uint8Array; readonly type: ValueTypeName }[];
  fresh(): readonly Uint8Array[];
  settle(ids: Uint32Array): readonly [number, number] | undefined;
  rows(counts: Uint32Array): void;
  heap(table: number): Uint8Array;
  clear(): void;
  close(): void;
}

const exported = addon as {
  LineParser: new (seed: number, lineBytesMax: number, symbolTag: string) => NativeLineParser;
  lineReasons: readonly LineReason[];
  LineStop: Readonly<Record<'end' | 'full' | 'table' | 'refused', number>>;
};
const { LineParser: NativeParser, lineReasons } = exported;

/** Why the parser came back: all bytes are taken, a batch has no room, a table is not known, or a
 * line is refused. */
export const { LineStop } = exported;

/** An id that stands for: this name may not be a symbol. */
export const refusedSymbol = 0xffff_ffff;

const decoder = new TextDecoder();

export class LineParser {
  readonly #native: NativeLineParser;
  readonly #tables: LineTable[] = [];
  #counts = new Uint32Array(0);
  #fresh: readonly Uint8Array[] = [];
  /** Where to go on, line, reason, table that is full. */
  readonly #result = new Float64Array(4);

  constructor(options: LineParserOptions) {
    const { seed, lineBytesMax, symbolTag } = options;
    this.#native = native(() => new NativeParser(seed, lineBytesMax, symbolTag));
  }

  get tables(): readonly LineTable[] {
    return this.#tables;
  }

  /** Makes lines of the table known, or gives a known one, which has no rows now, another room. */
  addTable(schema: TableSchema, capacity: number, zero: ZeroColumns = []): LineTable {
    const columns = schema.columns.map((one) => ({ ...one, zero: zero.includes(one.name) }));
    const made = native(() => this.#native.addTable(schema.name, columns, capacity));
    const table = {
      index: made.index,
      batch: new TableBatch(schema, capacity, made.buffer),
    };
    this.#tables[made.index] = table;
    this.#counts = new Uint32Array(this.#tables.length);
    return table;
  }

  addSymbol(name: string, id: number): void {
    native(() => this.#native.addSymbol(name, id));
  }

  /** Of a connection or request, whose times are in units of `unitNs`. */
  openStream(unitNs: number): number {
    return native(() => this.#native.openStream(unitNs));
  }

  /** Returns the bytes of a line that has not come whole. */
  closeStream(stream: number): number {
    return native(() => this.#native.closeStream(stream));
  }

  /** Takes lines from `bytes` at `taken` on. A line without a time gets `now`. */
  parse(stream: number, bytes: Uint8Array, taken: number, now: Time): number {
    this.#result[0] = taken;
    try {
      return this.#native.parse(stream, bytes, now.day, now.nsOfDay, this.#result);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  /** The input ended, and with it its last line. */
  finish(stream: number, now: Time): number {
    return native(() => this.#native.finish(stream, now.day, now.nsOfDay, this.#result));
  }

  /** Where the next parse() of the same bytes goes on. */
  get taken(): number {
    return this.#result[0] ?? 0;
  }

  /** Of the line that made the last call stop. */
  get line(): number {
    return this.#result[1] ?? 0;
  }

  /** After LineStop.refused. */
  refusal(): LineRefusal {
    const reason = lineReasons[this.#result[2] ?? 0] ?? 'none';
    return { line: this.line, reason, detail: decoder.decode(this.#native.detail()) };
  }

  /** After LineStop.full. */
  fullTable(): LineTable {
    const table = this.#tables[this.#result[3] ?? 0];
    if (table === undefined) throw new NdtsError('INTERNAL', 'a table is full that is not there');
    return table;
  }

  /** After LineStop.table: what a table for the line would be. Undefined: names that are not
   * UTF-8. */
  shape(): TableSchema | undefined {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    try {
      return {
        name: strict.decode(this.#native.detail()),
        columns: this.#native
          .shape()
          .map(({ name, type }) => ({ name: strict.decode(name), type, nullable: true })),
      };
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw toNdtsError(error);
    }
  }

  /** Names of symbols in the batches that have no id yet. */
  fresh(): readonly Uint8Array[] {
    this.#fresh = native(() => this.#native.fresh());
    return this.#fresh;
  }

  /** Writes the ids, in the order of fresh(), into the rows; `refusedSymbol` takes back the first
   * line with such a name and all behind it, and says which. The batches can be appended then. */
  settle(ids: Uint32Array): LineRefusal | undefined {
    const refused = native(() => this.#native.settle(ids));
    native(() => this.#native.rows(this.#counts));
    for (const { index, batch } of this.#tables) {
      batch.count = this.#counts[index] ?? 0;
      if (batch.hasHeap && batch.count > 0) batch.takeHeap(this.#native.heap(index));
    }
    if (refused === undefined) return undefined;
    const [line, place] = refused;
    const detail = decoder.decode(this.#fresh[place]);
    return { line, reason: 'symbolName', detail };
  }

  /** The rows were taken. */
  clear(): void {
    native(() => this.#native.clear());
    for (const { batch } of this.#tables) batch.clear();
  }

  close(): void {
    this.#native.close();
  }
}
