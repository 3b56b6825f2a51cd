// Output of a strategy: lines, however they are cut; bounded, however much there is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineCapture } from './line-capture.js';

test('lines are put together across pieces', () => {
  const lines: string[] = [];
  const capture = new LineCapture(
    (line) => lines.push(line),
    () => 0,
  );
  for (const piece of ['on', 'e\ntw', 'o\n\nthr', 'ee']) capture.push(piece);
  assert.deepEqual(lines, ['one', 'two', '']);
  capture.end();
  assert.deepEqual(lines, ['one', 'two', '', 'three']);
});

test('a long line is cut, a flood is counted, the next second is heard again', () => {
  const lines: string[] = [];
  let nowNs = 0;
  const capture = new LineCapture(
    (line) => lines.push(line),
    () => nowNs,
  );
  for (let piece = 0; piece < 1000; piece += 1) capture.push('x'.repeat(1000));
  capture.push('\nshort\n');
  assert.equal(lines[0]?.length, 2003);
  assert.equal(lines[1], 'short');
  for (let line = 0; line < 5000; line += 1) capture.push('again\n');
  assert.equal(lines.length, 100);
  assert.equal(capture.suppressed, 4902);
  nowNs = 1e9;
  capture.push('later\n');
  assert.equal(lines.at(-1), 'later');
});
