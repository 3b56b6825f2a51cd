// What `ndts strategy new` writes: a strategy that works, and its test. Kept as text, because it is
// for a folder of the user's; a test writes, checks and runs it.

export function strategyText(name: string): string {
  return `// ${name}: buys near the lower Bollinger band once the price has turned up, and sells
// above the middle. Always: it holds nothing or one quantity of a symbol.

import { bollinger, defineStrategy, factor } from '@ndts/calc-node/strategy';

export const strategy = defineStrategy({
  name: '${name}',
  version: '1.0.0',
  params: {
    period: { type: 'integer', default: 20, min: 2, max: 4096, doc: 'ticks of the bands' },
    width: { type: 'number', default: 2, min: 0.1, max: 10, doc: 'standard deviations' },
    quantity: { type: 'decimal', default: '1', doc: 'quantity of an order' },
  },
  // Worked out natively before any hook sees the tick; ndts factor list shows what there is.
  factors: ({ period, width }) => ({
    bands: bollinger({ period, width }),
    turn: factor('price - delay(price, 1)'),
  }),
  // Made at each start; what must outlive one goes through snapshot and restore.
  state: () => ({ held: new Set<number>() }),

  onTick(tick, context) {
    const { bands, turn } = context.factor; // NaN until there are enough ticks
    const { state, parameters } = context;
    const isHeld = state.held.has(tick.symbol);
    if (!isHeld && bands.value < 0.2 && turn > 0) {
      state.held.add(tick.symbol);
      context.buy(tick.symbol, parameters.quantity);
      context.log(\`bought \${context.symbolName(tick.symbol)} at \${tick.price}\`);
    } else if (isHeld && tick.price > bands.middle) {
      state.held.delete(tick.symbol);
      context.sell(tick.symbol, parameters.quantity);
    }
  },

  snapshot: ({ state }) => [...state.held],
  restore(snapshot, { state }) {
    for (const symbol of snapshot as number[]) state.held.add(symbol);
  },
});
`;
}

export function strategyTestText(name: string): string {
  return `// ${name}, played on a stage: ticks go in, what it asks for comes out. Run it with
//   ndts strategy test ${name}.test.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from '@ndts/calc-node/strategy';
import { strategy } from './${name}.ts';

test('buys the turn below the lower band and sells above the middle', () => {
  const played = stage(strategy, { period: 5, width: 1, quantity: '0.1' });
  played.symbols('BTCUSDT');
  played.prices(100, 100, 100, 99, 95, 90);
  assert.equal(played.asked.length, 0, 'still falling');
  played.prices(91);
  assert.equal(played.asked.at(-1)?.side, 'buy');
  assert.deepEqual(played.logged, ['bought BTCUSDT at 91']);
  played.prices(95, 97);
  assert.equal(played.asked.at(-1)?.side, 'sell');
  assert.equal(played.asked.length, 2);
  played.close();
});

test('goes on from its snapshot', () => {
  const before = stage(strategy, { period: 5, width: 1 });
  before.prices(100, 100, 100, 99, 95, 90, 91);
  const after = stage(strategy, { period: 5, width: 1 });
  after.restore(before.snapshot());
  after.prices(90, 90, 90, 90, 95);
  assert.equal(after.asked.at(-1)?.side, 'sell', 'what was bought before');
  before.close();
  after.close();
});
`;
}
