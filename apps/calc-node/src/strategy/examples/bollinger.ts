// hot: no allocation after init
// Built-in mean reversion on Bollinger bands: buy when the price falls below the lower band, sell
// when it rises above the upper one. It acts on the crossing, not while the price stays outside.
// Always: the position it asked for is -1, 0 or +1 times the quantity for each symbol.

import { bollinger, defineStrategy } from '../define.js';

/** Per symbol: the position asked for, and the side of the bands of the last tick. */
class Targets {
  target = new Int8Array(0);
  side = new Int8Array(0);

  reach(symbol: number): void {
    if (symbol < this.target.length) return;
    const length = Math.max(1024, 2 ** Math.ceil(Math.log2(symbol + 1)));
    const target = new Int8Array(length);
    target.set(this.target);
    const side = new Int8Array(length);
    side.set(this.side);
    this.target = target;
    this.side = side;
  }
}

export const bollingerStrategy = defineStrategy({
  name: 'bollinger',
  version: '1.0.0',
  params: {
    period: { type: 'integer', default: 20, min: 2, max: 10_000, doc: 'ticks in the window' },
    width: { type: 'number', default: 2, min: 0.01, max: 100, doc: 'standard deviations' },
    quantity: { type: 'decimal', default: '1', doc: 'quantity of a full position' },
  },
  factors: ({ period, width }) => ({ bands: bollinger({ period, width }) }),
  state: () => new Targets(),

  onFactor(row, context) {
    const { state, parameters } = context;
    const symbol = row.symbol;
    const signal = row.signal;
    state.reach(symbol);
    if (signal === state.side[symbol]) return;
    state.side[symbol] = signal;
    const target = state.target[symbol]!;
    if (signal === 0 || signal === target) return;
    state.target[symbol] = signal;
    const quantity = target === 0 ? parameters.quantity : parameters.quantity * 2n;
    if (signal > 0) context.buy(symbol, quantity);
    else context.sell(symbol, quantity);
  },

  snapshot({ state }) {
    const held = Array.from(state.target, (target, symbol) => [symbol, target] as const);
    return { targets: held.filter(([, target]) => target !== 0) };
  },

  restore(snapshot, { state }) {
    for (const [symbol, target] of readTargets(snapshot)) {
      state.reach(symbol);
      state.target[symbol] = target;
    }
  },
});

const symbolMax = 2 ** 24;

/** Checked: a snapshot comes back from storage and may be of another version. */
function readTargets(snapshot: unknown): [number, number][] {
  const targets = (snapshot as { targets?: unknown } | null)?.targets;
  if (!Array.isArray(targets)) throw new TypeError('expected { targets: [[symbol, target], ...] }');
  return targets.map((entry: unknown) => {
    const [symbol, target] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const isSymbol = Number.isInteger(symbol) && Number(symbol) >= 0 && Number(symbol) < symbolMax;
    if (!isSymbol || (target !== 1 && target !== -1))
      throw new TypeError(`expected [symbol, 1 or -1], found ${JSON.stringify(entry)}`);
    return [symbol as number, target];
  });
}
