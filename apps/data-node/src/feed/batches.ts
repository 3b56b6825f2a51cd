// Trades and changes of books by column, beside the TickBatch of the protocol: how feeds hand them
// out. Always: like a TickBatch, made once and filled again and again.

/** What batches of every kind have. */
export interface RowBatch {
  readonly capacity: number;
  count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly symbol: Uint32Array;
}

/** Bits of TradeBatch.flags: whose order took the price; neither bit: not known. */
export const tradeFlags = { buyer: 1, seller: 2 } as const;

export interface TradeBatch extends RowBatch {
  readonly price: Float64Array;
  readonly quantity: Float64Array;
  /** The venue's, where it is a whole number below 2^53; else NaN. */
  readonly tradeId: Float64Array;
  readonly flags: Uint32Array;
}

/** Bits of BookBatch.flags. */
export const bookFlags = {
  /** A level of the ask side; without it of the bid side. */
  ask: 1,
  /** The book is empty before this row: the first one of a snapshot. */
  clear: 2,
  /** The last row of one message: the book is whole behind it. */
  end: 4,
  /** No level, only the bits: a snapshot of an empty book. */
  empty: 8,
} as const;

export interface BookBatch extends RowBatch {
  readonly price: Float64Array;
  /** What the level holds now; 0: it is gone. */
  readonly quantity: Float64Array;
  /** The venue's number of the message; NaN: it has none. */
  readonly sequence: Float64Array;
  /** The number this message follows; NaN: the venue does not say, or it is a snapshot. */
  readonly previous: Float64Array;
  readonly flags: Uint32Array;
}

export function createTradeBatch(capacity: number): TradeBatch {
  return {
    capacity,
    count: 0,
    day: new Float64Array(capacity),
    nsOfDay: new Float64Array(capacity),
    price: new Float64Array(capacity),
    quantity: new Float64Array(capacity),
    tradeId: new Float64Array(capacity),
    symbol: new Uint32Array(capacity),
    flags: new Uint32Array(capacity),
  };
}

export function createBookBatch(capacity: number): BookBatch {
  return {
    capacity,
    count: 0,
    day: new Float64Array(capacity),
    nsOfDay: new Float64Array(capacity),
    price: new Float64Array(capacity),
    quantity: new Float64Array(capacity),
    sequence: new Float64Array(capacity),
    previous: new Float64Array(capacity),
    symbol: new Uint32Array(capacity),
    flags: new Uint32Array(capacity),
  };
}

/** Row `row` of a batch becomes row `at` of another, or of the same. */
export function copyTradeRow(from: TradeBatch, row: number, to: TradeBatch, at: number): void {
  to.day[at] = from.day[row]!;
  to.nsOfDay[at] = from.nsOfDay[row]!;
  to.price[at] = from.price[row]!;
  to.quantity[at] = from.quantity[row]!;
  to.tradeId[at] = from.tradeId[row]!;
  to.symbol[at] = from.symbol[row]!;
  to.flags[at] = from.flags[row]!;
}

/** Row `row` of a batch becomes row `at` of another, or of the same. */
export function copyBookRow(from: BookBatch, row: number, to: BookBatch, at: number): void {
  to.day[at] = from.day[row]!;
  to.nsOfDay[at] = from.nsOfDay[row]!;
  to.price[at] = from.price[row]!;
  to.quantity[at] = from.quantity[row]!;
  to.sequence[at] = from.sequence[row]!;
  to.previous[at] = from.previous[row]!;
  to.symbol[at] = from.symbol[row]!;
  to.flags[at] = from.flags[row]!;
}
