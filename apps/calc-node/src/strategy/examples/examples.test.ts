// The strategies that come with the platform, on a stage: what they ask for, and that they go on
// from their snapshots.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoney } from '@ndts/protocol';
import { type OrderUpdate, type Stage, stage } from '../define.js';
import { marketMakerStrategy } from './market-maker.js';
import { momentumStrategy } from './momentum.js';
import { movingAveragesStrategy } from './moving-averages.js';

const sides = (on: Stage): string[] => on.asked.map((one) => `${one.side} ${one.quantity}`);

test('moving averages: crossings only, first one position, then two', () => {
  const parameters = { fast: 2, slow: 4, quantity: '0.5' };
  const first = stage(movingAveragesStrategy, parameters);
  first.prices(10, 10, 10, 10, 9, 8, 7);
  assert.deepEqual(sides(first), [], 'the side it was on from the start is no crossing');
  first.prices(9, 12, 13);
  assert.deepEqual(sides(first), ['buy 0.5']);
  first.prices(9, 5, 4, 3);
  assert.deepEqual(sides(first), ['buy 0.5', 'sell 1']);
  const second = stage(movingAveragesStrategy, parameters);
  second.restore(first.snapshot());
  second.prices(10, 9, 8, 7, 6, 8, 12, 14);
  assert.deepEqual(sides(second), ['buy 1']);
  first.close();
  second.close();
});

test('momentum: the best are held, while they gain', () => {
  const on = stage(momentumStrategy, { ticks: 2, count: 2 });
  const round = (...prices: readonly number[]): void => {
    for (const [at, price] of prices.entries()) on.tick({ symbol: at + 1, price });
  };
  round(100, 100, 100, 100);
  round(100, 101, 99, 100);
  round(101, 105, 98, 103);
  on.pass(60_000);
  const asked = (): string[] => on.asked.map((one) => `${one.side} ${one.symbol}`);
  assert.deepEqual(asked(), ['buy 2', 'buy 4']);
  round(109, 105, 97, 102);
  const again = stage(momentumStrategy, { ticks: 2, count: 2 });
  again.restore(on.snapshot());
  assert.equal(again.snapshot(), on.snapshot());
  on.pass(60_000);
  assert.deepEqual(asked().slice(2), ['sell 4', 'buy 1'], 'gains of 8, 4, -2 and 2 percent');
  round(50, 50, 50, 50);
  round(40, 40, 40, 40);
  on.pass(60_000);
  assert.deepEqual(asked().slice(4), ['sell 2', 'sell 1'], 'nothing gains');
  on.close();
  again.close();
});

test('a market maker leans to where its book is thin', () => {
  const parameters = { levels: 2, spreadBps: 10, moveBps: 1 };
  const on = stage(marketMakerStrategy, parameters);
  const limits = (): string[] => on.asked.map((one) => `${one.side} ${one.limitPrice}`);
  const asks = [
    [101, 1],
    [102, 1],
    [103, 90],
  ] as const;
  on.book({ bids: [[99, 2]], asks });
  assert.deepEqual(limits(), [], 'nothing can be asked for before a tick');
  on.tick({ price: 100, bid: 0, ask: 0 });
  on.book({ bids: [[99, 6]], asks });
  assert.deepEqual(limits(), ['buy 100.44', 'sell 100.56'], 'three quarters of the way to the ask');
  on.tick({ price: 100, bid: 99, ask: 101 });
  assert.deepEqual(on.cancelled, [], 'where there are books, ticks are not looked at');
  const next = stage(marketMakerStrategy, {});
  next.restore(on.snapshot());
  next.tick({ price: 90, bid: 89, ask: 91 });
  assert.deepEqual(next.cancelled, [], 'nor after a start that goes on');
  next.close();
  on.book({ bids: [[99, 2]], asks });
  assert.deepEqual(on.cancelled, [1, 2]);
  on.close();
});

const update = (order: number, side: 'buy' | 'sell', rest: Partial<OrderUpdate>): OrderUpdate => ({
  order,
  symbol: 1,
  side,
  quantity: parseMoney('1'),
  filled: 0n,
  averagePrice: 0n,
  state: 'accepted',
  reason: '',
  ...rest,
});

test('a market maker quotes both sides, moves them, and leans against its position', () => {
  const parameters = { spreadBps: 20, skewBps: 100, moveBps: 5, positionMax: '2' };
  const on = stage(marketMakerStrategy, parameters);
  const limits = (): string[] => on.asked.map((one) => `${one.side} ${one.limitPrice}`);
  on.tick({ price: 100, bid: 99.5, ask: 100.5 });
  assert.deepEqual(limits(), ['buy 99.9', 'sell 100.1']);
  on.tick({ price: 100.03, bid: 99.53, ask: 100.53 });
  assert.deepEqual([limits().length, on.cancelled], [2, []], 'near enough');
  on.tick({ price: 101, bid: 100.5, ask: 101.5 });
  on.tick({ price: 101, bid: 100.5, ask: 101.5 });
  assert.deepEqual([limits().length, on.cancelled], [2, [1, 2]], 'one order of a side at a time');
  on.order(update(1, 'buy', { state: 'canceled' }));
  on.order(update(2, 'sell', { state: 'filled', filled: parseMoney('1') }));
  on.tick({ price: 101, bid: 100.5, ask: 101.5 });
  // Short by half of what it may be: half a percent up.
  assert.deepEqual(limits().slice(2), ['buy 101.4', 'sell 101.61']);
  on.order(update(4, 'sell', { state: 'partiallyFilled', filled: parseMoney('0.5') }));
  on.order(update(4, 'sell', { state: 'canceled', filled: parseMoney('0.5') }));
  on.tick({ price: 101, bid: 100.5, ask: 101.5 });
  assert.equal(limits().length, 4, 'another sale could pass the limit');
  const next = stage(marketMakerStrategy, parameters);
  next.restore(on.snapshot());
  assert.equal(next.snapshot(), on.snapshot());
  on.close();
  next.close();
});
