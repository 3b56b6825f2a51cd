// A node that takes trades and books of a venue that does what it is told, and serves what it took
// in every way there is: rings, rings that are pulled, streams, SQL. All in this process.

import { join } from 'node:path';
import {
  type BookChangeBatch,
  createDataNode,
  createNoFeed,
  type DataNode,
  type Feed,
  openCleaner,
} from '@ndts/data-node';
import {
  bookSchema,
  type ConfigValues,
  nsPerMs,
  type Time,
  tickSchema,
  type TradeBatch,
  TradeFlags,
  tradeSchema,
} from '@ndts/protocol';
import { createSilentLogger, EmbeddedBus, Metrics, SystemClock } from '@ndts/runtime';
import {
  createBookRings,
  createTickRings,
  createTradeRings,
  type LocalDatabase,
  type RingPaths,
  type RowRingsOptions,
} from '@ndts/storage';

export interface SentTrade {
  readonly symbol: number;
  readonly time: Time;
  readonly id: number;
  readonly price: number;
  readonly volume: number;
  readonly isBuy: boolean;
}

export interface SentLevel {
  readonly symbol: number;
  readonly time: Time;
  readonly price: number;
  readonly quantity: number;
  readonly sequence: number;
  readonly previous: number;
  /** Bits of bookChangeFlags. */
  readonly flags: number;
}

interface Cleanup {
  after(action: () => Promise<void> | void): void;
}

/** Hands out what it was told, in that order. */
export class ToldVenue {
  readonly trades: SentTrade[] = [];
  readonly levels: SentLevel[] = [];
  readonly feed: Feed = {
    ...createNoFeed(),
    name: 'told',
    abilities: { trades: true, book: true, waits: true, repairs: false },
    pollTrades: (batch) => this.#pollTrades(batch),
    pollBook: (batch) => this.#pollBook(batch),
  };

  get isEmpty(): boolean {
    return this.trades.length === 0 && this.levels.length === 0;
  }

  #pollTrades(batch: TradeBatch): number {
    const sent = this.trades.splice(0, batch.capacity);
    for (const [row, one] of sent.entries()) {
      batch.day[row] = one.time.day;
      batch.nsOfDay[row] = one.time.nsOfDay;
      batch.symbol[row] = one.symbol;
      batch.price[row] = one.price;
      batch.volume[row] = one.volume;
      batch.tradeId[row] = one.id;
      batch.flags[row] = TradeFlags.id | (one.isBuy ? TradeFlags.buy : TradeFlags.sell);
    }
    batch.count = sent.length;
    return sent.length;
  }

  #pollBook(batch: BookChangeBatch): number {
    const sent = this.levels.splice(0, batch.capacity);
    for (const [row, one] of sent.entries()) {
      batch.day[row] = one.time.day;
      batch.nsOfDay[row] = one.time.nsOfDay;
      batch.symbol[row] = one.symbol;
      batch.price[row] = one.price;
      batch.quantity[row] = one.quantity;
      batch.sequence[row] = one.sequence;
      batch.previous[row] = one.previous;
      batch.flags[row] = one.flags;
    }
    batch.count = sent.length;
    return sent.length;
  }
}

export interface KindsNode {
  readonly node: DataNode;
  readonly paths: RingPaths;
}

/** The data node over a folder that is open. `slots`: of each ring. */
export function startKindsNode(
  test: Cleanup,
  local: LocalDatabase,
  config: ConfigValues,
  feed: Feed,
  slots: number,
): KindsNode {
  const { ticks: database, symbols, folder } = local;
  const shards = Array.from({ length: database.shardCount }, (_, shard) => shard);
  const shape = (table?: number): RowRingsOptions => ({
    dir: join(folder.memory, 'rings'),
    slotCount: slots,
    epochs: shards.map((shard) => database.epoch(shard)),
    firstSequences: shards.map((shard) => database.nextSequence(shard, table)),
  });
  const rings = createTickRings(shape());
  const tradeRings = createTradeRings(shape(database.createTable(tradeSchema)));
  const bookRings = createBookRings(shape(database.createTable(bookSchema)));
  const cleaner = openCleaner(config);
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const node = createDataNode({
    config,
    feed,
    cleaner,
    database,
    rings,
    tradeRings,
    bookRings,
    symbols,
    clock,
    bus: new EmbeddedBus({ clock, logger }),
    metrics: new Metrics({ processMetrics: false }),
    logger,
    batchCapacity: 64,
  });
  test.after(async () => {
    await node.stop();
    for (const one of [rings, tradeRings, bookRings, cleaner]) one.close();
  });
  const paths = {
    [tickSchema.name]: rings.paths,
    [tradeSchema.name]: tradeRings.paths,
    [bookSchema.name]: bookRings.paths,
  };
  return { node, paths };
}

/** A day far from now: what comes at such a time is not live. */
export function timeAt(ms: number): Time {
  return { day: 20_000, nsOfDay: ms * nsPerMs };
}
