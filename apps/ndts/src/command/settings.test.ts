import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSettings, refuseWords } from './settings.js';

test('flags come as --key=value and as --key value', () => {
  assert.deepEqual(parseSettings(['--feed.seed=7', '--control.port', '0', 'word', '--a=b=c']), {
    keys: { 'feed.seed': '7', 'control.port': '0', a: 'b=c' },
    words: ['word'],
  });
});

test('a flag without a value is left to the check of its key', () => {
  assert.deepEqual(parseSettings(['--feed.seed']).keys, { 'feed.seed': '' });
  assert.deepEqual(parseSettings(['--feed.seed', '--x=1']).keys, { 'feed.seed': '', x: '1' });
});

test('a flag given twice is refused', () => {
  assert.throws(() => parseSettings(['--a=1', '--a', '2']), { code: 'CONFIG_INVALID_VALUE' });
});

test('words a command does not take are refused by name', () => {
  assert.throws(() => refuseWords(['what'], 'up'), /unexpected 'what'/);
  refuseWords([], 'up');
});
