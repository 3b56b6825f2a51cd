// A strategy of the backtest bench: one onTick for each tick, Bollinger bands read at each, a
// position turned where the price leaves them on one side after it left them on the other.

import { bollinger, defineStrategy } from '@ndts/calc-node/strategy';

export const strategy = defineStrategy({
  name: 'bands',
  version: '1',
  params: {},
  factors: () => ({ bands: bollinger({ period: 20, width: 2 }) }),
  state: () => ({ sum: 0, side: new Int8Array(1024) }),
  onTick({ symbol, price }, context) {
    const { side } = context.state;
    const { signal } = context.factor.bands;
    context.state.sum += price;
    if (signal === 0 || signal === side[symbol]) return;
    side[symbol] = signal;
    if (signal > 0) context.buy(symbol, 100_000_000n);
    else context.sell(symbol, 100_000_000n);
  },
});
