// hot: no allocation after init
// The table of refused ticks. Nothing disappears: rejects of a batch are held here until the
// database takes them, and nothing is polled meanwhile, as with ticks. Always: a reject says which
// sequence the next tick of its shard got, so that both tables together tell the order in which
// ticks came.

import {
  CleanReasonNames,
  type Clock,
  rejectsSchema,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { TableBatch } from '@ndts/storage';
import type { SymbolDirectory } from '../serve/symbols.js';
import { Appender } from './appender.js';

/** What this stage needs of the database. */
export interface RejectAppend {
  readonly shardCount: number;
  createTable(schema: typeof rejectsSchema): number;
  appendRows(table: number, batch: TableBatch): number;
  nextSequence(shard: number): number;
}

export interface RejectTableOptions {
  readonly database: RejectAppend;
  readonly symbols: SymbolDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of a batch. */
  readonly capacity: number;
}

const encoder = new TextEncoder();
const reasonBytes = Object.values(CleanReasonNames).map((name) => encoder.encode(name));
const unknownBytes = encoder.encode('unknown');

export class RejectTable {
  readonly #database: RejectAppend;
  readonly #symbols: SymbolDirectory;
  readonly #rows: TableBatch;
  readonly #columns: RejectColumns;
  readonly #appender: Appender<TableBatch>;
  /** By row: its place in its batch, and once it is ordered how many accepted rows came before. */
  readonly #before: Float64Array;
  readonly #sources = new Map<string, Uint8Array>();
  /** By shard, of the batch that is placed. */
  readonly #next: Float64Array;
  #isPlaced = false;
  #shardOf = new Int32Array(0);

  constructor(options: RejectTableOptions) {
    const { database, capacity, clock, logger } = options;
    this.#database = database;
    this.#symbols = options.symbols;
    this.#rows = new TableBatch(rejectsSchema, capacity);
    this.#columns = columnsOf(this.#rows);
    this.#before = new Float64Array(capacity);
    this.#next = new Float64Array(database.shardCount);
    const table = database.createTable(rejectsSchema);
    this.#appender = new Appender((rows) => database.appendRows(table, rows), clock, logger);
  }

  /** Why rejects are held; empty when none are. */
  get reason(): string {
    return this.#appender.reason;
  }

  /** Whether rejects wait: nothing may be polled. */
  get isWaiting(): boolean {
    return this.#rows.count > 0;
  }

  /** Takes what the cleaner refused of a batch; the sequence of each is its place in that batch.
   * @param received when they came */
  note(rejects: TickBatch, source: string, isLive: boolean, received: Time): void {
    const rows = this.#rows;
    const columns = this.#columns;
    rows.clear();
    for (let row = 0; row < rejects.count; row += 1) {
      rows.day[row] = received.day;
      rows.nsOfDay[row] = received.nsOfDay;
      rows.symbol[row] = rejects.symbol[row]!;
      rows.setBytes('reason', row, reasonBytes[rejects.flags[row]!] ?? unknownBytes);
      rows.setBytes('source', row, this.#nameOf(source));
      columns.live[row] = isLive ? 1 : 0;
      columns.tickDay[row] = rejects.day[row]!;
      columns.tickNs[row] = rejects.nsOfDay[row]!;
      columns.price[row] = rejects.price[row]!;
      columns.volume[row] = rejects.volume[row]!;
      columns.bid[row] = rejects.bid[row]!;
      columns.ask[row] = rejects.ask[row]!;
      columns.bidVolume[row] = rejects.bidVolume[row]!;
      columns.askVolume[row] = rejects.askVolume[row]!;
      this.#before[row] = rejects.sequence[row]!;
    }
    rows.count = rejects.count;
    this.#isPlaced = false;
  }

  /** The rows of the same batch that will be accepted, their sequences still their places in it. */
  order(rows: TickBatch): void {
    let at = 0;
    for (let row = 0; row < this.#rows.count; row += 1) {
      const place = this.#before[row]!;
      while (at < rows.count && rows.sequence[at]! < place) at += 1;
      this.#before[row] = at;
    }
  }

  /** The accepted rows of the same batch have their sequences: the rejects between them get theirs.
   * From the last back to the first, so that each shard's next is at hand. */
  place(accepted: TickBatch): void {
    if (this.#isPlaced || this.#rows.count === 0) return;
    const next = this.#next.fill(-1);
    let at = accepted.count - 1;
    for (let row = this.#rows.count - 1; row >= 0; row -= 1) {
      for (; at >= this.#before[row]!; at -= 1) next[accepted.shard[at]!] = accepted.sequence[at]!;
      const shard = this.#shard(this.#rows.symbol[row]!);
      if (next[shard]! < 0) next[shard] = this.#database.nextSequence(shard);
      this.#columns.nextSequence[row] = BigInt(next[shard]!);
    }
    this.#isPlaced = true;
  }

  /** True once the database has them; what is not placed is not appended. */
  append(): boolean {
    if (!this.#isPlaced || !this.#appender.append(this.#rows)) return false;
    this.#appender.release(this.#rows);
    return true;
  }

  #nameOf(source: string): Uint8Array {
    let name = this.#sources.get(source);
    if (name === undefined) {
      name = encoder.encode(source);
      this.#sources.set(source, name);
    }
    return name;
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

interface RejectColumns {
  readonly live: Uint8Array;
  readonly tickDay: Float64Array;
  readonly tickNs: Float64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly bidVolume: Float64Array;
  readonly askVolume: Float64Array;
  readonly nextSequence: BigInt64Array;
}

function columnsOf(rows: TableBatch): RejectColumns {
  return {
    live: rows.column('live') as Uint8Array,
    tickDay: rows.doubles('tick_day'),
    tickNs: rows.doubles('tick_ns'),
    price: rows.doubles('price'),
    volume: rows.doubles('volume'),
    bid: rows.doubles('bid1'),
    ask: rows.doubles('ask1'),
    bidVolume: rows.doubles('bid_vol1'),
    askVolume: rows.doubles('ask_vol1'),
    nextSequence: rows.column('next_sequence') as BigInt64Array,
  };
}
