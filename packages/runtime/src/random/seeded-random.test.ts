import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '@ndts/protocol';
import { SeededRandom } from './seeded-random.js';

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

test('the same seed gives the same numbers, another seed others', () => {
  assert.deepEqual(draw(new SeededRandom(7), 100), draw(new SeededRandom(7), 100));
  assert.notDeepEqual(draw(new SeededRandom(7), 5), draw(new SeededRandom(8), 5));
  assert.notDeepEqual(draw(new SeededRandom(1), 5), draw(new SeededRandom(2 ** 32 + 1), 5));
});

test('the numbers of a seed never change: recorded runs depend on them', () => {
  const random = new SeededRandom(1);
  assert.deepEqual(
    Array.from({ length: 4 }, () => random.integer(1_000_000)),
    [91569, 888192, 434270, 746779],
  );
});

test('numbers are in [0, 1), spread evenly, with 53 bits', () => {
  const random = new SeededRandom(3);
  const bins = new Array<number>(10).fill(0);
  let hasLowBits = false;
  for (let round = 0; round < 20_000; round++) {
    const value = random.next();
    assert.ok(value >= 0 && value < 1);
    const bin = Math.floor(value * 10);
    bins[bin] = (bins[bin] as number) + 1;
    hasLowBits ||= (value * 2 ** 32) % 1 !== 0;
  }
  for (const count of bins) assert.ok(count > 1_700 && count < 2_300, `${bins}`);
  assert.ok(hasLowBits);
});

test('an integer is below its limit and reaches all values', () => {
  const random = new SeededRandom(4);
  const seen = new Set(Array.from({ length: 300 }, () => random.integer(7)));
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.equal(random.integer(1), 0);
  for (const limit of [0, -1, 1.5, Number.NaN])
    assert.throws(() => random.integer(limit), { code: 'INVALID_ARGUMENT' });
  assert.throws(() => new SeededRandom(0.5), { code: 'INVALID_ARGUMENT' });
});

test('a fork depends on its label, not on what was drawn before', () => {
  const fresh = new SeededRandom(5);
  const used = new SeededRandom(5);
  draw(used, 10);
  assert.deepEqual(draw(fresh.fork('feed'), 5), draw(used.fork('feed'), 5));
  assert.notDeepEqual(draw(fresh.fork('feed'), 5), draw(fresh.fork('feed'), 5));
  assert.notDeepEqual(draw(fresh.fork('a'), 5), draw(fresh.fork('b'), 5));
});
