import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CleanReason, createTickBatch, NdtsError, type TickBatch, TickFlags } from '@ndts/protocol';
import { type CleanPlan, type CleanRules, createCleaner } from './clean.js';

const plan: CleanPlan = {
  priceMin: 0,
  priceMax: 999_999,
  spreadMax: 0.1,
  tickSize: 0,
  jumpMax: 0.1,
  jumpDeviations: 20,
  disorderNs: 0,
  staleNs: 60e9,
  futureNs: 5e9,
  quietNs: 300e9,
  confirmations: 3,
  calendar: undefined,
  refused: ['sentinel', 'price', 'volume', 'crossed', 'spread', 'duplicate', 'outOfOrder', 'stale'],
  marked: ['jump'],
};

function rulesOf(changes: Partial<CleanPlan> = {}): CleanRules {
  return { plans: [{ ...plan, ...changes }], calendars: [], planOf: new Uint16Array(0) };
}

const rules = rulesOf();

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
    const counts = cleaner.counts(0);
    assert.equal(counts.length, Object.keys(CleanReason).length);
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
    assert.equal(cleaner.counts(0)[CleanReason.price], 10);
  });

  test('rules are hot', () => {
    const cleaner = createCleaner(rules);
    const rejects = createTickBatch(4);
    assert.equal(cleaner.clean(goodBatch(4), rejects), 0);
    cleaner.setRules(rulesOf({ priceMax: 102 }));
    const later = goodBatch(4);
    later.nsOfDay.fill(1e9);
    assert.equal(cleaner.clean(later, rejects), 2);
  });

  test('a symbol has the plan of its class; sources are counted apart', () => {
    const cheap = { ...plan, priceMax: 102 };
    const cleaner = createCleaner({ ...rules, plans: [plan, cheap], planOf: Uint16Array.of(0, 1) });
    const rejects = createTickBatch(10);
    assert.equal(cleaner.clean(goodBatch(10), rejects, 7), 2);
    assert.ok(rejects.symbol.subarray(0, 2).every((symbol) => symbol === 1));
    cleaner.assign(2, 1);
    const later = goodBatch(10);
    later.nsOfDay.fill(1e9);
    assert.equal(cleaner.clean(later, rejects, 8), 5);
    assert.equal(cleaner.counts(7)[CleanReason.price], 2);
    assert.equal(cleaner.counts(8)[CleanReason.price], 5);
    assert.equal(cleaner.counts(0)[CleanReason.price], 0);
    assert.throws(() => cleaner.assign(2, 2), code('INVALID_ARGUMENT'));
    assert.throws(() => cleaner.clean(later, rejects, 64), code('INVALID_ARGUMENT'));
  });

  test('a clock tells what is stale, a calendar what is out of session', () => {
    const open = { day: 20_000, nsOfDay: 2000 };
    const close = { day: 20_000, nsOfDay: 5000 };
    const cleaner = createCleaner({
      ...rulesOf({ staleNs: 1000, calendar: 0, refused: [...plan.refused, 'session'] }),
      calendars: [[{ open, close }]],
    });
    const rejects = createTickBatch(10);
    const batch = goodBatch(10);
    cleaner.clean(batch, rejects, 0, { day: 20_000, nsOfDay: 4000 });
    assert.deepEqual([...batch.nsOfDay.subarray(0, batch.count)], [3000, 4000]);
    assert.equal(cleaner.counts(0)[CleanReason.stale], 1);
    assert.equal(cleaner.counts(0)[CleanReason.session], 7);
  });

  test('a rule that marks leaves the tick', () => {
    const cleaner = createCleaner(rules);
    const batch = goodBatch(40);
    batch.symbol.fill(1);
    batch.price.fill(100);
    batch.price[20] = 1000;
    assert.equal(cleaner.clean(batch, createTickBatch(1)), 0);
    assert.equal(batch.flags[20], TickFlags.suspect);
    assert.equal(batch.flags[21], 0);
    assert.equal(cleaner.marked(0)[CleanReason.jump], 1);
    assert.equal(cleaner.counts(0)[CleanReason.jump], 0);
  });

  test('misuse', () => {
    for (const wrong of [
      { priceMax: 0 },
      { priceMax: Number.NaN },
      { spreadMax: -1 },
      { disorderNs: -1 },
      { disorderNs: 0.5 },
      { calendar: 0 },
      { refused: [] },
      { marked: ['sentinel'] as const },
    ])
      assert.throws(() => createCleaner(rulesOf(wrong)), code('INVALID_ARGUMENT'));
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
      () => cleaner.counts(0),
      () => cleaner.marked(0),
      () => cleaner.setRules(rules),
      () => cleaner.assign(1, 0),
    ])
      assert.throws(use, code('CLOSED'));
  });
});
