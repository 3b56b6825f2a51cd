// hot: no allocation after init (but growth when new symbols appear)
// What was let through of each symbol: the newest rows in order of their time, a ring of fixed size
// a symbol, each row a record of eight numbers in one cache line. Always: a symbol's rows stand in
// order of time, equal times in the order they came; nothing older than its floor is in it, and
// whatever is newer than the floor and was let through still is.

/** Rows by column; what arbitration reads of a batch. */
export interface ArbitratedRows {
  readonly count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly symbol: Uint32Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  /** The venue's number of the row, where it has one; NaN: none. */
  readonly id?: Float64Array;
}

/** Fields of a row. */
export const seenField = {
  time: 0,
  price: 1,
  volume: 2,
  id: 3,
  /** When it was let through, by the caller's clock. */
  arrival: 4,
  /** Bits of the slots that gave it. */
  given: 5,
} as const;

export const rowFields = 8;

/** Fields of the head of a symbol: positions [end - count, end) are filled. */
const endAt = 0;
const countAt = 1;
const floorAt = 2;
const newestAt = 3;
const headFields = 4;

const positionsMax = 2 ** 30;

export class SeenRows {
  /** Rows kept of a symbol, a power of two. */
  readonly window: number;
  readonly #slots: number;
  readonly #keepsStamps: boolean;
  /** By place + seenField. */
  rows = new Float64Array(0);
  /** The time each slot gave a row with; only where sources stamp rows themselves. */
  #stamps = new Float64Array(0);
  #heads = new Float64Array(0);
  symbols = 0;

  constructor(window: number, slots: number, keepsStamps: boolean) {
    this.window = window;
    this.#slots = slots;
    this.#keepsStamps = keepsStamps;
  }

  count(symbol: number): number {
    return this.#heads[headFields * symbol + countAt]!;
  }

  /** The newest time; below every time when there is no row. */
  newest(symbol: number): number {
    return this.#heads[headFields * symbol + newestAt]!;
  }

  /** Nothing at or below this time is known for certain any more. */
  floor(symbol: number): number {
    return this.#heads[headFields * symbol + floorAt]!;
  }

  /** The place of the row so many before the next one: 1 is the newest. */
  place(symbol: number, back: number): number {
    const position = this.#heads[headFields * symbol + endAt]! - back;
    return rowFields * (symbol * this.window + (position & (this.window - 1)));
  }

  stamp(place: number, slot: number): number {
    return this.#stamps[(place / rowFields) * this.#slots + slot]!;
  }

  setStamp(place: number, slot: number, time: number): void {
    if (this.#keepsStamps) this.#stamps[(place / rowFields) * this.#slots + slot] = time;
  }

  /** Makes room for a row of this time and returns its place; its other fields are the caller's to
   * write. The oldest goes when the window is full: `onGone` gets its place before that. -1: it is
   * older than all that is kept, and at or below the floor from now on. */
  insert(symbol: number, time: number, onGone: (symbol: number, place: number) => void): number {
    const head = headFields * symbol;
    const heads = this.#heads;
    if (heads[head + countAt] === this.window) {
      const oldest = this.place(symbol, this.window);
      const oldestTime = this.rows[oldest]!;
      if (time < oldestTime) {
        heads[head + floorAt] = Math.max(time, heads[head + floorAt]!);
        return -1;
      }
      onGone(symbol, oldest);
      heads[head + floorAt] = oldestTime;
      heads[head + countAt]! -= 1;
    }
    let back = 0;
    if (time >= heads[head + newestAt]!) heads[head + newestAt] = time;
    else
      while (back < heads[head + countAt]! && this.rows[this.place(symbol, back + 1)]! > time) {
        this.#move(this.place(symbol, back + 1), this.place(symbol, back));
        back += 1;
      }
    const place = this.place(symbol, back);
    heads[head + countAt]! += 1;
    const end = heads[head + endAt]! + 1;
    // A multiple of every window is taken off, so that positions stay small integers.
    heads[head + endAt] = end === 2 * positionsMax ? positionsMax : end;
    this.rows[place] = time;
    return place;
  }

  #move(from: number, to: number): void {
    this.rows.copyWithin(to, from, from + rowFields);
    if (!this.#keepsStamps) return;
    const first = (from / rowFields) * this.#slots;
    this.#stamps.copyWithin((to / rowFields) * this.#slots, first, first + this.#slots);
  }

  /** A source that is there no more gave nothing. */
  forget(slot: number): void {
    const mask = ~(1 << slot);
    for (let at: number = seenField.given; at < this.rows.length; at += rowFields)
      this.rows[at] = (this.rows[at]! & mask) >>> 0;
  }

  /** Nothing is known of the symbol. */
  clear(symbol: number): void {
    const head = headFields * symbol;
    this.#heads[head + countAt] = 0;
    this.#heads[head + floorAt] = Number.NEGATIVE_INFINITY;
    this.#heads[head + newestAt] = Number.NEGATIVE_INFINITY;
  }

  grow(symbols: number): void {
    const count = symbols * this.window;
    this.rows = longer(this.rows, count * rowFields);
    if (this.#keepsStamps) this.#stamps = longer(this.#stamps, count * this.#slots);
    this.#heads = longer(this.#heads, symbols * headFields);
    for (let symbol = this.symbols; symbol < symbols; symbol += 1) this.clear(symbol);
    this.symbols = symbols;
  }
}

function longer(from: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}
