// Factor rows on their way into their table: which are kept and with what, midnight and times
// before 1970 to the nanosecond, and that a database that refuses costs rows, counted, not time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, FactorSlot, nsPerDay, nsPerSecond } from '@ndts/protocol';
import { createSilentLogger, VirtualClock, Metrics } from '@ndts/runtime';
import type { TableBatch } from '@ndts/storage';
import { FactorRows, FactorRowWriter } from './factor-rows.js';
import { FactorTable } from './factor-store.js';

const times = [
  [20_123, 0],
  [20_123, nsPerDay - 1],
  [20_124, 123_456_789],
  [-1, nsPerDay - 1],
  [0, 0],
] as const;

/** A row for each of the times, of the factor. */
function rowsOf(factor: number): FactorRows {
  const batch = createTickBatch(times.length);
  const rows = new FactorRows(times.length);
  const filled = (value: number) => new Float64Array(times.length).fill(value);
  for (const [row, [day, nsOfDay]] of times.entries()) {
    batch.day[row] = day;
    batch.nsOfDay[row] = nsOfDay;
    batch.symbol[row] = 7;
    batch.shard[row] = 5;
    batch.epoch[row] = 3;
    batch.sequence[row] = 2 ** 40 + row;
  }
  batch.count = times.length;
  const value = Float64Array.from(times, (_, row) => (row === 0 ? Number.NaN : row));
  const columns = { value, middle: filled(2), upper: filled(3), lower: filled(1) };
  const publish = (slots: Uint8Array, count: number): void =>
    rows.bytes.set(slots.subarray(0, count * FactorSlot.sizeBytes));
  const writer = new FactorRowWriter({ publish, close: () => {} }, times.length);
  const firsts = Float64Array.from(times, (_, row) => (row === 0 ? Number.NaN : 2 ** 40 - row));
  writer.publish(batch, factor, { ...columns, signal: filled(0) }, firsts);
  return rows;
}

function setUp() {
  const kept: unknown[][] = [];
  const clock = new VirtualClock();
  const metrics = new Metrics();
  const state = { isFull: false };
  const appendRows = (table: number, rows: TableBatch): number => {
    if (state.isFull) throw new Error('the disk is full');
    for (let row = 0; row < rows.count; row += 1)
      kept.push([
        ...[table, rows.day[row], rows.nsOfDay[row], rows.symbol[row]],
        ...[rows.text('strategy', row), rows.text('factor', row), rows.column('version')[row]],
        ...[rows.isNull('value', row) ? null : rows.doubles('value')[row]],
        ...[rows.doubles('upper')[row], rows.column('tick_shard')[row]],
        ...[rows.column('tick_epoch')[row], rows.column('last_sequence')[row]],
        ...[rows.isNull('first_sequence', row) ? null : rows.column('first_sequence')[row]],
      ]);
    return 0;
  };
  const database = { createTable: () => 9, appendRows };
  const table = new FactorTable({ database, metrics, clock, logger: createSilentLogger() });
  const factors = ['a', 'b', 'c'];
  assert.equal(table.storeOf('none', { factors, stored: [] }), undefined);
  const store = table.storeOf('mine', { factors, stored: [{ factor: 2, version: 4 }] })!;
  const count = async (kind: 'stored' | 'lost'): Promise<number> => {
    const pattern = new RegExp(`calc_factor_rows_${kind}_total\\{strategy="mine"\\} (\\d+)`);
    return Number(pattern.exec(await metrics.text())?.[1] ?? 0);
  };
  return { kept, clock, state, store, table, count };
}

test('rows of the factors that are stored are kept with their lineage', async () => {
  const { kept, store, count } = setUp();
  for (const factor of [1, 2, 3, 4]) {
    const rows = rowsOf(factor);
    for (const row of times.keys()) store.take(rows, row);
  }
  store.flush();
  const lineage = (row: number) => {
    const first = row === 0 ? null : 2n ** 40n - BigInt(row);
    return [3, 5, 3n, 2n ** 40n + BigInt(row), first];
  };
  const expected = times.map(([day, nsOfDay], row) => {
    const value = row === 0 ? null : row;
    return [9, day, nsOfDay, 7, 'mine', 'b', 4, value, ...lineage(row)];
  });
  assert.deepEqual(kept, expected);
  assert.deepEqual([await count('stored'), await count('lost')], [times.length, 0]);
});

test('a database that refuses: what finds no room is lost, the rest goes later', async () => {
  const { kept, clock, state, store, table, count } = setUp();
  const rows = rowsOf(2);
  state.isFull = true;
  for (let at = 0; at < 1100; at += 1) store.take(rows, 1);
  assert.deepEqual([kept.length, await count('lost')], [0, 1100 - 1024]);
  assert.equal(table.problem, 'factors of mine are not stored: Error: the disk is full');
  state.isFull = false;
  store.flush();
  assert.equal(kept.length, 0, 'not before a second has passed');
  clock.advance(nsPerSecond);
  store.flush();
  assert.deepEqual([kept.length, await count('stored')], [1024, 1024]);
  assert.equal(table.problem, '');
  state.isFull = true;
  store.take(rows, 1);
  store.lose(2);
  store.close();
  assert.equal(await count('lost'), 1100 - 1024 + 3);
});
