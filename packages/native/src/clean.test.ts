import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CleanReason, createTickBatch, NdtsError, type TickBatch } from '@ndts/protocol';
import { createCleaner } from './clean.js';

const rules = { priceMax: 999_999, spreadMax: 0.1, disorderNs: 0 };

function goodBatch(count: number): TickBatch {
  const batch = createTickBatch(count);
  for (let row = 0; row < count; row += 1) {
    batch.day[row] = 20_000;
    batch.nsOfDay[row] = row * 1000;
    batch.price[row] = 100 + row;
    batch.volume[row] = 1;
    batch.symbol[row] = row % 3;
  }
  batch.count = count;
  return batch;
}

const code = (expected: string) => (error: unknown) =>
  error instanceof NdtsError && error.code === expected;

describe('cleaner', () => {
  test('good rows move to the front, bad rows go to the rejects with their reason', () => {
    const cleaner = createCleaner(rules);
    const batch = goodBatch(10);
    batch.price[2] = -1;
    batch.volume[3] = -1;
    batch.price[9] = Number.NaN;
    const rejects = createTickBatch(10);
    assert.equal(cleaner.clean(batch, rejects), 3);
    assert.equal(batch.count, 7);
    assert.deepEqual([...batch.price.subarray(0, 7)], [100, 101, 104, 105, 106, 107, 108]);
    assert.equal(rejects.count, 3);
    assert.deepEqual(
      [...rejects.flags.subarray(0, 3)],
      [CleanReason.price, CleanReason.volume, CleanReason.sentinel],
    );
    assert.deepEqual([...rejects.nsOfDay.subarray(0, 3)], [2000, 3000, 9000]);
    const counts = cleaner.counts();
    assert.equal(counts.length, 8);
    assert.equal(counts[CleanReason.ok], 0);
    assert.equal(counts[CleanReason.price], 1);
    cleaner.close();
  });

  test('rejects without room are counted', () => {
    const cleaner = createCleaner(rules);
    const batch = goodBatch(10);
    batch.price.fill(0);
    const rejects = createTickBatch(4);
    assert.equal(cleaner.clean(batch, rejects), 10);
    assert.equal(rejects.count, 4);
    assert.equal(batch.count, 0);
    assert.equal(cleaner.counts()[CleanReason.price], 10);
  });

  test('rules are hot', () => {
    const cleaner = createCleaner(rules);
    const rejects = createTickBatch(4);
    assert.equal(cleaner.clean(goodBatch(4), rejects), 0);
    cleaner.setRules({ ...rules, priceMax: 102 });
    const later = goodBatch(4);
    later.nsOfDay.fill(1e9);
    assert.equal(cleaner.clean(later, rejects), 2);
  });

  test('misuse', () => {
    for (const wrong of [
      { priceMax: 0 },
      { priceMax: Number.NaN },
      { spreadMax: -1 },
      { disorderNs: -1 },
      { disorderNs: 0.5 },
    ])
      assert.throws(() => createCleaner({ ...rules, ...wrong }), code('INVALID_ARGUMENT'));
    const cleaner = createCleaner(rules);
    const batch = goodBatch(4);
    const rejects = createTickBatch(4);
    assert.throws(() => cleaner.clean(batch, batch), code('INVALID_ARGUMENT'));
    assert.throws(() => cleaner.clean({ ...batch, count: 5 }, rejects), code('INVALID_ARGUMENT'));
    assert.throws(
      () => cleaner.clean({ ...batch, buffer: new ArrayBuffer(8) }, rejects),
      code('INVALID_ARGUMENT'),
    );
    batch.symbol[3] = 2 ** 31;
    assert.throws(() => cleaner.clean(batch, rejects), code('INVALID_ARGUMENT'));
    cleaner.close();
    cleaner.close();
    for (const use of [
      () => cleaner.clean(batch, rejects),
      () => cleaner.counts(),
      () => cleaner.setRules(rules),
    ])
      assert.throws(use, code('CLOSED'));
  });
});
