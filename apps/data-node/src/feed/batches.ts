// Changes of books by column, beside the batches of the protocol: how feeds hand them out. The
// books of the protocol are what becomes of them. Always: like a TickBatch, made once and filled
// again and again.

/** What batches of every kind have. */
export interface RowBatch {
  readonly capacity: number;
  count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly symbol: Uint32Array;
}

/** Bits of BookChangeBatch.flags. */
export const bookChangeFlags = {
  /** A level of the ask side; without it of the bid side. */
  ask: 1,
  /** The book is empty before this row: the first one of a snapshot. */
  clear: 2,
  /** The last row of one message: the book is whole behind it. */
  end: 4,
  /** No level, only the bits: a snapshot of an empty book. */
  empty: 8,
} as const;

export interface BookChangeBatch extends RowBatch {
  readonly price: Float64Array;
  /** What the level holds now; 0: it is gone. */
  readonly quantity: Float64Array;
  /** The venue's number of the message; NaN: it has none. */
  readonly sequence: Float64Array;
  /** The number this message follows; NaN: the venue does not say, or it is a snapshot. */
  readonly previous: Float64Array;
  /** The venue's of the book behind the message; NaN: it says none. A feed writes it in all of its
   * rows or in none. */
  readonly checksum: Float64Array;
  readonly flags: Uint32Array;
}

export function createBookChangeBatch(capacity: number): BookChangeBatch {
  return {
    capacity,
    count: 0,
    day: new Float64Array(capacity),
    nsOfDay: new Float64Array(capacity),
    price: new Float64Array(capacity),
    quantity: new Float64Array(capacity),
    sequence: new Float64Array(capacity),
    previous: new Float64Array(capacity),
    checksum: new Float64Array(capacity).fill(Number.NaN),
    symbol: new Uint32Array(capacity),
    flags: new Uint32Array(capacity),
  };
}

/** Row `row` of a batch becomes row `at` of another, or of the same. */
export function copyBookChangeRow(
  from: BookChangeBatch,
  row: number,
  to: BookChangeBatch,
  at: number,
): void {
  to.day[at] = from.day[row]!;
  to.nsOfDay[at] = from.nsOfDay[row]!;
  to.price[at] = from.price[row]!;
  to.quantity[at] = from.quantity[row]!;
  to.sequence[at] = from.sequence[row]!;
  to.previous[at] = from.previous[row]!;
  to.checksum[at] = from.checksum[row]!;
  to.symbol[at] = from.symbol[row]!;
  to.flags[at] = from.flags[row]!;
}
