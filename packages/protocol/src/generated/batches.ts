// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

/** Ticks by column. JavaScript reads and writes day and nsOfDay; the engine packs them. */
export interface TickBatch {
  /** How many rows the columns can hold. */
  readonly capacity: number;
  /** How many rows are filled. */
  count: number;
  /** The memory behind all columns; what the engine is handed. */
  readonly buffer: ArrayBuffer;
  /** whole days since 1970-01-01 UTC */
  readonly day: Float64Array;
  /** nanoseconds since the start of that day, exact */
  readonly nsOfDay: Float64Array;
  /** sequence within the shard, exact below 2^53 */
  readonly sequence: Float64Array;
  /** last price */
  readonly price: Float64Array;
  /** last volume */
  readonly volume: Float64Array;
  /** best bid */
  readonly bid: Float64Array;
  /** best ask */
  readonly ask: Float64Array;
  /** volume at the best bid */
  readonly bidVolume: Float64Array;
  /** volume at the best ask */
  readonly askVolume: Float64Array;
  /** symbol id */
  readonly symbol: Uint32Array;
  /** bits of TickFlags */
  readonly flags: Uint32Array;
  /** shard of the symbol */
  readonly shard: Uint32Array;
  /** epoch of the shard */
  readonly epoch: Uint32Array;
}

/** Rounds up to the 64-byte line every column starts on. */
function lines(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Allocates a TickBatch; done once, outside the hot path. */
export function createTickBatch(capacity: number): TickBatch {
  const buffer = new ArrayBuffer(9 * lines(8 * capacity) + 4 * lines(4 * capacity));
  let offset = 0;
  const wide = (): Float64Array => {
    const column = new Float64Array(buffer, offset, capacity);
    offset += lines(8 * capacity);
    return column;
  };
  const narrow = (): Uint32Array => {
    const column = new Uint32Array(buffer, offset, capacity);
    offset += lines(4 * capacity);
    return column;
  };
  return {
    capacity,
    count: 0,
    buffer,
    day: wide(),
    nsOfDay: wide(),
    sequence: wide(),
    price: wide(),
    volume: wide(),
    bid: wide(),
    ask: wide(),
    bidVolume: wide(),
    askVolume: wide(),
    symbol: narrow(),
    flags: narrow(),
    shard: narrow(),
    epoch: narrow(),
  };
}

/** Row `row` of a batch becomes row `at` of another, or of the same. */
export function copyTickRow(from: TickBatch, row: number, to: TickBatch, at: number): void {
  to.day[at] = from.day[row]!;
  to.nsOfDay[at] = from.nsOfDay[row]!;
  to.sequence[at] = from.sequence[row]!;
  to.price[at] = from.price[row]!;
  to.volume[at] = from.volume[row]!;
  to.bid[at] = from.bid[row]!;
  to.ask[at] = from.ask[row]!;
  to.bidVolume[at] = from.bidVolume[row]!;
  to.askVolume[at] = from.askVolume[row]!;
  to.symbol[at] = from.symbol[row]!;
  to.flags[at] = from.flags[row]!;
  to.shard[at] = from.shard[row]!;
  to.epoch[at] = from.epoch[row]!;
}
