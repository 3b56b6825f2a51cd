// Trades and books through a data node on a real engine and real rings: what a feed gave is in the
// tables and on the rings once, what was refused is kept with its reason, and a book that lost
// changes is asked for and GAPPED until it is whole.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  addNs,
  createBookBatch,
  createTradeBatch,
  nsPerMs,
  type QualityView,
  subjects,
  type Time,
  timeFromMs,
  type TradeBatch,
  TradeFlags,
} from '@ndts/protocol';
import { loadConfig, VirtualClock } from '@ndts/runtime';
import { type Database, TableBatch } from '@ndts/storage';
import { type BookChangeBatch, bookChangeFlags } from '../feed/batches.js';
import type { Feed, FeedSymbol } from '../feed/feed.js';
import { createNoFeed } from '../feed/no-feed.js';
import { args, type Life, live, shardCount, symbols, workPlace } from '../node-test-kit.js';

const startMs = Date.UTC(2025, 5, 2, 8);
const config = loadConfig({ args, environment: {} });
const { ask, clear, end } = bookChangeFlags;

interface Trade {
  readonly id: number;
  readonly price: number;
  readonly ms?: number;
}

interface BookRow {
  readonly price: number;
  readonly quantity: number;
  readonly flags: number;
  readonly sequence: number;
  readonly previous?: number;
}

/** Gives what it is told to, of the first symbol. */
class ToldFeed {
  trades: Trade[] = [];
  books: BookRow[] = [];
  readonly asked: FeedSymbol[] = [];

  feed(): Feed {
    return {
      ...createNoFeed(),
      name: 'told',
      abilities: { trades: true, book: true, waits: false, repairs: true },
      pollTrades: (batch) => this.#pollTrades(batch),
      pollBook: (batch) => this.#pollBook(batch),
      resyncBook: (wanted) => this.asked.push(...wanted),
    };
  }

  #pollTrades(batch: TradeBatch): number {
    batch.count = this.trades.length;
    for (const [row, { id, price, ms = 0 }] of this.trades.entries()) {
      put(batch, row, timeFromMs(startMs + ms));
      batch.price[row] = price;
      batch.volume[row] = 2;
      batch.tradeId[row] = id;
      batch.flags[row] = TradeFlags.sell | (id === 0 ? 0 : TradeFlags.id);
    }
    this.trades = [];
    return batch.count;
  }

  #pollBook(batch: BookChangeBatch): number {
    batch.count = this.books.length;
    for (const [row, one] of this.books.entries()) {
      put(batch, row, addNs(timeFromMs(startMs), row));
      batch.price[row] = one.price;
      batch.quantity[row] = one.quantity;
      batch.sequence[row] = one.sequence;
      batch.previous[row] = one.previous ?? Number.NaN;
      batch.flags[row] = one.flags;
    }
    this.books = [];
    return batch.count;
  }
}

function put(batch: TradeBatch | BookChangeBatch, row: number, { day, nsOfDay }: Time): void {
  batch.day[row] = day;
  batch.nsOfDay[row] = nsOfDay;
  batch.symbol[row] = symbols[0]!.id;
}

/** Rows of a table, each as its columns of these names. */
function stored(database: Database, name: string, columns: readonly string[]): unknown[][] {
  const table = database.tables().find((one) => one.name === name)!;
  const batch = new TableBatch(table, 256);
  return Array.from({ length: shardCount }, (_, shard) => {
    database.readRows(table.id, shard, 0, batch);
    return Array.from({ length: batch.count }, (_unused, row) =>
      columns.map((column) => {
        if (batch.nulls(column)?.[row] === 1) return null;
        const type = table.columns.find((one) => one.name === column)?.type;
        return type === 'text' ? batch.text(column, row) : batch.column(column)[row];
      }),
    );
  }).flat();
}

function turn(life: Life, ms = 1): void {
  for (let at = 0; at < ms; at += 1) {
    life.clock.advance(nsPerMs);
    life.node.doWork();
  }
}

function tradesOnRings(life: Life): number[] {
  const batch = createTradeBatch(64);
  life.trades.poll(batch);
  return [...batch.price.subarray(0, batch.count)];
}

test('trades are accepted once, by their numbers, across a restart too', async (context) => {
  const dir = workPlace(context);
  const told = new ToldFeed();
  const clock = new VirtualClock(startMs);
  const first = live(dir, clock, config, () => told.feed());
  await first.node.start();
  told.trades = [
    { id: 5, price: 100 },
    { id: 6, price: 100 },
    { id: 6, price: 100 },
    { id: 0, price: 101 },
    { id: 0, price: 101 },
    { id: 7, price: Number.NaN },
    { id: 9, price: 102, ms: 5000 },
    { id: 8, price: 103, ms: 10 },
    { id: 3, price: 104, ms: 10 },
  ];
  clock.advance(5000 * nsPerMs);
  turn(first);
  const good = [100, 100, 101, 101, 102, 103];
  deepEqual(tradesOnRings(first), good);
  deepEqual(stored(first.database, 'trade', ['price', 'volume', 'side', 'trade_id']), [
    [100, 2, -1, '5'],
    [100, 2, -1, '6'],
    [101, 2, -1, null],
    [101, 2, -1, null],
    [102, 2, -1, '9'],
    [103, 2, -1, '8'],
  ]);
  const rejects = ['reason', 'source', 'trade_id', 'next_sequence'];
  deepEqual(stored(first.database, 'trade_rejects', rejects), [
    ['duplicate', 'told', '6', 2n],
    ['sentinel', 'told', '7', 4n],
    ['outOfOrder', 'told', '3', 6n],
  ]);
  turn(first, 300);
  const { kinds } = first.node.status();
  const rejected = { duplicate: 1, sentinel: 1, outOfOrder: 1 };
  const [kind] = kinds;
  deepEqual(
    { ...kind, rowsPerSecond: 0 },
    {
      ...{ kind: 'trade', rowsPerSecond: 0, polled: 9, accepted: 6, copies: 0, rejected },
    },
  );
  equal(first.trades.marks(symbols[0]!.shard).accepted, 6);
  await first.close();

  const second = live(dir, clock, config, () => told.feed());
  context.after(() => second.close());
  await second.node.start();
  told.trades = [8, 9, 10].map((id) => ({ id, price: 200 + id, ms: 5000 }));
  turn(second);
  deepEqual(tradesOnRings(second), [210], 'what the venue sends again is not stored again');
});

test('books: five levels as shown, all changes stored, a hole is asked for', async (context) => {
  const told = new ToldFeed();
  const life = live(workPlace(context), new VirtualClock(startMs), config, () => told.feed());
  context.after(() => life.close());
  await life.node.start();
  const [symbol] = symbols;
  const snapshot = (sequence: number, bid: number): BookRow[] => [
    { price: bid, quantity: 3, flags: clear, sequence },
    { price: bid + 1, quantity: 4, flags: ask | end, sequence },
  ];
  told.books = [
    ...snapshot(10, 99),
    { price: 98, quantity: 1, flags: end, sequence: 11, previous: 10 },
    { price: 99, quantity: 0, flags: end, sequence: 12, previous: 11 },
  ];
  turn(life);
  const books = createBookBatch(64);
  equal(life.books.poll(books), 3);
  deepEqual([...books.bid1.subarray(0, 3)], [99, 99, 98]);
  deepEqual([...books.bidVolume2.subarray(0, 3)], [0, 1, 0]);
  deepEqual(stored(life.database, 'book', ['bid1', 'bid2', 'ask1', 'ask_vol1']), [
    [99, null, 100, 4],
    [99, 98, 100, 4],
    [98, null, 100, 4],
  ]);
  told.books = [{ price: 97, quantity: 1, flags: end, sequence: 20, previous: 19 }];
  for (let at = 0; at < 70; at += 1)
    told.books.push({
      price: 96,
      quantity: 1 + at,
      flags: end,
      sequence: 21 + at,
      previous: 20 + at,
    });
  turn(life);
  equal(life.books.poll(books), 0, 'nothing is shown of a book that is not whole');
  deepEqual(
    told.asked.map(({ name }) => name),
    [symbol!.name],
  );
  const quality = async (): Promise<string> => {
    const views = await life.bus.request(subjects.dataQuality, { symbol: symbol!.id });
    return (views as QualityView[])[0]!.state;
  };
  equal(await quality(), 'GAPPED');
  told.books = snapshot(90, 95);
  turn(life, 1100);
  equal(life.books.poll(books), 1);
  equal(books.bid1[0], 95);
  equal(await quality(), 'GOOD');
  const changes = stored(life.database, 'book_change', ['side', 'price', 'flags', 'previous']);
  equal(changes.length, 77);
  deepEqual(changes.slice(0, 3), [
    [1, 99, 2, null],
    [-1, 100, 4, null],
    [1, 98, 4, 10],
  ]);
  turn(life, 250);
  const kind = life.node.status().kinds[1]!;
  deepEqual(
    { ...kind, rowsPerSecond: 0 },
    {
      ...{ kind: 'book', rowsPerSecond: 0, polled: 77, accepted: 4, copies: 0 },
      rejected: { gaps: 1 },
    },
  );
  told.books = [{ price: Number.NaN, quantity: 1, flags: end, sequence: 91, previous: 90 }];
  turn(life, 250);
  ok(life.node.status().kinds[1]!.rejected['malformed'] === 1);
});
