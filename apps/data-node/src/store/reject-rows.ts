// hot: no allocation after init
// Refused rows of one kind on their way into their table. Nothing disappears: rejects of a batch
// are held here until the database takes them, and nothing is polled meanwhile. Always: a reject
// says which sequence the next good row of its shard got, so that both tables together tell the
// order in which rows came.

import { CleanReasonNames, type Clock, type TableSchema, type Time } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { TableBatch } from '@ndts/storage';
import type { SymbolDirectory } from '../serve/symbols.js';
import { Appender } from './appender.js';
import { SourceNames } from './source-names.js';

/** What this stage needs of the database. */
export interface RejectAppend {
  readonly shardCount: number;
  createTable(schema: TableSchema): number;
  appendRows(table: number, batch: TableBatch): number;
  nextSequence(shard: number, table?: number): number;
}

export interface RejectRowsOptions {
  readonly database: RejectAppend;
  readonly symbols: SymbolDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of a batch. */
  readonly capacity: number;
}

/** Where rejects of a batch came from. */
export interface RejectOrigin {
  readonly source: string;
  /** Held against the clock. */
  readonly isLive: boolean;
  /** When they came. */
  readonly received: Time;
}

/** Good rows: before the append `sequence` is their place in the batch they came in. */
export interface GoodRows {
  readonly count: number;
  readonly shard: Uint32Array;
  readonly sequence: Float64Array;
}

const encoder = new TextEncoder();
const reasonBytes = Object.values(CleanReasonNames).map((name) => encoder.encode(name));
const unknownBytes = encoder.encode('unknown');

export class RejectRows {
  /** For whoever fills the columns of its kind. */
  readonly rows: TableBatch;
  readonly #database: RejectAppend;
  readonly #symbols: SymbolDirectory;
  readonly #live: Uint8Array;
  readonly #nextSequence: BigInt64Array;
  readonly #appender: Appender<TableBatch>;
  /** Of the good rows. */
  readonly #table: number | undefined;
  /** By row: its place in its batch, and once it is ordered how many good rows came before. */
  readonly #before: Float64Array;
  readonly #sources = new SourceNames();
  /** By shard, of the batch that is placed. */
  readonly #next: Float64Array;
  #isPlaced = false;
  #shardOf = new Int32Array(0);

  /** @param schema reason, source, live and next_sequence are filled here
   * @param table of the good rows; undefined: that of ticks */
  constructor(options: RejectRowsOptions, schema: TableSchema, table?: number) {
    const { database, capacity, clock, logger } = options;
    this.#database = database;
    this.#symbols = options.symbols;
    this.#table = table;
    this.rows = new TableBatch(schema, capacity);
    this.#live = this.rows.column('live') as Uint8Array;
    this.#nextSequence = this.rows.column('next_sequence') as BigInt64Array;
    this.#before = new Float64Array(capacity);
    this.#next = new Float64Array(database.shardCount);
    const own = database.createTable(schema);
    this.#appender = new Appender((rows) => database.appendRows(own, rows), clock, logger);
  }

  /** Why rejects are held; empty when none are. */
  get reason(): string {
    return this.#appender.reason;
  }

  /** Whether rejects wait: nothing may be polled. */
  get isWaiting(): boolean {
    return this.rows.count > 0;
  }

  /** Those of the next batch follow. */
  begin(): void {
    this.rows.clear();
    this.#isPlaced = false;
  }

  /** @param place in the batch it came in
   * @returns the row, whose other columns the caller fills */
  add(symbol: number, reason: number, place: number, origin: RejectOrigin): number {
    const { rows } = this;
    const row = rows.count;
    rows.count = row + 1;
    rows.day[row] = origin.received.day;
    rows.nsOfDay[row] = origin.received.nsOfDay;
    rows.symbol[row] = symbol;
    rows.setBytes('reason', row, reasonBytes[reason] ?? unknownBytes);
    rows.setBytes('source', row, this.#sources.bytesOf(origin.source));
    this.#live[row] = origin.isLive ? 1 : 0;
    this.#before[row] = place;
    return row;
  }

  /** The rows of the same batch that will be accepted, their sequences still their places in it. */
  order(good: GoodRows): void {
    let at = 0;
    for (let row = 0; row < this.rows.count; row += 1) {
      const place = this.#before[row]!;
      while (at < good.count && good.sequence[at]! < place) at += 1;
      this.#before[row] = at;
    }
  }

  /** The accepted rows of the same batch have their sequences: the rejects between them get theirs.
   * From the last back to the first, so that each shard's next is at hand. */
  place(accepted: GoodRows): void {
    if (this.#isPlaced || this.rows.count === 0) return;
    const next = this.#next.fill(-1);
    let at = accepted.count - 1;
    for (let row = this.rows.count - 1; row >= 0; row -= 1) {
      for (; at >= this.#before[row]!; at -= 1) next[accepted.shard[at]!] = accepted.sequence[at]!;
      const shard = this.#shard(this.rows.symbol[row]!);
      if (next[shard]! < 0) next[shard] = this.#database.nextSequence(shard, this.#table);
      this.#nextSequence[row] = BigInt(next[shard]!);
    }
    this.#isPlaced = true;
  }

  /** True once the database has them; what is not placed is not appended. */
  append(): boolean {
    if (!this.#isPlaced || !this.#appender.append(this.rows)) return false;
    this.#appender.release(this.rows);
    return true;
  }

  #shard(symbol: number): number {
    if ((this.#shardOf[symbol] ?? -1) < 0) this.#learnShards(symbol);
    return Math.max(0, this.#shardOf[symbol]!);
  }

  #learnShards(symbol: number): void {
    const all = this.#symbols.all();
    const length = all.reduce((most, { id }) => Math.max(most, id), symbol) + 1;
    this.#shardOf = new Int32Array(length).fill(-1);
    for (const { id, shard } of all) this.#shardOf[id] = shard;
  }
}
