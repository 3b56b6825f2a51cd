import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberText, tableText } from './table.js';

test('columns are as wide as their widest cell, numbers to the right', () => {
  const text = tableText(
    [{ title: 'name' }, { title: 'count', right: true }],
    [
      ['a', 1],
      ['longer', 1_234_567],
    ],
  );
  assert.equal(text, 'name        count\n------  ---------\na               1\nlonger  1,234,567');
});

test('numbers for people', () => {
  assert.equal(numberText(-1_234), '-1,234');
  assert.equal(numberText(999), '999');
  assert.equal(numberText(1234.5), '1,234.50');
  assert.equal(numberText(Number.NaN), 'NaN');
});

test('what a terminal would obey is shown as its code', () => {
  const text = tableText([{ title: 'a' }], [['\u001b[31mRED\nx\u009b\u007f']]);
  assert.equal(text.split('\n')[2], '\\x1b[31mRED\\nx\\x9b\\x7f');
});
