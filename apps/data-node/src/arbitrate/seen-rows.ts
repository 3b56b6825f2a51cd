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
  /** By place + seenField. */
  rows = new Float64Array(0);
  /** By slot: the time it gave a row with; only where that may differ. NaN: that of the row. */
  readonly #stamps: Float64Array[] = [];
  /** By slot and symbol: the time it gave the row with that left last; NaN: it did not give it. */
  readonly #ownFloors: Float64Array[] = [];
  #heads = new Float64Array(0);
  symbols = 0;

  constructor(window: number) {
    this.window = window;
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

  /** What the slot gives now, in order, is newer than this; NaN: not known. */
  ownFloor(symbol: number, slot: number): number {
    return this.#ownFloors[slot]?.[symbol] ?? Number.NaN;
  }

  /** The place of the row so many before the next one: 1 is the newest. */
  place(symbol: number, back: number): number {
    const position = this.#heads[headFields * symbol + endAt]! - back;
    return rowFields * (symbol * this.window + (position & (this.window - 1)));
  }

  /** The time the slot gave the row with, which it did. */
  stamp(place: number, slot: number): number {
    const stamp = this.#stamps[slot]?.[place / rowFields] ?? Number.NaN;
    return Number.isNaN(stamp) ? this.rows[place]! : stamp;
  }

  setStamp(place: number, slot: number, time: number): void {
    while (this.#stamps.length <= slot) {
      this.#stamps.push(new Float64Array(this.symbols * this.window).fill(Number.NaN));
      this.#ownFloors.push(new Float64Array(this.symbols).fill(Number.NaN));
    }
    this.#stamps[slot]![place / rowFields] = time;
  }

  /** A row leaves; -1: one that was never kept. */
  #raiseFloors(symbol: number, place: number): void {
    const given = place < 0 ? 0 : this.rows[place + seenField.given]!;
    for (let slot = 0; slot < this.#ownFloors.length; slot += 1) {
      const own = (given & (1 << slot)) === 0 ? Number.NaN : this.stamp(place, slot);
      this.#ownFloors[slot]![symbol] = own;
    }
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
        this.#raiseFloors(symbol, -1);
        return -1;
      }
      onGone(symbol, oldest);
      this.#raiseFloors(symbol, oldest);
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
    for (const stamps of this.#stamps) stamps[to / rowFields] = stamps[from / rowFields]!;
  }

  /** A source that is there no more gave nothing. */
  forget(slot: number): void {
    const mask = ~(1 << slot);
    for (let at: number = seenField.given; at < this.rows.length; at += rowFields)
      this.rows[at] = (this.rows[at]! & mask) >>> 0;
    this.#ownFloors[slot]?.fill(Number.NaN);
  }

  /** Nothing is known of the symbol. */
  clear(symbol: number): void {
    const head = headFields * symbol;
    this.#heads[head + countAt] = 0;
    this.#heads[head + floorAt] = Number.NEGATIVE_INFINITY;
    this.#heads[head + newestAt] = Number.NEGATIVE_INFINITY;
    this.#raiseFloors(symbol, -1);
  }

  grow(symbols: number): void {
    const count = symbols * this.window;
    this.rows = longer(this.rows, count * rowFields);
    for (const [slot, stamps] of this.#stamps.entries()) {
      const from = stamps.length;
      this.#stamps[slot] = longer(stamps, count).fill(Number.NaN, from);
      this.#ownFloors[slot] = longer(this.#ownFloors[slot]!, symbols).fill(
        Number.NaN,
        this.symbols,
      );
    }
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
