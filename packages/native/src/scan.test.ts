// Aggregates and latest rows from JavaScript: against plain loops, while appends go on; what is
// refused; and a close while one is under way.

import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TableSchema } from '@ndts/protocol';
import { openSmall } from './database-test-kit.js';
import { type AggregateQuery, type Database, TableBatch } from './db.js';

const trades: TableSchema = {
  name: 'trades',
  columns: [
    { name: 'price', type: 'f64' },
    { name: 'size', type: 'i64', nullable: true },
    { name: 'note', type: 'text' },
  ],
};
const minuteNs = 60e9;

interface Trade {
  readonly symbol: number;
  readonly minute: number;
  readonly price: number;
  readonly size: bigint | undefined;
}

function open(context: TestContext): { database: Database; table: number } {
  const root = mkdtempSync(join(tmpdir(), 'ndts-scan-'));
  const database = openSmall(root);
  context.after(() => {
    database.close();
    rmSync(root, { recursive: true, force: true });
  });
  for (const symbol of [3, 4, 5, 6]) database.registerSymbol(symbol, symbol % 2, `S${symbol}`);
  return { database, table: database.createTable(trades) };
}

/** Rows by a fixed rule, from `first` on: half of a second apart, three symbols in turn. */
function append(database: Database, table: number, first: number, rows: number): Trade[] {
  const batch = new TableBatch(trades, rows);
  const made: Trade[] = [];
  for (let row = 0; row < rows; row += 1) {
    const at = first + row;
    const ns = at * 500e6;
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = ns;
    batch.symbol[row] = 3 + (at % 3);
    batch.doubles('price')[row] = ((at * 7919) % 1000) / 100;
    batch.column('size')[row] = BigInt(at) * 2n ** 40n;
    if (at % 5 === 0) {
      batch.column('size')[row] = 0n;
      batch.setNull('size', row);
    }
    batch.setText('note', row, `n${at}`);
    made.push({
      symbol: 3 + (at % 3),
      minute: Math.floor(ns / minuteNs),
      price: ((at * 7919) % 1000) / 100,
      size: at % 5 === 0 ? undefined : BigInt(at) * 2n ** 40n,
    });
  }
  batch.count = rows;
  database.appendRows(table, batch);
  return made;
}

const bars: AggregateQuery['aggregates'] = {
  open: { kind: 'first', column: 'price' },
  high: { kind: 'max', column: 'price' },
  low: { kind: 'min', column: 'price' },
  close: { kind: 'last', column: 'price' },
  largest: { kind: 'max', column: 'size' },
  sizes: { kind: 'count', column: 'size' },
};

test('bars of files and memory together, the state at the call', async (context) => {
  const { database, table } = open(context);
  const rows = append(database, table, 0, 400);
  database.seal();
  rows.push(...append(database, table, 400, 300));
  const asked = database.aggregate({
    table,
    aggregates: bars,
    bySymbol: true,
    bucketNs: minuteNs,
    threads: 2,
  });
  append(database, table, 700, 200); // not seen
  const found = await asked;
  const groups = new Map<string, Trade[]>();
  for (const symbol of [3, 4, 5])
    for (const row of rows)
      if (row.symbol === symbol) {
        const key = `${symbol} ${row.minute}`;
        groups.set(key, [...(groups.get(key) ?? []), row]);
      }
  equal(found.count, groups.size);
  let at = 0;
  for (const [key, group] of groups) {
    equal(`${found.symbol[at]} ${(found.bucketNsOfDay[at] ?? 0) / minuteNs}`, key);
    equal(found.bucketDay[at], 20_000);
    const prices = group.map((row) => row.price);
    equal(found.values['open']?.[at], prices[0]);
    equal(found.values['close']?.[at], prices.at(-1));
    equal(found.values['high']?.[at], Math.max(...prices));
    equal(found.values['low']?.[at], Math.min(...prices));
    const sizes = group.flatMap((row) => (row.size === undefined ? [] : [row.size]));
    equal(found.values['sizes']?.[at], sizes.length);
    equal(
      found.values['largest']?.[at],
      sizes.reduce((a, b) => (a > b ? a : b)),
    );
    at += 1;
  }
});

test('predicates, symbols, times, and nothing at all', async (context) => {
  const { database, table } = open(context);
  const rows = append(database, table, 0, 500);
  const aggregates = {
    rows: { kind: 'rows' },
    sum: { kind: 'sum', column: 'price' },
    vwap: { kind: 'vwap', column: 'price', weight: 'size' },
  } as const;
  const found = await database.aggregate({
    table,
    symbols: [4, 5],
    from: { day: 20_000, nsOfDay: 60 * 1e9 },
    to: { day: 20_000, nsOfDay: 120 * 1e9 },
    where: [
      { column: 'price', compare: '>=', value: 2 },
      { column: 'size', compare: 'between', value: 130n * 2n ** 40n, high: 200n * 2n ** 40n },
    ],
    aggregates,
  });
  const wanted = rows.filter(
    (row, at) =>
      row.symbol !== 3 &&
      row.minute === 1 &&
      row.price >= 2 &&
      row.size !== undefined &&
      at >= 130 &&
      at <= 200,
  );
  ok(wanted.length > 5);
  equal(found.values['rows']?.[0], wanted.length);
  const sum = wanted.reduce((total, row) => total + row.price, 0);
  ok(Math.abs(Number(found.values['sum']?.[0]) - sum) < 1e-9);

  const none = await database.aggregate({ table, symbols: [6], aggregates });
  equal(none.count, 1);
  equal(none.values['rows']?.[0], 0);
  deepEqual([none.nulls['sum']?.[0], none.values['sum']?.[0]], [1, 0]);
});

test('latest rows, in the order asked for', (context) => {
  const { database, table } = open(context);
  append(database, table, 0, 100);
  database.seal();
  append(database, table, 100, 2);
  const batch = new TableBatch(trades, 4);
  equal(database.latest(table, Uint32Array.of(5, 6, 3, 4), batch), 3);
  deepEqual([...batch.symbol.subarray(0, 3)], [5, 3, 4]);
  // Row 101 is of symbol 5, 99 of 3 and 100 of 4.
  deepEqual(
    [batch.text('note', 0), batch.text('note', 1), batch.text('note', 2)],
    ['n101', 'n99', 'n100'],
  );
  equal(batch.isNull('size', 2), true);
  throws(() => database.latest(table, Uint32Array.of(9), batch), { code: 'NOT_FOUND' });
  throws(() => database.latest(table, Uint32Array.of(3, 4, 5, 6, 3), batch), {
    code: 'INVALID_ARGUMENT',
  });
});

test('what is refused, and a close while a scan is under way', async (context) => {
  const { database, table } = open(context);
  append(database, table, 0, 100);
  const rows = { rows: { kind: 'rows' } } as const;
  const refused: readonly [AggregateQuery, string][] = [
    [{ table: 77, aggregates: rows }, 'NOT_FOUND'],
    [{ table, symbols: [9], aggregates: rows }, 'NOT_FOUND'],
    [{ table, aggregates: {} }, 'INVALID_ARGUMENT'],
    [{ table, aggregates: { a: { kind: 'sum', column: 'none' } } }, 'INVALID_ARGUMENT'],
    [{ table, aggregates: { a: { kind: 'sum', column: 'note' } } }, 'INVALID_ARGUMENT'],
    [{ table, aggregates: { a: { kind: 'sum' } } }, 'INVALID_ARGUMENT'],
    [{ table, aggregates: rows, bucketNs: -1 }, 'INVALID_ARGUMENT'],
    [
      { table, aggregates: rows, where: [{ column: 'size', compare: '<', value: 1.5 }] },
      'INVALID_ARGUMENT',
    ],
    [
      { table, aggregates: rows, where: [{ column: 'note', compare: '<', value: 1 }] },
      'INVALID_ARGUMENT',
    ],
  ];
  for (const [query, code] of refused) await rejects(database.aggregate(query), { code });
  const asked = database.aggregate({ table, aggregates: rows });
  database.close();
  equal((await asked).values['rows']?.[0], 100);
  await rejects(database.aggregate({ table, aggregates: rows }), { code: 'CLOSED' });
  throws(() => database.latest(table, Uint32Array.of(3), new TableBatch(trades, 1)), {
    code: 'CLOSED',
  });
});

test('locate lists blocks of files and what is in memory', (context) => {
  const { database, table } = open(context);
  const rows = [...append(database, table, 0, 6000)];
  database.seal();
  rows.push(...append(database, table, 6000, 600));
  const mine = rows.filter(({ symbol }) => symbol === 4);
  const { blocks, memory } = database.locate(table, 4);
  const inFiles = blocks.reduce((sum, block) => sum + block.rows, 0);
  equal(inFiles, 2000);
  equal(memory?.rows, mine.length - inFiles);
  equal(memory?.minTime.nsOfDay, 6001 * 500e6);
  for (const block of blocks) {
    ok(block.version === 2 && block.firstEpoch === 1 && block.lastEpoch === 1);
    ok(block.bytes > 0 && block.offset >= 64 && block.offset + block.bytes < block.fileBytes);
    ok(block.endSequence - block.firstSequence >= block.rows);
  }
  const to = { day: 20_000, nsOfDay: 500e6 };
  equal(database.locate(table, 4, undefined, to).blocks.length, 0);
  equal(database.locate(table, 4, { day: 20_001, nsOfDay: 0 }).memory, undefined);
  throws(() => database.locate(table, 99), { code: 'NOT_FOUND' });
  throws(() => database.locate(99, 4), { code: 'NOT_FOUND' });
});
