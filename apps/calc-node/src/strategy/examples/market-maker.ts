// A simple market maker: one bid and one ask around the middle of the book for each symbol, moved
// away from the side it already holds too much of. A quote that is too far from where it should be
// is cancelled, and asked for anew once it has ended. The middle leans to the side with less volume
// in its levels; where a symbol has no book, it is that of the tick's quote.
//
// Always: at most one order of each side of a symbol is open, and no quote is asked for that could
// take the position beyond the limit.

import { defineStrategy, type OrderUpdate, type StrategyContext } from '../define.js';

interface Quote {
  readonly order: number;
  readonly price: number;
  filled: bigint;
  isEnding: boolean;
  isEndHeard: boolean;
}

/** Of one symbol. */
interface Market {
  /** What its fills came to, scaled by 1e8. */
  position: bigint;
  buy: Quote | undefined;
  sell: Quote | undefined;
  /** Then its ticks are not looked at. */
  hasBook: boolean;
}

const params = {
  levels: { type: 'integer', default: 3, min: 1, max: 5, doc: 'of a book that are looked at' },
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
  version: '1.1.1',
  params,
  state: (): Markets => new Map(),

  onTick({ symbol, bid, ask }, context) {
    const market = marketOf(context.state, symbol);
    if (market.hasBook || !(bid > 0 && ask > bid)) return;
    quoteBoth(symbol, context, market, { bid, ask, middle: (bid + ask) / 2 });
  },

  onBook(book, context) {
    const { symbol } = book;
    const [bid, ask] = [book.bid(1), book.ask(1)];
    // Nothing can be asked for before the first tick of a symbol.
    if (!(bid > 0 && ask > bid) || Number.isNaN(context.priceOf(symbol))) return;
    const market = marketOf(context.state, symbol);
    market.hasBook = true;
    let [bids, asks] = [0, 0];
    for (let level = 1; level <= context.parameters.levels; level += 1) {
      bids += book.bidVolume(level) || 0;
      asks += book.askVolume(level) || 0;
    }
    const share = bids + asks > 0 ? bids / (bids + asks) : 0.5;
    quoteBoth(symbol, context, market, { bid, ask, middle: bid + (ask - bid) * share });
  },

  onOrder(order, { state }) {
    const market = marketOf(state, order.symbol);
    const known = market[order.side];
    if (known?.order !== order.order) return;
    const filled = order.filled - known.filled;
    known.filled = order.filled;
    market.position += order.side === 'buy' ? filled : -filled;
    if (ended.has(order.state)) market[order.side] = undefined;
    else if (order.state === 'pendingCancel') known.isEndHeard = true;
    else if (known.isEndHeard) {
      // The cancel came to nothing.
      known.isEndHeard = false;
      known.isEnding = false;
    }
  },

  snapshot: ({ state }) =>
    [...state].map(([symbol, { position, buy, sell, hasBook }]) => ({
      symbol,
      hasBook,
      position: String(position),
      buy: buy && { ...buy, filled: String(buy.filled) },
      sell: sell && { ...sell, filled: String(sell.filled) },
    })),

  restore(snapshot, { state }) {
    type Kept = Omit<Quote, 'filled'> & { filled: string };
    const read = (kept: Kept | undefined): Quote | undefined =>
      kept && { ...kept, filled: BigInt(kept.filled) };
    type Quotes = { buy?: Kept; sell?: Kept };
    type Saved = { symbol: number; position: string; hasBook?: boolean } & Quotes;
    for (const { symbol, position, buy, sell, hasBook = false } of snapshot as Saved[]) {
      const quotes = { buy: read(buy), sell: read(sell) };
      state.set(symbol, { position: BigInt(position), ...quotes, hasBook });
    }
  },
});

function marketOf(markets: Markets, symbol: number): Market {
  const known = markets.get(symbol);
  if (known !== undefined) return known;
  const market: Market = { position: 0n, buy: undefined, sell: undefined, hasBook: false };
  markets.set(symbol, market);
  return market;
}

interface Touch {
  readonly bid: number;
  readonly ask: number;
  readonly middle: number;
}

function quoteBoth(symbol: number, context: Context, market: Market, touch: Touch): void {
  const { spreadBps, skewBps, positionMax } = context.parameters;
  const { bid, ask, middle } = touch;
  const share = Number(market.position) / Number(positionMax);
  const centre = middle * (1 - (share * skewBps) / 1e4);
  const half = (middle * spreadBps) / 2e4;
  quote(symbol, context, market, 'buy', Math.min(centre - half, ask));
  quote(symbol, context, market, 'sell', Math.max(centre + half, bid));
}

function quote(
  symbol: number,
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
  market[side] = { order, price, filled: 0n, isEnding: false, isEndHeard: false };
}
