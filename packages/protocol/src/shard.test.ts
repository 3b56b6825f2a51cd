import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shardOf, xxHash32 } from './shard.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('xxHash32 gives the published values', () => {
  assert.equal(xxHash32(bytes('')), 0x02cc5d05);
  assert.equal(xxHash32(bytes('a')), 0x550d7456);
  assert.equal(xxHash32(bytes('abc')), 0x32d153ff);
  assert.equal(xxHash32(bytes('Nobody inspects the spammish repetition')), 0xe2293b2f);
});

test('a split keeps the low bits: children stay below their parent', () => {
  for (let i = 0; i < 1000; i += 1) {
    const name = `SYM${i}`;
    assert.equal(shardOf(name, 128) % 64, shardOf(name, 64));
  }
});

test('symbols spread over the shards', () => {
  const counts = new Array<number>(64).fill(0);
  for (let i = 0; i < 64_000; i += 1) {
    const shard = shardOf(`S${i}`, 64);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  assert.ok(Math.min(...counts) > 800, `fewest ${Math.min(...counts)}`);
  assert.ok(Math.max(...counts) < 1200, `most ${Math.max(...counts)}`);
});
