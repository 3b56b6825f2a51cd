// The built-in mean reversion strategy: acts on crossings only, never beyond one position.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoney } from '@ndts/protocol';
import { bollingerStrategy } from './bollinger.js';
import type { FactorView } from '../define.js';
import { resolveParameters } from '../parameters.js';

type Context = Parameters<NonNullable<typeof bollingerStrategy.onFactor>>[1];

function create(): {
  context: Context;
  asked: string[];
  feed: (symbol: number, signal: number) => void;
} {
  const parameters = resolveParameters(bollingerStrategy.params, { quantity: '1.5' });
  const asked: string[] = [];
  const context: Context = {
    parameters,
    state: bollingerStrategy.state!(parameters),
    factor: { bands: { value: 0, middle: 0, upper: 0, lower: 0, signal: 0 } },
    factorOf: () => Number.NaN,
    priceOf: () => Number.NaN,
    buy: (symbol, quantity) => asked.push(`buy ${symbol} ${quantity}`),
    sell: (symbol, quantity) => asked.push(`sell ${symbol} ${quantity}`),
    cancel: () => {},
    now: () => ({ day: 0, nsOfDay: 0 }),
    symbolName: () => undefined,
    log: () => {},
  };
  const feed = (symbol: number, signal: number): void => {
    const row: FactorView = {
      factor: 'bands',
      symbol,
      price: 10,
      value: 0.5,
      middle: 10,
      upper: 11,
      lower: 9,
      signal,
    };
    bollingerStrategy.onFactor!(row, context);
  };
  return { context, asked, feed };
}

const full = parseMoney('1.5');

test('buys below the lower band and sells above the upper one, on the crossing only', () => {
  const { asked, feed } = create();
  for (const signal of [0, 1, 1, 1, 0, 1, 0]) feed(7, signal);
  assert.deepEqual(asked, [`buy 7 ${full}`], 'long already: crossing again changes nothing');
  for (const signal of [-1, -1, 0, -1]) feed(7, signal);
  assert.deepEqual(asked.slice(1), [`sell 7 ${full * 2n}`], 'from long to short');
  feed(7, 1);
  assert.deepEqual(asked.slice(2), [`buy 7 ${full * 2n}`]);
});

test('symbols are apart, far ids too', () => {
  const { asked, feed } = create();
  feed(1, 1);
  feed(90_000, -1);
  feed(1, -1);
  assert.deepEqual(asked, [`buy 1 ${full}`, `sell 90000 ${full}`, `sell 1 ${full * 2n}`]);
});

test('a snapshot restores the positions asked for', () => {
  const before = create();
  before.feed(3, 1);
  before.feed(5000, -1);
  const snapshot: unknown = JSON.parse(JSON.stringify(bollingerStrategy.snapshot!(before.context)));
  const after = create();
  bollingerStrategy.restore!(snapshot, after.context);
  after.feed(3, 1);
  after.feed(5000, -1);
  assert.deepEqual(after.asked, [], 'both positions are there already');
  for (const poison of [null, {}, { targets: [[1, 7]] }, { targets: [[-1, 1]] }, { targets: 3 }])
    assert.throws(() => bollingerStrategy.restore!(poison, after.context), /expected/);
});
