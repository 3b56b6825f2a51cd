// Delayed rows against a plain map: each interval hands out the last row of every symbol that
// changed in it, on a clock that is moved; a reader that is slow gets fewer, never older ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { DelayedRows } from './delayed-rows.js';
import { type LiveItem, noRows, noVoids, type ReturningSource } from './live-item.js';
import type { ShardPositions } from './positions.js';
import { seedOf, turn } from './stream-test-kit.js';

function positionsAt(sequence: number): ShardPositions {
  return { epoch: Uint32Array.of(1), sequence: Float64Array.of(sequence) };
}

/** Hands out what it is given. */
class GivenRows implements ReturningSource {
  /** Where it was told to go on. */
  readonly returns: ShardPositions[] = [];
  readonly #items: LiveItem[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  give(symbols: readonly number[], firstSequence: number): void {
    const count = symbols.length;
    const sequence = Float64Array.from(symbols, (_, at) => firstSequence + at);
    const next = positionsAt(firstSequence + count);
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

  /** What was below `end` and is not below `last` any more. */
  giveVoid(end: number, last: number): void {
    const voids = [{ shard: 0, epoch: 1, sequence: end, last: { epoch: 1, sequence: last } }];
    this.#items.push({ rows: noRows, next: positionsAt(last), voids });
    this.#wake?.();
  }

  async from(): Promise<ShardPositions> {
    return positionsAt(0);
  }

  async goBack(position: ShardPositions): Promise<void> {
    this.returns.push(position);
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

test('what became void before it was handed out is not, what was before it is', async () => {
  const clock = new VirtualClock(0);
  const source = new GivenRows();
  const delayed = new DelayedRows(source, clock, 100);
  const interval = async (): Promise<LiveItem | undefined> => {
    const item = delayed.next();
    await turn(0);
    clock.advance(100e6);
    return item;
  };
  source.give([7, 8], 0);
  assert.equal((await interval())?.next?.sequence[0], 2);
  // 7 at 2 is there to stay, at 3 it is lost before the interval is over.
  source.give([7, 7], 2);
  source.giveVoid(4, 3);
  await turn(0);
  assert.deepEqual(source.returns, [positionsAt(2)]);
  source.give([7], 2);
  source.give([8], 3);
  const item = await interval();
  assert.deepEqual(Array.from(item?.rows.sequence ?? []), [2, 3]);
  assert.deepEqual(item?.voids, []);
  // Handed out and lost: that is said.
  source.giveVoid(4, 3);
  const lost = await interval();
  assert.equal(lost?.rows.count, 0);
  assert.equal(lost?.voids[0]?.last.sequence, 3);
  assert.equal(source.returns.length, 1);
  await delayed.close();
});
