// A strategy of the backtest bench: no onTick, one onBar for each bar of a minute; a position
// turned where a bar goes the other way than the last one that was followed.

import { defineStrategy } from '@ndts/calc-node/strategy';

export const strategy = defineStrategy({
  name: 'on-bar',
  version: '1',
  params: {},
  bars: { minute: { kind: 'time', size: 60_000 } },
  state: () => ({ sum: 0, side: new Int8Array(1024) }),
  onBar({ symbol, open, close }, context) {
    const { side } = context.state;
    const turn = Math.sign(close - open);
    context.state.sum += close;
    if (turn === 0 || turn === side[symbol]) return;
    side[symbol] = turn;
    if (turn > 0) context.buy(symbol, 100_000_000n);
    else context.sell(symbol, 100_000_000n);
  },
});
