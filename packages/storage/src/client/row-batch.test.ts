import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { noRows } from '../stream/live-item.js';
import { RowBatch } from './row-batch.js';

test('a batch that only tells of lost rows has no rows, and any column of it is empty', () => {
  const batch = new RowBatch(noRows);
  equal(batch.count, 0);
  equal(batch.doubles('price').length, 0);
  equal(batch.column('flags').length, 0);
  deepEqual(batch.texts('name'), []);
  equal(batch.nulls('price'), undefined);
});

test('a column that is not there is named', () => {
  const price = { name: 'price', type: 'f64', values: Float64Array.of(1) } as const;
  const batch = new RowBatch({ ...noRows, columns: [price] });
  throws(() => batch.doubles('prize'), { code: 'INVALID_ARGUMENT', message: /prize/ });
});
