// Trades and books of the simulator: the ticks they are made of, a book of five levels that a plain
// assembler follows without a hole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, createTradeBatch } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { BookAssembler } from '../book/book-assembler.js';
import { createBookChangeBatch } from './batches.js';
import { Simulator, simulatorSymbolNames } from './simulator.js';

const symbols = simulatorSymbolNames(7).map((name, index) => ({ id: index + 1, name }));

test('trades and books are made of the clean ticks, which stay the same', () => {
  const plain = createTickBatch(500);
  const ticks = createTickBatch(500);
  const base = { symbols, ticksPerSecond: 1000, seed: 5, dirtPerMillion: 20_000 };
  const clock = new VirtualClock(Date.UTC(2025, 5, 2, 8));
  new Simulator({ ...base, clock }).fill(plain);
  const simulator = new Simulator({ ...base, clock, trades: true, books: true });
  assert.equal(simulator.fill(ticks), 500);
  assert.deepEqual(ticks.price, plain.price);
  const trades = createTradeBatch(500);
  const dirty = Object.values(simulator.dirt()).reduce((sum, count) => sum + count, 0);
  assert.equal(simulator.pollTrades(trades), 500 - dirty);
  const ids = new Map<number, number>();
  for (let row = 0; row < trades.count; row += 1) {
    assert.ok(trades.tradeId[row]! > (ids.get(trades.symbol[row]!) ?? 0));
    ids.set(trades.symbol[row]!, trades.tradeId[row]!);
  }
  const shown: { symbol: number; levels: number[]; isCrossed: boolean }[] = [];
  const assembler = new BookAssembler({
    rulesOf: () => ({
      ...{ sequence: 'count', checksum: undefined, snapshots: 'stream' },
      ...{ crossed: 'mark', depth: 0, heldMax: 0 },
    }),
    onShown: ({ symbol, levels, isCrossed }) =>
      shown.push({ symbol, levels: [...levels], isCrossed }),
    askSnapshot: (symbol) => assert.fail(`a snapshot of ${symbol}`),
    askAgainNs: 1e9,
  });
  const changes = createBookChangeBatch(333);
  while (simulator.pollBook(changes) > 0) assembler.take(changes, 0);
  assert.ok(shown.length > 400);
  assert.equal(
    shown.filter(({ isCrossed, levels }) => isCrossed || levels.some(Number.isNaN)).length,
    0,
  );
  for (const { id } of symbols) {
    const row = ticks.symbol.lastIndexOf(id);
    const last = shown.findLast(({ symbol }) => symbol === id)!;
    const { bids, asks } = assembler.book(id)!;
    for (const side of [bids, asks]) {
      assert.ok(side.size(4) > 0);
      assert.ok(Number.isNaN(side.price(5)), 'a sixth level');
    }
    if (ticks.bid[row]! < ticks.ask[row]! && trades.price.includes(ticks.price[row]!))
      assert.deepEqual(last.levels.slice(0, 4), [
        ...[ticks.bid[row]!, ticks.bidVolume[row]!, ticks.ask[row]!, ticks.askVolume[row]!],
      ]);
  }
  const { trades: polled, bookRows } = simulator.stats();
  assert.equal(polled, trades.count);
  assert.ok(bookRows > 2 * shown.length);
});
