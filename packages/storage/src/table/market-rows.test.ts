// Trades and books through their tables and their rings: both carry the same rows under the same
// shard, epoch and sequence, and what a reader of a ring missed comes back from the table.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Database, openDatabase, TableBatch } from '@ndts/native/db';
import {
  createBookRings,
  createTradeRings,
  openBookRings,
  openTradeRings,
} from '@ndts/native/ring';
import {
  bookSchema,
  createBookBatch,
  createTradeBatch,
  NdtsError,
  type TradeBatch,
  TradeFlags,
  tradeSchema,
} from '@ndts/protocol';
import { BookRows, TradeRows } from './market-rows.js';
import { publishInserted } from './publish-inserted.js';

const shards = 2;

function open(context: TestContext): { database: Database; dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-market-rows-'));
  const database = openDatabase({
    dir: join(dir, 'ticks'),
    stagingDir: join(dir, 'staging'),
    stagingBytes: 1 << 20,
    walFileBytes: 1 << 20,
    walBudgetBytes: 8 << 20,
    memtableBytes: 1 << 20,
    commitIntervalMs: 5,
    sealIntervalMs: 0,
    shardCount: shards,
  });
  for (let id = 1; id <= 4; id += 1) database.registerSymbol(id, id % shards, `S${id}`);
  context.after(() => {
    database.close();
    rmSync(dir, { recursive: true });
  });
  return { database, dir };
}

function ringOptions(database: Database, dir: string, table: number, slotCount: number) {
  const each = Array.from({ length: shards }, (_, shard) => shard);
  return {
    dir: join(dir, 'rings'),
    slotCount,
    epochs: each.map((shard) => database.epoch(shard)),
    firstSequences: each.map((shard) => database.nextSequence(shard, table)),
  };
}

interface TestRows {
  count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly symbol: Uint32Array;
}

function fillPlaces(batch: TestRows, count: number, from: number): void {
  batch.count = count;
  for (let row = 0; row < count; row += 1) {
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = from + row;
    batch.symbol[row] = 1 + ((from + row) % 4);
  }
}

function fillTrades(batch: TradeBatch, count: number, from: number): void {
  fillPlaces(batch, count, from);
  for (let row = 0; row < count; row += 1) {
    const number = from + row;
    batch.price[row] = 100 + number / 8;
    batch.volume[row] = number;
    const hasId = number % 3 !== 0;
    const side = [0, TradeFlags.buy, TradeFlags.sell][number % 3]!;
    batch.flags[row] = side | (hasId ? TradeFlags.id : 0);
    batch.tradeId[row] = hasId ? 2 ** 53 - 1 - number : 0;
  }
}

/** The columns of rows, by sequence. */
function rowsOf(batch: object, count: number, shard: number): Map<number, number[]> {
  const columns = Object.values(batch).filter(
    (value) => value instanceof Float64Array || value instanceof Uint32Array,
  );
  const { shard: shardOf, sequence } = batch as { shard: Uint32Array; sequence: Float64Array };
  const rows = new Map<number, number[]>();
  for (let row = 0; row < count; row += 1)
    if (shardOf[row] === shard)
      rows.set(
        sequence[row]!,
        columns.map((column) => column[row]!),
      );
  return rows;
}

test('trades: table and ring have the same rows', (context) => {
  const { database, dir } = open(context);
  const trades = new TradeRows(database, 64);
  const rings = createTradeRings(ringOptions(database, dir, trades.table, 64));
  const reader = openTradeRings({ paths: rings.paths, from: 'oldest' });
  const batch = createTradeBatch(64);
  const got = createTradeBatch(64);
  for (const [from, count] of [
    [0, 1],
    [1, 40],
  ] as const) {
    fillTrades(batch, count, from);
    trades.append(batch);
    rings.publish(batch);
    assert.equal(reader.poll(got), count);
    for (let shard = 0; shard < shards; shard += 1)
      assert.deepEqual(rowsOf(got, count, shard), rowsOf(batch, count, shard));
  }
  const rows = new TableBatch(tradeSchema, 64);
  const stored = createTradeBatch(64);
  for (let shard = 0; shard < shards; shard += 1) {
    database.readRows(trades.table, shard, 0, rows);
    trades.take(rows, stored);
    assert.equal(stored.count, database.nextSequence(shard, trades.table));
    const published = rowsOf(batch, batch.count, shard);
    const read = rowsOf(stored, stored.count, shard);
    for (const [sequence, row] of published) assert.deepEqual(read.get(sequence), row);
  }
  reader.close();
  rings.close();
});

test('an id that is no number is in the table only', (context) => {
  const { database } = open(context);
  const trades = new TradeRows(database, 8);
  const rows = new TableBatch(tradeSchema, 8);
  const ids = ['17', 'A-17', '017', '1e3', '9007199254740993', '-1', ''];
  for (const [row, id] of ids.entries()) {
    rows.day[row] = 20_000;
    rows.symbol[row] = 2;
    rows.setText('trade_id', row, id);
  }
  rows.count = ids.length;
  database.appendRows(trades.table, rows);
  const batch = createTradeBatch(8);
  trades.take(rows, batch);
  assert.deepEqual([...batch.tradeId.subarray(0, ids.length)], [17, 0, 0, 0, 0, 0, 0]);
  assert.equal(batch.flags[0], TradeFlags.id);
  assert.equal(batch.flags[1], 0);
});

test('books: what a lapped reader missed comes from the table', (context) => {
  const { database, dir } = open(context);
  const books = new BookRows(database, 32);
  const rings = createBookRings(ringOptions(database, dir, books.table, 16));
  const reader = openBookRings({ paths: rings.paths, from: 'oldest' });
  const batch = createBookBatch(32);
  const expected = Array.from({ length: shards }, () => new Map<number, number[]>());
  for (let round = 0; round < 4; round += 1) {
    fillPlaces(batch, 32, 32 * round);
    for (let row = 0; row < 32; row += 1) {
      batch.missing[row] = ((32 * round + row) * 7919) % (1 << 20);
      batch.bid1[row] = (batch.missing[row]! & 1) === 0 ? 99 + row / 4 : 0;
      batch.askVolume5[row] = (batch.missing[row]! & (1 << 19)) === 0 ? row : 0;
    }
    books.append(batch);
    rings.publish(batch);
    for (const [shard, rows] of expected.entries())
      for (const [sequence, row] of rowsOf(batch, 32, shard)) rows.set(sequence, row);
  }
  const got = createBookBatch(32);
  const seen = expected.map(() => new Map<number, number[]>());
  while (reader.poll(got) > 0)
    for (const [shard, rows] of seen.entries())
      for (const [sequence, row] of rowsOf(got, got.count, shard)) rows.set(sequence, row);
  assert.ok(reader.lapped() > 0);
  const missed = new TableBatch(bookSchema, 32);
  for (const [shard, rows] of seen.entries()) {
    const first = Math.min(...rows.keys());
    for (let next = 0; next < first; next += got.count) {
      database.readRows(books.table, shard, next, missed);
      books.take(missed, got);
      for (const [sequence, row] of rowsOf(got, got.count, shard)) rows.set(sequence, row);
    }
    const sorted = new Map([...rows].sort(([left], [right]) => left - right));
    assert.deepEqual(sorted, expected[shard]);
  }
  reader.close();
  rings.close();
});

test('more rows than there is room for', (context) => {
  const { database } = open(context);
  const trades = new TradeRows(database, 4);
  const batch = createTradeBatch(8);
  fillTrades(batch, 5, 0);
  const isCode = (error: unknown) =>
    error instanceof NdtsError && error.code === 'INVALID_ARGUMENT';
  assert.throws(() => trades.append(batch), isCode);
  const rows = new TableBatch(tradeSchema, 16);
  rows.count = 9;
  assert.throws(() => trades.take(rows, batch), isCode);
});

test('what a program inserts is on the rings, but for ids that are no numbers', (context) => {
  const { database, dir } = open(context);
  const table = database.createTable(tradeSchema);
  const rings = createTradeRings(ringOptions(database, dir, table, 64));
  context.after(() => rings.close());
  const reader = openTradeRings({ paths: rings.paths, from: 'oldest' });
  context.after(() => reader.close());
  const rows = new TableBatch(tradeSchema, 6);
  const ids = ['17', 'A-1', null, '18', '00', '19'];
  rows.count = ids.length;
  for (const [row, id] of ids.entries()) {
    rows.day[row] = 20_000;
    rows.symbol[row] = 1;
    rows.doubles('price')[row] = row;
    if (id === null) rows.nulls('trade_id')![row] = 1;
    else rows.setText('trade_id', row, id);
  }
  database.appendRows(table, rows);
  publishInserted(database, { trades: rings, books: undefined }, 'trade', rows);
  publishInserted(database, { trades: rings, books: undefined }, 'book', rows);
  const seen = createTradeBatch(8);
  assert.equal(reader.poll(seen), 4);
  assert.deepEqual([...seen.price.subarray(0, 4)], [0, 2, 3, 5]);
  assert.deepEqual([...seen.tradeId.subarray(0, 4)], [17, 0, 18, 19]);
  assert.deepEqual(
    [...seen.sequence.subarray(0, 4)],
    [0, 2, 3, 5].map((row) => rows.sequence[row]),
  );
  assert.equal(reader.lapped(), 2, 'void where a row is in the table only');
});
