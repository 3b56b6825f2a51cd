// A strategy of the backtest bench: one onTick for each tick, which looks at its price.

import { defineStrategy } from '@ndts/calc-node/strategy';

export const strategy = defineStrategy({
  name: 'on-tick',
  version: '1',
  params: {},
  state: () => ({ sum: 0 }),
  onTick(tick, { state }) {
    state.sum += tick.price;
  },
});
