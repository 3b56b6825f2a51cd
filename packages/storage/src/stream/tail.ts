// Live rows of a table: what is accepted from a position on, shard by shard in the order of their
// sequences. A tail keeps a position for each shard and nothing else: a slow reader reads from
// memory and files what it has not seen yet, without gap and without a row twice.
//
// Always: it sleeps until rows are appended; a row is handed out once it is below the watermark
// that was asked for. Only watermarks above accepted are polled for, and only while rows wait.

import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import { type Database, TableBatch, type TableInfo } from '@ndts/native/db';
import { type Clock, NdtsError, type Timer } from '@ndts/protocol';
import { array, texts, whole } from '../service/arguments.js';
import { chooseColumns, rowsOf } from '../service/rows.js';
import type { StreamOf, Streams } from '../service/service.js';
import { idsOf } from '../service/symbol-lookup.js';
import type { SymbolRegistry } from '../table/symbol-registry.js';
import { copyPositions, PositionCheck, positionsOf, type ShardPositions } from './positions.js';

type Asked = Readonly<Record<string, unknown>>;
type Head = Streams['tail']['head'];
type Item = Streams['tail']['item'];

/** In the order in which an engine gives them. */
export const watermarks = ['accepted', 'durable', 'replicated', 'sealed'] as const;
export type Watermark = (typeof watermarks)[number];

/** Between two looks at a watermark above accepted, while rows wait for it. */
const markPollMs = [0, 2, 2, 50] as const;
const tailRowsMax = 1 << 16;
/** Timers and sockets get a turn after so many batches, however fast they come. */
const readsPerTurn = 16;

export interface TailSources {
  readonly database: Database;
  readonly symbols: SymbolRegistry;
  readonly clock: Clock;
}

/** Throws WRONG_EPOCH and INVALID_ARGUMENT for positions that never were. */
export function openTail(sources: TailSources, table: TableInfo, asked: Asked): StreamOf<'tail'> {
  return new Tail(sources, table, asked);
}

export function watermarkOf(given: unknown): Watermark {
  const found = watermarks.find((one) => one === (given ?? 'accepted'));
  if (found !== undefined) return found;
  throw new NdtsError('INVALID_ARGUMENT', `watermark: expected one of ${watermarks.join(', ')}`);
}

class Tail {
  readonly head: Head;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #table: TableInfo;
  readonly #columns: TableInfo['columns'];
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #batch: TableBatch;
  readonly #marks: Float64Array;
  readonly #mark: number;
  readonly #next: ShardPositions;
  readonly #until: Float64Array | undefined;
  readonly #unwatch: () => void;
  #shard = 0;
  #reads = 0;
  /** Rows are accepted that the watermark has not reached. */
  #pending = false;
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
    this.#mark = watermarks.indexOf(watermarkOf(asked['watermark']));
    const { from, until } = asked;
    this.#next = from === undefined ? this.#now() : positionsOf(from, shardCount, 'from');
    const check = new PositionCheck(database, table);
    const voids = from === undefined ? [] : check.settle(this.#next);
    if (until !== undefined) this.#until = array(until, Float64Array, shardCount, 'until');
    this.head = { from: copyPositions(this.#next), voids };
    this.#unwatch = database.watchAppends(() => this.#wake?.());
  }

  async next(): Promise<Item | undefined> {
    while (!this.#closed) {
      if (this.#reads >= readsPerTurn) {
        this.#reads = 0;
        await othersRun();
        continue;
      }
      const before = this.#reads;
      const item = this.#take();
      if (item !== undefined || this.#isOver()) return item;
      if (this.#reads === before) await this.#pause();
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#timer?.cancel();
    this.#wake?.();
  }

  /** What is there for the watermark now: only what comes is seen. */
  #now(): ShardPositions {
    this.#database.watermarks(this.#marks, this.#table.id);
    const { shardCount } = this.#database;
    const shards = Array.from({ length: shardCount }, (_, shard) => shard);
    return {
      epoch: Uint32Array.from(shards, (shard) => this.#database.epoch(shard)),
      sequence: Float64Array.from(shards, (shard) => this.#marks[4 * shard + this.#mark] ?? 0),
    };
  }

  #isOver(): boolean {
    return this.#until?.every((end, shard) => (this.#next.sequence[shard] ?? 0) >= end) ?? false;
  }

  #endOf(shard: number): number {
    const end = this.#marks[4 * shard + this.#mark] ?? 0;
    return Math.min(end, this.#until?.[shard] ?? end);
  }

  /** Rows of the next shard that has any, in turn. */
  #take(): Item | undefined {
    this.#database.watermarks(this.#marks, this.#table.id);
    const { sequence } = this.#next;
    const shards = sequence.length;
    this.#pending = false;
    for (let step = 0; step < shards; step += 1) {
      const shard = (this.#shard + step) % shards;
      const next = sequence[shard] ?? 0;
      if ((this.#marks[4 * shard] ?? 0) > next) this.#pending = true;
      if (this.#endOf(shard) <= next) continue;
      this.#reads += 1;
      const count = this.#read(shard);
      if (count === 0) continue;
      this.#shard = shard + 1;
      const rows = rowsOf(this.#batch, this.#columns, count);
      return { rows, next: copyPositions(this.#next) };
    }
    return undefined;
  }

  /** The rows of the symbols that are wanted move to the front; @returns how many there are */
  #read(shard: number): number {
    const batch = this.#batch;
    const { epoch, sequence } = this.#next;
    const end = this.#endOf(shard);
    const found = this.#database.readRows(this.#table.id, shard, sequence[shard] ?? 0, batch);
    let count = found;
    while (count > 0 && (batch.sequence[count - 1] ?? 0) >= end) count -= 1;
    // Sequences that nobody has any more are passed over.
    sequence[shard] = count === 0 || count < found ? end : (batch.sequence[count - 1] ?? 0) + 1;
    if (count > 0) epoch[shard] = batch.epoch[count - 1] ?? 0;
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

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      const pollMs = this.#pending ? (markPollMs[this.#mark] ?? 0) : 0;
      if (pollMs > 0) this.#timer = this.#clock.setTimer(pollMs, resolve);
    });
    this.#wake = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
