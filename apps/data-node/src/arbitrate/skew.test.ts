// Sources that stamp the same rows differently, die and come back in any interleaving: what comes
// out is each row once. And what rows that look the same within the skew come to.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createTickBatch, createTradeBatch, nsPerMs } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { Arbiter } from './arbiter.js';
import { SkewTable } from './skew-table.js';

const rounds = process.env['NDTS_TEST_LONG'] === '1' ? 20_000 : 40;
const skewMs = 5;
const rowCount = 60;

function seedOf(context: TestContext): number {
  const given = process.env['NDTS_TEST_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  return seed;
}

interface Row {
  readonly index: number;
  readonly ms: number;
  readonly price: number;
}

/** A source: what it has given, and by how much its clock is ahead. */
interface Source {
  at: number;
  readonly aheadMs: number;
}

/** Rows that look alike are `apartMs` from each other at least. */
function makeRows(random: SeededRandom, apartMs: number): Row[] {
  const last = new Map<number, number>();
  let ms = 1000;
  return Array.from({ length: rowCount }, (_, index) => {
    ms += random.integer(3);
    let price = 100 + random.integer(4);
    while (ms - (last.get(price) ?? 0) < apartMs) price += 1;
    last.set(price, ms);
    return { index, ms, price };
  });
}

function giveTo(arbiter: Arbiter, kind: 'tick' | 'trade') {
  return (source: number, rows: readonly Row[], aheadMs: number): number[] => {
    const batch = kind === 'tick' ? createTickBatch(rowCount) : createTradeBatch(rowCount);
    batch.count = rows.length;
    for (const [row, { index, ms, price }] of rows.entries()) {
      batch.day[row] = 20_000;
      batch.nsOfDay[row] = (ms + aheadMs) * nsPerMs;
      batch.symbol[row] = 1;
      batch.price[row] = price;
      batch.volume[row] = 1;
      batch.sequence[row] = index;
    }
    if ('tradeId' in batch) arbiter.trades(batch, source, 0);
    else arbiter.ticks(batch, source, 0);
    return [...batch.sequence.subarray(0, batch.count)];
  };
}

/** Each source gives all rows in order, some at a time, in turns by chance; one of them dies for a
 * while or for good and another one goes on. How often each row came out. */
function arbitrate(random: SeededRandom, rows: readonly Row[], kind: 'tick' | 'trade'): number[] {
  const countsAlike = kind === 'trade';
  const arbiter = new Arbiter({ slots: 4, countsAlike, skew: new SkewTable(skewMs * nsPerMs) });
  const give = giveTo(arbiter, kind);
  const sources = Array.from({ length: 2 + random.integer(2) }, (_, at): Source => {
    arbiter.addSource(at + 1, at);
    return { at: 0, aheadMs: random.integer(skewMs + 1) };
  });
  const faithful = random.integer(sources.length);
  const out = rows.map(() => 0);
  while (sources[faithful]!.at < rows.length) {
    const which = random.integer(sources.length);
    const source = sources[which]!;
    const to = Math.min(rows.length, source.at + random.integer(12));
    // One that dies loses rows; it comes back with what follows.
    const isDead = which !== faithful && random.integer(4) === 0;
    const given = isDead ? [] : rows.slice(source.at, to);
    source.at = to;
    for (const index of give(which + 1, given, source.aheadMs)) out[index]! += 1;
  }
  return out;
}

for (const kind of ['tick', 'trade'] as const)
  test(`${kind}s stamped differently: each comes out once, whoever dies when`, (context) => {
    const random = new SeededRandom(seedOf(context));
    for (let round = 0; round < rounds; round += 1) {
      const rows = makeRows(random, 2 * skewMs + 1);
      const out = arbitrate(random, rows, kind);
      assert.deepEqual(out.filter((times) => times !== 1).length, 0, `round ${round}: ${out}`);
    }
  });

test('rows that look the same are as many as sources gave that miss none', (context) => {
  const random = new SeededRandom(seedOf(context));
  for (let round = 0; round < rounds; round += 1) {
    const rows = makeRows(random, 1);
    const arbiter = new Arbiter({ slots: 4, skew: new SkewTable(skewMs * nsPerMs) });
    const give = giveTo(arbiter, 'tick');
    const ahead = [0, 0].map(() => random.integer(skewMs + 1));
    const at = [0, 0];
    const prices: number[] = [];
    for (let source = 1; source <= 2; source += 1) arbiter.addSource(source, source);
    // The first dies somewhere; the second gives all.
    const diesAt = random.integer(rowCount);
    while (at[1]! < rowCount) {
      const which = at[0]! < diesAt ? random.integer(2) : 1;
      const to = Math.min(which === 0 ? diesAt : rowCount, at[which]! + 1 + random.integer(5));
      const given = rows.slice(at[which], to);
      at[which] = to;
      for (const index of give(which + 1, given, ahead[which]!)) prices.push(rows[index]!.price);
    }
    const expected = rows.map(({ price }) => price);
    assert.deepEqual(prices.sort(), expected.sort(), `round ${round}`);
  }
});

test('more rows within the skew than are remembered: nothing is doubled', (context) => {
  const random = new SeededRandom(seedOf(context));
  for (let round = 0; round < rounds; round += 1) {
    const rows = makeRows(random, 2 * skewMs + 1);
    const skew = new SkewTable(skewMs * nsPerMs);
    const arbiter = new Arbiter({ slots: 2, window: 8, skew });
    for (let source = 1; source <= 2; source += 1) arbiter.addSource(source, source);
    const give = giveTo(arbiter, 'tick');
    const ahead = [0, 0].map(() => random.integer(skewMs + 1));
    const diesAt = random.integer(rowCount);
    const out: number[] = [];
    for (let [first, second] = [0, 0]; second < rowCount; ) {
      const isFirst = first < diesAt && first - second < 3 && random.integer(2) === 0;
      const at = isFirst ? first++ : second++;
      const which = isFirst ? 0 : 1;
      out.push(...give(which + 1, [rows[at]!], ahead[which]!));
    }
    assert.equal(new Set(out).size, out.length, `round ${round}: ${out}`);
  }
});

test('a copy from behind the window is late, however far ahead its stamp is', () => {
  const skew = new SkewTable(skewMs * nsPerMs);
  const arbiter = new Arbiter({ slots: 2, window: 4, skew });
  for (let source = 1; source <= 2; source += 1) arbiter.addSource(source, source);
  const give = giveTo(arbiter, 'tick');
  const rows = Array.from({ length: 8 }, (_, index) => ({ index, ms: index, price: 100 + index }));
  assert.equal(give(1, rows, 0).length, 8, 'more than the window within the skew');
  assert.deepEqual(give(2, rows.slice(0, 3), skewMs), []);
  assert.equal(arbiter.statistics()[1]?.late, 3);
});

test('the skew of a symbol is that of its rules, of others that of everybody', () => {
  const skew = new SkewTable();
  assert.deepEqual([skew.of(7), skew.isAny], [0, false]);
  const plan = { priceMin: 0, priceMax: 1, spreadMax: 1, tickSize: 0, jumpMax: 1 };
  const more = { jumpDeviations: 1, disorderNs: 0, staleNs: 0, futureNs: 0, quietNs: 0 };
  const rest = { confirmations: 1, calendar: undefined, refused: [], marked: [] };
  const plans = [1, 2].map((skewNs) => ({ ...plan, ...more, ...rest, skewNs }));
  skew.setRules({ plans, calendars: [], planOf: Uint16Array.of(0, 1) });
  skew.assign(300, 1);
  assert.deepEqual([skew.of(1), skew.of(2), skew.of(300), skew.of(9999)], [2, 1, 2, 1]);
  assert.ok(skew.isAny);
});
