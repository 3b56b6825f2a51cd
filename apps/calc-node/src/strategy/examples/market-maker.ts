// A simple market maker: one bid and one ask around the middle of the market for each symbol, moved
// away from the side it already holds too much of. A quote that is too far from where it should be
// is cancelled, and asked for anew once it has ended.
//
// Always: at most one order of each side of a symbol is open, and no quote is asked for that could
// take the position beyond the limit.

import {
  defineStrategy,
  type OrderUpdate,
  type StrategyContext,
  type TickView,
} from '../define.js';

interface Quote {
  readonly order: number;
  readonly price: number;
  filled: bigint;
  isEnding: boolean;
}

/** Of one symbol. */
interface Market {
  /** What its fills came to, scaled by 1e8. */
  position: bigint;
  buy: Quote | undefined;
  sell: Quote | undefined;
}

const params = {
  spreadBps: { type: 'number', default: 10, min: 0, max: 10_000, doc: 'between bid and ask' },
  skewBps: { type: 'number', default: 5, min: 0, max: 10_000, doc: 'moved at a full position' },
  moveBps: { type: 'number', default: 2, min: 0, max: 10_000, doc: 'a quote off by more is moved' },
  priceStep: { type: 'number', default: 0.01, min: 1e-8, doc: 'prices are multiples of it' },
  quantity: { type: 'decimal', default: '1', doc: 'quantity of a quote' },
  positionMax: { type: 'decimal', default: '5', doc: 'largest position of a symbol, either way' },
} as const;

const ended: ReadonlySet<OrderUpdate['state']> = new Set([
  'denied',
  'rejected',
  'filled',
  'canceled',
  'expired',
]);

type Markets = Map<number, Market>;
type Context = StrategyContext<typeof params, Markets, Readonly<Record<never, never>>>;

export const marketMakerStrategy = defineStrategy({
  name: 'market-maker',
  version: '1.0.0',
  params,
  state: (): Markets => new Map(),

  onTick(tick, context) {
    if (!(tick.bid > 0 && tick.ask > tick.bid)) return;
    const market = marketOf(context.state, tick.symbol);
    const { spreadBps, skewBps, positionMax } = context.parameters;
    const middle = (tick.bid + tick.ask) / 2;
    const share = Number(market.position) / Number(positionMax);
    const centre = middle * (1 - (share * skewBps) / 1e4);
    const half = (middle * spreadBps) / 2e4;
    quote(tick, context, market, 'buy', Math.min(centre - half, tick.ask));
    quote(tick, context, market, 'sell', Math.max(centre + half, tick.bid));
  },

  onOrder(order, { state }) {
    const market = marketOf(state, order.symbol);
    const known = market[order.side];
    if (known?.order !== order.order) return;
    const filled = order.filled - known.filled;
    known.filled = order.filled;
    market.position += order.side === 'buy' ? filled : -filled;
    if (ended.has(order.state)) market[order.side] = undefined;
  },

  snapshot: ({ state }) =>
    [...state].map(([symbol, { position, buy, sell }]) => ({
      symbol,
      position: String(position),
      buy: buy && { ...buy, filled: String(buy.filled) },
      sell: sell && { ...sell, filled: String(sell.filled) },
    })),

  restore(snapshot, { state }) {
    type Kept = Omit<Quote, 'filled'> & { filled: string };
    const read = (kept: Kept | undefined): Quote | undefined =>
      kept && { ...kept, filled: BigInt(kept.filled) };
    type Saved = { symbol: number; position: string; buy?: Kept; sell?: Kept };
    for (const { symbol, position, buy, sell } of snapshot as Saved[])
      state.set(symbol, { position: BigInt(position), buy: read(buy), sell: read(sell) });
  },
});

function marketOf(markets: Markets, symbol: number): Market {
  const known = markets.get(symbol);
  if (known !== undefined) return known;
  const market: Market = { position: 0n, buy: undefined, sell: undefined };
  markets.set(symbol, market);
  return market;
}

function quote(
  { symbol }: TickView,
  context: Context,
  market: Market,
  side: 'buy' | 'sell',
  wanted: number,
): void {
  const { moveBps, priceStep, quantity, positionMax } = context.parameters;
  const open = market[side];
  if (open !== undefined) {
    if (open.isEnding || Math.abs(open.price / wanted - 1) * 1e4 <= moveBps) return;
    open.isEnding = true;
    context.cancel(open.order);
    return;
  }
  const after = side === 'buy' ? market.position + quantity : quantity - market.position;
  if (after > positionMax) return;
  const steps = side === 'buy' ? Math.floor(wanted / priceStep) : Math.ceil(wanted / priceStep);
  const price = steps * priceStep;
  const order = context[side](symbol, quantity, { limitPrice: price });
  market[side] = { order, price, filled: 0n, isEnding: false };
}
