// What is wrong with a row that is inserted is said with its place and its value.

import { equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import type { TableSchema } from '@ndts/protocol';
import { type InsertRow, namesIn, tableBatch } from './insert-rows.js';

const schema: TableSchema = {
  name: 'T',
  columns: [
    { name: 'n', type: 'i64', nullable: true },
    { name: 'venue', type: 'symbol', nullable: true },
  ],
};
const good: InsertRow = { time: new Date(0), symbol: 'A', n: 1, venue: 'X' };

function insert(...rows: readonly unknown[]): number {
  const all = rows as readonly InsertRow[];
  const ids = new Map([...namesIn(schema, all)].map((name, at) => [name, at + 1]));
  return tableBatch(schema, all, ids).count;
}

test('a bad row is named by its place, its column and its value', () => {
  equal(insert(good, { ...good, n: undefined }), 2);
  const cases: [object, RegExp][] = [
    [{ n: 1.5 }, /^row 1, column n: expected i64, found 1\.5$/],
    [{ n: 2n ** 63n }, /^row 1, column n: expected i64, found 9223372036854775808$/],
    [{ n: '1' }, /^row 1, column n: expected i64, found a string$/],
    [{ time: 0 }, /^row 1, time: expected a Date/],
    [{ x: 1 }, /^row 1: table T has no column x$/],
    [{ symbol: undefined }, /^row 1, symbol: expected the name/],
    [{ venue: 7 }, /^row 1, venue: expected the name/],
  ];
  for (const [wrong, message] of cases)
    throws(() => insert(good, { ...good, ...wrong }), { code: 'INVALID_ARGUMENT', message });
});
