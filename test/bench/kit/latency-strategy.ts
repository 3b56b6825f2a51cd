// The strategy of the strategy_latency bench: Bollinger bands and five more factors, all read at
// each tick, an order at every sixteenth tick. It gives its state, so that its inputs are logged
// before a signal leaves: without that there is no log, and a part of the path is missing.

import { bollinger, defineStrategy, factor } from '@ndts/calc-node/strategy';

export const ticksPerSignal = 16;

export const strategy = defineStrategy({
  name: 'latency',
  version: '1',
  params: {},
  factors: () => ({
    bands: bollinger({ period: 20, width: 2 }),
    mean: factor('ema(price, 20)'),
    strength: factor('rsi(price, 14)'),
    distance: factor('zscore(price, 50)'),
    change: factor('price / delay(price, 10) - 1'),
    balance: factor('imbalance()'),
  }),
  state: () => ({ sum: 0, ticks: 0 }),
  snapshot: ({ state }) => state,
  restore: (from, { state }) => void Object.assign(state, from),
  onTick({ symbol }, context) {
    const { state } = context;
    const { bands, mean, strength, distance, change, balance } = context.factor;
    state.sum += bands.value + mean + strength + distance + change + balance;
    state.ticks += 1;
    if (state.ticks % ticksPerSignal !== 0) return;
    if (bands.value < 0.5) context.buy(symbol, 100_000_000n);
    else context.sell(symbol, 100_000_000n);
  },
});
