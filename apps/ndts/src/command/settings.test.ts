import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSettings, refuseWords } from './settings.js';

test('flags come as --key=value and as --key value', () => {
  assert.deepEqual(parseSettings(['--feed.seed=7', '--control.port', '0', 'word', '--a=b=c']), {
    keys: { 'feed.seed': '7', 'control.port': '0', a: 'b=c' },
    words: ['word'],
  });
});

test('a flag without a value is refused', () => {
  assert.throws(() => parseSettings(['--feed.seed']), { code: 'CONFIG_INVALID_VALUE' });
  assert.throws(() => parseSettings(['--feed.seed', '--x=1']), { code: 'CONFIG_INVALID_VALUE' });
});

test('words a command does not take are refused by name', () => {
  assert.throws(() => refuseWords(['what'], 'up'), /unexpected 'what'/);
  refuseWords([], 'up');
});
