// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

/** Rounds up to the 64-byte line every column starts on. */
function lines(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

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

/** Trades by column. */
export interface TradeBatch {
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
  /** price */
  readonly price: Float64Array;
  /** volume */
  readonly volume: Float64Array;
  /** id of the venue where the flag id is set; else 0 */
  readonly tradeId: Float64Array;
  /** symbol id */
  readonly symbol: Uint32Array;
  /** bits of TradeFlags */
  readonly flags: Uint32Array;
  /** shard of the symbol */
  readonly shard: Uint32Array;
  /** epoch of the shard */
  readonly epoch: Uint32Array;
}

/** Allocates a TradeBatch; done once, outside the hot path. */
export function createTradeBatch(capacity: number): TradeBatch {
  const buffer = new ArrayBuffer(6 * lines(8 * capacity) + 4 * lines(4 * capacity));
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
    tradeId: wide(),
    symbol: narrow(),
    flags: narrow(),
    shard: narrow(),
    epoch: narrow(),
  };
}

/** Row `row` of a batch becomes row `at` of another, or of the same. */
export function copyTradeRow(from: TradeBatch, row: number, to: TradeBatch, at: number): void {
  to.day[at] = from.day[row]!;
  to.nsOfDay[at] = from.nsOfDay[row]!;
  to.sequence[at] = from.sequence[row]!;
  to.price[at] = from.price[row]!;
  to.volume[at] = from.volume[row]!;
  to.tradeId[at] = from.tradeId[row]!;
  to.symbol[at] = from.symbol[row]!;
  to.flags[at] = from.flags[row]!;
  to.shard[at] = from.shard[row]!;
  to.epoch[at] = from.epoch[row]!;
}

/** Books of five levels by column. */
export interface BookBatch {
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
  /** bid of level 1 */
  readonly bid1: Float64Array;
  /** bid of level 2 */
  readonly bid2: Float64Array;
  /** bid of level 3 */
  readonly bid3: Float64Array;
  /** bid of level 4 */
  readonly bid4: Float64Array;
  /** bid of level 5 */
  readonly bid5: Float64Array;
  /** volume at the bid of level 1 */
  readonly bidVolume1: Float64Array;
  /** volume at the bid of level 2 */
  readonly bidVolume2: Float64Array;
  /** volume at the bid of level 3 */
  readonly bidVolume3: Float64Array;
  /** volume at the bid of level 4 */
  readonly bidVolume4: Float64Array;
  /** volume at the bid of level 5 */
  readonly bidVolume5: Float64Array;
  /** ask of level 1 */
  readonly ask1: Float64Array;
  /** ask of level 2 */
  readonly ask2: Float64Array;
  /** ask of level 3 */
  readonly ask3: Float64Array;
  /** ask of level 4 */
  readonly ask4: Float64Array;
  /** ask of level 5 */
  readonly ask5: Float64Array;
  /** volume at the ask of level 1 */
  readonly askVolume1: Float64Array;
  /** volume at the ask of level 2 */
  readonly askVolume2: Float64Array;
  /** volume at the ask of level 3 */
  readonly askVolume3: Float64Array;
  /** volume at the ask of level 4 */
  readonly askVolume4: Float64Array;
  /** volume at the ask of level 5 */
  readonly askVolume5: Float64Array;
  /** symbol id */
  readonly symbol: Uint32Array;
  /** bits of BookFlags */
  readonly flags: Uint32Array;
  /** bit n: number n of the twenty above is not there */
  readonly missing: Uint32Array;
  /** shard of the symbol */
  readonly shard: Uint32Array;
  /** epoch of the shard */
  readonly epoch: Uint32Array;
}

/** Allocates a BookBatch; done once, outside the hot path. */
export function createBookBatch(capacity: number): BookBatch {
  const buffer = new ArrayBuffer(23 * lines(8 * capacity) + 5 * lines(4 * capacity));
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
    bid1: wide(),
    bid2: wide(),
    bid3: wide(),
    bid4: wide(),
    bid5: wide(),
    bidVolume1: wide(),
    bidVolume2: wide(),
    bidVolume3: wide(),
    bidVolume4: wide(),
    bidVolume5: wide(),
    ask1: wide(),
    ask2: wide(),
    ask3: wide(),
    ask4: wide(),
    ask5: wide(),
    askVolume1: wide(),
    askVolume2: wide(),
    askVolume3: wide(),
    askVolume4: wide(),
    askVolume5: wide(),
    symbol: narrow(),
    flags: narrow(),
    missing: narrow(),
    shard: narrow(),
    epoch: narrow(),
  };
}

/** Row `row` of a batch becomes row `at` of another, or of the same. */
export function copyBookRow(from: BookBatch, row: number, to: BookBatch, at: number): void {
  to.day[at] = from.day[row]!;
  to.nsOfDay[at] = from.nsOfDay[row]!;
  to.sequence[at] = from.sequence[row]!;
  to.bid1[at] = from.bid1[row]!;
  to.bid2[at] = from.bid2[row]!;
  to.bid3[at] = from.bid3[row]!;
  to.bid4[at] = from.bid4[row]!;
  to.bid5[at] = from.bid5[row]!;
  to.bidVolume1[at] = from.bidVolume1[row]!;
  to.bidVolume2[at] = from.bidVolume2[row]!;
  to.bidVolume3[at] = from.bidVolume3[row]!;
  to.bidVolume4[at] = from.bidVolume4[row]!;
  to.bidVolume5[at] = from.bidVolume5[row]!;
  to.ask1[at] = from.ask1[row]!;
  to.ask2[at] = from.ask2[row]!;
  to.ask3[at] = from.ask3[row]!;
  to.ask4[at] = from.ask4[row]!;
  to.ask5[at] = from.ask5[row]!;
  to.askVolume1[at] = from.askVolume1[row]!;
  to.askVolume2[at] = from.askVolume2[row]!;
  to.askVolume3[at] = from.askVolume3[row]!;
  to.askVolume4[at] = from.askVolume4[row]!;
  to.askVolume5[at] = from.askVolume5[row]!;
  to.symbol[at] = from.symbol[row]!;
  to.flags[at] = from.flags[row]!;
  to.missing[at] = from.missing[row]!;
  to.shard[at] = from.shard[row]!;
  to.epoch[at] = from.epoch[row]!;
}
