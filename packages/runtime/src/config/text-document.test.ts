// Files for people: what they write is what is read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTextDocument } from './text-document.js';

test('names that look like numbers stay as they are written, and know their line', () => {
  const names = ['000001', '0700', '600519', '1e3', '0x10', '1.50', 'TRUE', 'null', '~', 'AAA'];
  const text = names.map((name, at) => `${name}:\n  lot: ${at}\n`).join('');
  const document = parseTextDocument(text, 'yaml', 'f.yaml');
  const read = Object.entries(document.value as object).map(([name, { lot }]) => [name, lot]);
  assert.deepEqual(read.toSorted(), names.map((name, at) => [name, at]).toSorted());
  assert.equal(document.placeOf(['0700', 'lot']), 'f.yaml:4');
  const quoted = parseTextDocument("'000001': {lot: 5}", 'yaml', 'f.yaml').value;
  assert.deepEqual(quoted, { '000001': { lot: 5 } });
});
