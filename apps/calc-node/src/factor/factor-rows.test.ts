// Factor rows as the layout has them: written by words, read back by the schema's own helpers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, FactorSlot, readTime } from '@ndts/protocol';
import { Chart } from '../emit/chart.js';
import { FactorRows, FactorRowWriter } from './factor-rows.js';

function write(count: number, price: (row: number) => number): Uint8Array {
  const batch = createTickBatch(count);
  const columns = {
    value: new Float64Array(count).fill(0.25),
    middle: new Float64Array(count).fill(10),
    upper: new Float64Array(count).fill(11),
    lower: new Float64Array(count).fill(Number.NaN),
    signal: new Float64Array(count).fill(-1),
  };
  batch.count = count;
  for (let row = 0; row < count; row += 1) {
    batch.day[row] = 20_123;
    batch.nsOfDay[row] = 86_399_000_000_001 + row * 10_000_000;
    batch.symbol[row] = 9;
    batch.shard[row] = 5;
    batch.epoch[row] = 3;
    batch.sequence[row] = 2 ** 40 + row;
    batch.price[row] = price(row);
  }
  let bytes = new Uint8Array(0);
  const ring = {
    publish: (slots: Uint8Array, slotCount: number) => {
      bytes = slots.slice(0, slotCount * FactorSlot.sizeBytes);
    },
    close: () => {},
  };
  new FactorRowWriter(ring, count).publish(batch, 1, columns, undefined);
  return bytes;
}

test('a row reads back field by field', () => {
  const bytes = write(3, (row) => 100 + row);
  const view = new DataView(bytes.buffer, FactorSlot.sizeBytes, FactorSlot.sizeBytes);
  assert.deepEqual(readTime(view, FactorSlot.time), { day: 20_123, nsOfDay: 86_399_010_000_001 });
  assert.equal(view.getUint32(FactorSlot.symbol, true), 9);
  assert.equal(view.getUint32(FactorSlot.factor, true), 1);
  assert.equal(view.getFloat64(FactorSlot.value, true), 0.25);
  assert.equal(view.getFloat64(FactorSlot.price, true), 101);
  assert.equal(view.getInt32(FactorSlot.signal, true), -1);
  assert.equal(view.getUint32(FactorSlot.shard, true), 5);
  assert.equal(view.getBigUint64(FactorSlot.epoch, true), 3n);
  assert.equal(view.getBigUint64(FactorSlot.sequence, true), 2n ** 40n + 1n);
  assert.ok(bytes.subarray(FactorSlot.reserved, FactorSlot.sizeBytes).every((byte) => byte === 0));
});

test('a chart keeps the last point of every 50 ms, newest points only', () => {
  const rows = new FactorRows(1000);
  rows.bytes.set(write(1000, (row) => row));
  const chart = new Chart(4);
  for (let row = 0; row < 1000; row += 1) chart.note(rows, row);
  const points = chart.points(9, 5000);
  assert.ok(points.length >= 199 && points.length <= 201, `${points.length}`);
  assert.equal(points.at(-1)?.price, 999);
  assert.equal(points.at(-1)?.lower, null, 'NaN has no JSON form');
  assert.equal(points.at(-1)?.value, 0.25);
  const times = points.map((point) => Math.floor(point.timeMs / 50));
  assert.equal(new Set(times).size, times.length);
  assert.deepEqual(chart.points(9, 3), points.slice(-3));
  assert.deepEqual(chart.points(1, 3), []);
});

test('a chart of many symbols stays small', () => {
  const rows = new FactorRows(1000);
  rows.bytes.set(write(1000, (row) => row));
  const chart = new Chart(100_000);
  for (let row = 0; row < 1000; row += 1) chart.note(rows, row);
  assert.equal(chart.points(9, 5000).length, 16);
});
