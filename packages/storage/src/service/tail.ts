// Live rows of a table: what is accepted from a position on, shard by shard in the order of their
// sequences. A tail keeps a position for each shard and nothing else: a slow reader reads from
// memory and files what it has not seen yet, without gap and without a row twice.

import { type Database, TableBatch, type TableInfo } from '@ndts/native/db';
import { type Clock, NdtsError, type Timer } from '@ndts/protocol';
import type { SymbolRegistry } from '../table/symbol-registry.js';
import { array, texts, whole } from './arguments.js';
import { chooseColumns, rowsOf } from './rows.js';
import type { StreamOf, Streams } from './service.js';
import { idsOf } from './symbol-lookup.js';

type Asked = Readonly<Record<string, unknown>>;
type Item = Streams['tail']['item'];

const pollMs = 1;
const tailRowsMax = 1 << 16;

export interface TailSources {
  readonly database: Database;
  readonly symbols: SymbolRegistry;
  readonly clock: Clock;
}

export function openTail(sources: TailSources, table: TableInfo, asked: Asked): StreamOf<'tail'> {
  return new Tail(sources, table, asked);
}

class Tail {
  readonly head: { readonly from: Float64Array };
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #table: TableInfo;
  readonly #columns: TableInfo['columns'];
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #batch: TableBatch;
  readonly #marks: Float64Array;
  readonly #next: Float64Array;
  #shard = 0;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor({ database, symbols, clock }: TailSources, table: TableInfo, asked: Asked) {
    const { shardCount } = database;
    const names = texts(asked['symbols'], 'symbols');
    this.#database = database;
    this.#clock = clock;
    this.#table = table;
    this.#columns = chooseColumns(table, texts(asked['columns'], 'columns'));
    this.#wanted = names === undefined ? undefined : new Set(idsOf(symbols, names));
    this.#batch = new TableBatch(table, whole(asked['batch'], 'batch', 1, tailRowsMax));
    this.#marks = new Float64Array(4 * shardCount);
    this.#next = new Float64Array(shardCount);
    const { from } = asked;
    if (from === undefined) {
      database.watermarks(this.#marks, table.id);
      for (let shard = 0; shard < shardCount; shard += 1)
        this.#next[shard] = this.#marks[4 * shard] ?? 0;
    } else this.#next.set(array(from, Float64Array, shardCount, 'from'));
    for (const sequence of this.#next)
      if (!Number.isSafeInteger(sequence) || sequence < 0)
        throw new NdtsError('INVALID_ARGUMENT', `from: ${sequence} is no sequence`);
    this.head = { from: this.#next.slice() };
  }

  async next(): Promise<Item | undefined> {
    while (!this.#closed) {
      const item = this.#take();
      if (item !== undefined) return item;
      await this.#pause();
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#wake?.();
  }

  /** Rows of the next shard that has any, in turn. */
  #take(): Item | undefined {
    this.#database.watermarks(this.#marks, this.#table.id);
    const shards = this.#next.length;
    for (let step = 0; step < shards; step += 1) {
      const shard = (this.#shard + step) % shards;
      if ((this.#marks[4 * shard] ?? 0) <= (this.#next[shard] ?? 0)) continue;
      const count = this.#read(shard);
      if (count === 0) continue;
      this.#shard = shard + 1;
      return { rows: rowsOf(this.#batch, this.#columns, count), next: this.#next.slice() };
    }
    return undefined;
  }

  /** The rows of the symbols that are wanted move to the front; @returns how many there are */
  #read(shard: number): number {
    const batch = this.#batch;
    const end = this.#marks[4 * shard] ?? 0;
    const count = this.#database.readRows(this.#table.id, shard, this.#next[shard] ?? 0, batch);
    // Sequences that nobody has any more are passed over.
    this.#next[shard] = count === 0 ? end : (batch.sequence[count - 1] ?? 0) + 1;
    const wanted = this.#wanted;
    if (wanted === undefined) return count;
    let kept = 0;
    for (let row = 0; row < count; row += 1) {
      if (!wanted.has(batch.symbol[row] ?? 0)) continue;
      if (kept !== row) this.#move(row, kept);
      kept += 1;
    }
    return kept;
  }

  #move(from: number, to: number): void {
    const batch = this.#batch;
    for (const array of [batch.day, batch.nsOfDay, batch.sequence]) array[to] = array[from] ?? 0;
    for (const array of [batch.symbol, batch.shard, batch.epoch]) array[to] = array[from] ?? 0;
    for (const { name, type } of this.#columns) {
      const width = type === 'text' || type === 'bytes' ? 2 : 1;
      batch.stored(name).copyWithin(width * to, width * from, width * (from + 1));
      batch.nulls(name)?.copyWithin(to, from, from + 1);
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#clock.setTimer(pollMs, resolve);
    });
  }
}
