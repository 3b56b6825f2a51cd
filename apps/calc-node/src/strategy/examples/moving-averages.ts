// Two exponential means: long from the moment the fast one rises above the slow one, short from the
// moment it falls below. Always: the position it asked for is -1, 0 or +1 times the quantity for
// each symbol, and 0 until the first crossing.

import { defineStrategy, factor } from '../define.js';

/** Of one symbol: the side the fast mean was last seen on, and the position asked for. */
interface Held {
  side: number;
  target: number;
}

export const movingAveragesStrategy = defineStrategy({
  name: 'moving-averages',
  version: '1.0.0',
  params: {
    fast: { type: 'integer', default: 12, min: 1, max: 4096, doc: 'ticks of the fast mean' },
    slow: { type: 'integer', default: 48, min: 2, max: 4096, doc: 'ticks of the slow mean' },
    quantity: { type: 'decimal', default: '1', doc: 'quantity of a full position' },
  },
  factors: ({ fast, slow }) => ({
    fast: factor(`ema(price, ${fast})`),
    slow: factor(`ema(price, ${slow})`),
  }),
  state: () => new Map<number, Held>(),

  onTick({ symbol }, context) {
    const { state, parameters } = context;
    const { fast, slow } = context.factor;
    // Neither holds while one of them is not warm.
    const side = fast > slow ? 1 : fast < slow ? -1 : 0;
    if (side === 0) return;
    const held = state.get(symbol);
    if (held === undefined) state.set(symbol, { side, target: 0 });
    if (held === undefined || held.side === side) return;
    const quantity = held.target === 0 ? parameters.quantity : parameters.quantity * 2n;
    held.side = side;
    held.target = side;
    if (side > 0) context.buy(symbol, quantity);
    else context.sell(symbol, quantity);
  },

  snapshot: ({ state }) => [...state].map(([symbol, { side, target }]) => [symbol, side, target]),

  restore(snapshot, { state }) {
    for (const [symbol, side, target] of snapshot as [number, number, number][])
      state.set(symbol, { side, target });
  },
});
