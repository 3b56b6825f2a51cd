// Delayed rows against a plain map: each interval hands out the last row of every symbol that
// changed in it, on a clock that is moved; a reader that is slow gets fewer, never older ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { DelayedRows } from './delayed-rows.js';
import { type LiveItem, type LiveSource, noVoids } from './live-item.js';
import { seedOf, turn } from './stream-test-kit.js';

/** Hands out what it is given. */
class GivenRows implements LiveSource {
  readonly #items: LiveItem[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  give(symbols: readonly number[], firstSequence: number): void {
    const count = symbols.length;
    const sequence = Float64Array.from(symbols, (_, at) => firstSequence + at);
    const next = { epoch: Uint32Array.of(1), sequence: Float64Array.of(firstSequence + count) };
    const rows = {
      count,
      day: new Float64Array(count),
      nsOfDay: sequence.slice(),
      sequence,
      symbol: Uint32Array.from(symbols),
      shard: new Uint32Array(count),
      epoch: new Uint32Array(count).fill(1),
      columns: [{ name: 'price', type: 'f64', values: sequence.slice() } as const],
    };
    this.#items.push({ rows, next, voids: noVoids });
    this.#wake?.();
  }

  from(): Promise<never> {
    return Promise.reject(new Error('not asked for'));
  }

  async next(): Promise<LiveItem | undefined> {
    while (!this.#closed && this.#items.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#items.shift();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
  }
}

test('an interval gives the last row of each symbol that changed in it', async (context) => {
  const random = new SeededRandom(seedOf(context));
  const clock = new VirtualClock(0);
  const source = new GivenRows();
  const delayed = new DelayedRows(source, clock, 100);
  let sequence = 0;
  let slow = 0;
  let waiting = delayed.next();
  const expected = new Map<number, number>();
  for (let interval = 0; interval < 60; interval += 1) {
    for (let part = random.integer(4); part > 0; part -= 1) {
      const symbols = Array.from({ length: 1 + random.integer(50) }, () => random.integer(400));
      source.give(symbols, sequence);
      for (const [at, symbol] of symbols.entries()) expected.set(symbol, sequence + at);
      sequence += symbols.length;
      await turn(0);
    }
    clock.advance(100e6);
    if (expected.size === 0) {
      await turn(0);
      continue;
    }
    const item = await waiting;
    assert.ok(item !== undefined);
    const { rows, next } = item;
    const found = Array.from(rows.symbol, (symbol, row) => [symbol, rows.sequence[row]] as const);
    assert.deepEqual(new Map(found), expected);
    assert.deepEqual(rows.columns[0]?.values, rows.sequence);
    assert.equal(next?.sequence[0], sequence);
    expected.clear();
    // A slow reader: the next intervals become one.
    if (random.integer(4) === 0) {
      slow += 1;
      for (let skipped = 0; skipped < 3; skipped += 1) {
        source.give([7, 8], sequence);
        expected.set(7, sequence).set(8, sequence + 1);
        sequence += 2;
        await turn(0);
        clock.advance(100e6);
      }
    }
    waiting = delayed.next();
    await turn(0);
  }
  assert.ok(slow > 0);
  await delayed.close();
  assert.equal(await waiting, undefined);
});
