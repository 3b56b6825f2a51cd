// Cross-sectional momentum: every so often the symbols are ranked by what they gained over the last
// ticks, and the best are held, as long as they gained at all. Always: at most `count` symbols are
// held, each with the quantity once; equal gains are ranked by symbol.

import { defineStrategy, factor } from '../define.js';

class Portfolio {
  /** Symbols that were ever seen. */
  readonly known = new Set<number>();
  readonly held = new Set<number>();
}

export const momentumStrategy = defineStrategy({
  name: 'momentum',
  version: '1.0.0',
  params: {
    ticks: { type: 'integer', default: 200, min: 1, max: 4096, doc: 'ticks that a gain spans' },
    count: { type: 'integer', default: 3, min: 1, max: 1000, doc: 'symbols held at most' },
    quantity: { type: 'decimal', default: '1', doc: 'quantity of each' },
  },
  factors: ({ ticks }) => ({ gain: factor(`price / delay(price, ${ticks}) - 1`) }),
  state: () => new Portfolio(),
  timerIntervalMs: 60_000,

  onTick({ symbol }, { state }) {
    state.known.add(symbol);
  },

  onTimer(context) {
    const { state, parameters } = context;
    const gains = [...state.known]
      .map((symbol) => ({ symbol, gain: context.factorOf('gain', symbol) }))
      .filter(({ gain }) => gain > 0)
      .sort((a, b) => b.gain - a.gain || a.symbol - b.symbol);
    const wanted = new Set(gains.slice(0, parameters.count).map(({ symbol }) => symbol));
    for (const symbol of [...state.held].filter((held) => !wanted.has(held))) {
      state.held.delete(symbol);
      context.sell(symbol, parameters.quantity);
    }
    for (const symbol of wanted) {
      if (state.held.has(symbol)) continue;
      state.held.add(symbol);
      context.buy(symbol, parameters.quantity);
    }
  },

  snapshot: ({ state }) => ({ known: [...state.known], held: [...state.held] }),

  restore(snapshot, { state }) {
    const { known, held } = snapshot as { known: number[]; held: number[] };
    for (const symbol of known) state.known.add(symbol);
    for (const symbol of held) state.held.add(symbol);
  },
});
