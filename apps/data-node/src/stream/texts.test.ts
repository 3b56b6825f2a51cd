// Columns of text over a stream: ids of trades come in both forms, conflated too, and the same as
// the table has them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeStreamRows, tradeSchema } from '@ndts/protocol';
import { TableBatch } from '@ndts/storage';
import type { WebSocket } from 'ws';
import { names, StreamHouse, type StreamTestClient } from './stream-test-kit.js';

const ids = ['17', '', 'A-1/ü€', null, '9007199254740993', 'x'.repeat(3000)];

function insert(house: StreamHouse, from: number): void {
  const { ticks, symbols } = house.local;
  const table = ticks.createTable(tradeSchema);
  const batch = new TableBatch(tradeSchema, ids.length);
  batch.count = ids.length;
  for (const [row, id] of ids.entries()) {
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = from + row;
    batch.symbol[row] = symbols.byName(names[row % names.length] ?? '')?.id ?? 0;
    batch.doubles('price')[row] = 1 + row;
    if (id === null) batch.nulls('trade_id')![row] = 1;
    else batch.setText('trade_id', row, id);
  }
  ticks.appendRows(table, batch);
}

/** Ids by price, of all rows messages that come. */
function watch(client: StreamTestClient): Map<number, string | null> {
  const seen = new Map<number, string | null>();
  const socket: WebSocket = client.socket;
  socket.removeAllListeners('message');
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    for (const [price, id] of isBinary ? binaryIds(data) : jsonIds(data)) seen.set(price, id);
  });
  return seen;
}

function jsonIds(data: Buffer): [number, string | null][] {
  const { type, columns } = JSON.parse(data.toString()) as {
    type: string;
    columns: { price: number[]; trade_id: (string | null)[] };
  };
  if (type !== 'rows') return [];
  return columns.price.map((price, row) => [price, columns.trade_id[row] ?? null]);
}

/** Of the columns price and trade_id. */
function binaryIds(data: Buffer): [number, string | null][] {
  const { positions, rows } = decodeStreamRows(data.subarray(0, 24));
  const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;
  let at = 24 + 16 * positions + 16 * rows + 3 * padded(4 * rows);
  const prices = Array.from({ length: rows }, (_, row) => data.readDoubleLE(at + 8 * row));
  at += 8 * rows;
  const lengths = Array.from({ length: rows }, (_, row) => data.readUInt32LE(at + 4 * row));
  at += padded(4 * rows);
  const start = at;
  const texts = lengths.map((length) => {
    at += length;
    return data.toString('utf8', at - length, at);
  });
  at = start + padded(at - start);
  const found = prices.map((price, row): [number, string | null] => [
    price,
    data[at + row] === 1 ? null : (texts[row] ?? ''),
  ]);
  assert.equal(at + padded(rows), data.length);
  return found;
}

test('ids of trades come in both forms, live, delayed and from a position', async (context) => {
  const house = await StreamHouse.start(context);
  house.local.ticks.createTable(tradeSchema);
  const asked = [
    { form: 'json' },
    { form: 'binary' },
    { form: 'json', mode: 'delayed', intervalMs: 10 },
    { form: 'binary', mode: 'delayed', intervalMs: 10 },
    { form: 'binary', from: 'oldest' },
    { form: 'json', symbols: names.slice(1) },
  ];
  const all: Map<number, string | null>[] = [];
  for (const one of asked) {
    const client = await house.connect(context);
    const columns = ['price', 'trade_id'];
    const told = await client.subscribe({ id: 1, kind: 'trade', columns, ...one });
    assert.deepEqual((told['columns'] as unknown[])[1], ['trade_id', 'text', true]);
    all.push(watch(client));
  }
  insert(house, 1);
  const expected = new Map(ids.map((id, row) => [1 + row, id]));
  for (const [at, seen] of all.entries()) {
    const isPart = asked[at]?.symbols !== undefined;
    // The latest of each symbol is what a delayed one is sure to see.
    const last = (row: number): boolean => row + names.length >= ids.length;
    const wanted = [...expected].filter(
      ([price]) =>
        (!isPart || (price - 1) % names.length !== 0) &&
        (asked[at]?.mode !== 'delayed' || last(price - 1)),
    );
    while (!wanted.every(([price]) => seen.has(price)))
      await new Promise((resolve) => setImmediate(resolve));
    for (const [price, id] of seen)
      assert.equal(id, expected.get(price), JSON.stringify(asked[at]));
  }
});
