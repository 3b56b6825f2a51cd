// What the tests of streams share: a folder that is opened, dies and is opened again, with rings if
// a test wants them; rows that are appended at random and remembered; and a reader's notes.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type BookBatch,
  type Clock,
  createBookBatch,
  createTickBatch,
  createTradeBatch,
  NdtsError,
  type TickBatch,
  type TradeBatch,
  TradeFlags,
} from '@ndts/protocol';
import { createSilentLogger, loadConfig, SeededRandom, SystemClock } from '@ndts/runtime';
import { tickTable } from '@ndts/native/db';
import {
  createBookRings,
  createTickRings,
  createTradeRings,
  type RowRingsOptions,
  type RowRingWriter,
} from '@ndts/native/ring';
import { type LocalDatabase, openLocalDatabase } from '../folder/local-database.js';
import { FolderService } from '../service/folder-service.js';
import type { RawRows, Service } from '../service/service.js';
import { BookRows, TradeRows } from '../table/market-rows.js';
import type { LiveItem } from './live-item.js';
import type { VoidRows } from './positions.js';

// ambient: the long forms of tests
export const longRun = process.env['NDTS_TEST_LONG'] === '1';
export const shardCount = 4;
export const names = ['A', 'BB', 'CCC', 'DDDD', 'EEEEE', 'FFFFFF'];

/** The seed of a random test; a person can give it again. */
export function seedOf(context: TestContext): number {
  // ambient: lets a person repeat a failed run
  const given = process.env['NDTS_TEST_SEED'];
  // ambient: another one each time
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  return seed;
}

export type Kind = 'tick' | 'trade' | 'book';

/** Where rows of a kind are accepted, and the rings they go on, if there are any. */
interface Door {
  readonly table: number;
  readonly paths: readonly string[];
  /** The rows as accepted, and what publishes them. */
  append(rows: readonly Pick<Row, 'symbol' | 'price'>[]): { rows: Row[]; publish: () => void };
  refresh(marks: Float64Array, nowNs: number): void;
  close(): void;
}

interface Opened {
  readonly local: LocalDatabase;
  readonly service: FolderService;
  readonly door: Door;
}

export interface Row {
  readonly shard: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly symbol: number;
  readonly price: number;
}

/** One data folder, and who has it open now. */
export class StreamNode {
  readonly clock: Clock = new SystemClock();
  /** Everything that was accepted and not lost, in the order of appends. */
  rows: Row[] = [];
  readonly #root: string;
  readonly #ringSlots: number | undefined;
  readonly #kind: Kind;
  #opened: Opened | undefined;
  #price = 0;

  constructor(context: TestContext, ringSlots?: number, kind: Kind = 'tick') {
    this.#kind = kind;
    this.#root = mkdtempSync(join(tmpdir(), 'ndts-stream-'));
    this.#ringSlots = ringSlots;
    context.after(async () => {
      await this.close();
      rmSync(this.#root, { recursive: true, force: true });
    });
  }

  get local(): LocalDatabase {
    return this.#now().local;
  }

  get service(): FolderService {
    return this.#now().service;
  }

  /** As a client reaches the service: waits until there is one, and is told UNAVAILABLE when it
   * ends, as over a socket. */
  readonly reach = async (): Promise<Service> => {
    while (this.#opened === undefined) await turn(1);
    return overSocket(this.#opened.service);
  };

  async open(): Promise<void> {
    const values = loadConfig({
      args: {
        dataDir: join(this.#root, 'data'),
        'storage.memoryDir': this.#memory,
        'storage.stagingBytes': String(8 << 20),
        'storage.walFileBytes': String(4 << 20),
        'storage.memtableBytes': String(2 << 20),
        'cluster.shards': String(shardCount),
        'storage.snapshotIntervalMs': '0',
      },
      environment: {},
    });
    const random = new SeededRandom(1);
    const logger = createSilentLogger();
    const local = await openLocalDatabase({ values, clock: this.clock, random, logger, userId: 0 });
    const { ticks: database, symbols, journal: store } = local;
    for (const { id, shard, name } of await symbols.ensure(names))
      database.registerSymbol(id, shard, name);
    const door = this.#openDoor(local);
    const service = new FolderService({
      database,
      symbols,
      clock: this.clock,
      store,
      rings: { [this.#kind]: door.paths },
    });
    this.#opened = { local, service, door };
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.service.close();
    opened?.door.close();
    await opened?.local.close();
  }

  /** Rows of random symbols; onto the rings at once, never, or when the returned is called. */
  append(random: SeededRandom, count: number, publish = true): () => void {
    const { local, door } = this.#now();
    const accepted = door.append(
      Array.from({ length: count }, () => {
        this.#price += 1;
        const name = names[random.integer(names.length)] ?? '';
        return { symbol: local.symbols.byName(name)?.id ?? 0, price: this.#price };
      }),
    );
    this.rows.push(...accepted.rows);
    const toRings = (): void => {
      accepted.publish();
      const marks = new Float64Array(4 * shardCount);
      local.ticks.watermarks(marks, door.table);
      door.refresh(marks, this.clock.monotonicNs());
    };
    if (publish) toRings();
    return toRings;
  }

  /** Makes durable what there is, and keeps that state for loseTail(). */
  async keep(): Promise<Row[]> {
    await this.local.ticks.durable();
    cpSync(join(this.#root, 'data'), join(this.#root, 'kept'), { recursive: true });
    return [...this.rows];
  }

  /** Ends as in a power cut: memory is gone, and the disk is as it was at keep(). */
  async loseTail(kept: Row[]): Promise<void> {
    await this.close();
    rmSync(this.#memory, { recursive: true });
    rmSync(join(this.#root, 'data'), { recursive: true });
    cpSync(join(this.#root, 'kept'), join(this.#root, 'data'), { recursive: true });
    this.rows = kept;
  }

  get #memory(): string {
    return join(this.#root, 'memory');
  }

  #now(): Opened {
    assert.ok(this.#opened !== undefined, 'the folder is not open');
    return this.#opened;
  }

  #openDoor({ ticks }: LocalDatabase): Door {
    const shape = (table: number): RowRingsOptions | undefined => {
      const shards = Array.from({ length: shardCount }, (_, shard) => shard);
      if (this.#ringSlots === undefined) return undefined;
      return {
        dir: join(this.#root, 'rings'),
        slotCount: this.#ringSlots,
        epochs: shards.map((shard) => ticks.epoch(shard)),
        firstSequences: shards.map((shard) => ticks.nextSequence(shard, table)),
      };
    };
    const made = <Writer>(table: number, create: (options: RowRingsOptions) => Writer) => {
      const options = shape(table);
      return options === undefined ? undefined : create(options);
    };
    const door = this.#doorOf(ticks, made);
    door.refresh(new Float64Array(4 * shardCount), this.clock.monotonicNs());
    return door;
  }

  #doorOf(
    ticks: LocalDatabase['ticks'],
    rings: <Writer>(
      table: number,
      create: (options: RowRingsOptions) => Writer,
    ) => Writer | undefined,
  ): Door {
    if (this.#kind === 'tick')
      return doorOf({
        table: tickTable,
        createBatch: createTickBatch,
        append: (batch) => ticks.appendTicks(batch),
        rings: rings(tickTable, createTickRings),
        set: (batch, row, price) => batch.price.fill(price, row, row + 1),
      });
    if (this.#kind === 'trade') {
      const trades = new TradeRows(ticks, rowsMax);
      return doorOf({
        table: trades.table,
        createBatch: createTradeBatch,
        append: (batch) => trades.append(batch),
        rings: rings(trades.table, createTradeRings),
        set: (batch, row, price) => {
          batch.price[row] = price;
          batch.tradeId[row] = 3 * price;
          batch.flags[row] = TradeFlags.id | TradeFlags.sell;
        },
      });
    }
    const books = new BookRows(ticks, rowsMax);
    return doorOf({
      table: books.table,
      createBatch: createBookBatch,
      append: (batch) => books.append(batch),
      rings: rings(books.table, createBookRings),
      set: (batch, row, price) => {
        batch.bid1[row] = price;
        batch.missing[row] = allButBid1;
      },
    });
  }
}

const rowsMax = 1024;
const allButBid1 = 2 ** 20 - 2;

interface DoorOptions<Batch> {
  readonly table: number;
  readonly createBatch: (capacity: number) => Batch;
  readonly append: (batch: Batch) => number;
  readonly rings: RowRingWriter<Batch> | undefined;
  /** The columns of a row that say which it is. */
  readonly set: (batch: Batch, row: number, price: number) => unknown;
}

function doorOf<Batch extends TickBatch | TradeBatch | BookBatch>(
  options: DoorOptions<Batch>,
): Door {
  const { table, rings } = options;
  return {
    table,
    paths: rings?.paths ?? [],
    append: (wanted) => {
      const batch = options.createBatch(wanted.length);
      batch.count = wanted.length;
      for (const [row, { symbol, price }] of wanted.entries()) {
        batch.day[row] = 20_000;
        batch.nsOfDay[row] = price * 1000;
        batch.symbol[row] = symbol;
        options.set(batch, row, price);
      }
      options.append(batch);
      const rows = wanted.map(({ symbol, price }, row) => ({
        shard: batch.shard[row] ?? 0,
        epoch: batch.epoch[row] ?? 0,
        sequence: batch.sequence[row] ?? 0,
        symbol,
        price,
      }));
      return { rows, publish: () => rings?.publish(batch) };
    },
    refresh: (marks, nowNs) => {
      rings?.setWatermarks(marks);
      rings?.heartbeat(nowNs);
    },
    close: () => rings?.close(),
  };
}

function overSocket(service: Service): Service {
  const ended = (error: unknown): never => {
    if (error instanceof NdtsError && error.code === 'CLOSED')
      throw new NdtsError('UNAVAILABLE', 'who had the folder open ended');
    throw error;
  };
  return {
    shardCount: service.shardCount,
    call: (name, asked) => service.call(name, asked).catch(ended),
    open: async (name, asked, signal) => {
      const stream = await service.open(name, asked, signal).catch(ended);
      const next = () => stream.next().catch(ended);
      return { head: stream.head, next, close: () => stream.close() };
    },
  };
}

/** What a reader saw: in each shard every sequence once, in order, nothing but what is there. */
export class ReaderNotes {
  readonly seen: Row[] = [];
  readonly voids: VoidRows[] = [];

  /** Rows above what a void says are not seen any more. */
  take({ rows, voids }: Pick<LiveItem, 'rows' | 'voids'>): void {
    for (const one of voids) {
      this.voids.push(one);
      const { shard, last } = one;
      for (let at = this.seen.length - 1; at >= 0; at -= 1) {
        const row = this.seen[at];
        if (row?.shard === shard && row.sequence >= last.sequence) this.seen.splice(at, 1);
      }
    }
    for (let row = 0; row < rows.count; row += 1) this.seen.push(rowAt(rows, row));
  }

  check(expected: readonly Row[]): void {
    for (let shard = 0; shard < shardCount; shard += 1)
      assert.deepEqual(
        this.seen.filter((row) => row.shard === shard),
        expected.filter((row) => row.shard === shard),
      );
  }
}

export function rowAt(rows: RawRows, row: number): Row {
  const prices = rows.columns.find(({ name }) => name === 'price' || name === 'bid1')?.values;
  return {
    shard: rows.shard?.[row] ?? -1,
    epoch: rows.epoch?.[row] ?? -1,
    sequence: rows.sequence[row] ?? -1,
    symbol: rows.symbol[row] ?? -1,
    price: Number(prices?.[row] ?? -1),
  };
}

export function turn(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs); // ambient: a test waits
  });
}
