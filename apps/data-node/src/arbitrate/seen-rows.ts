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
  /** By slot and symbol, of the rows that left: the newest time it gave one with; and the newest
   * time of one that it did not give. Only where stamps are kept. */
  readonly #given: Float64Array[] = [];
  readonly #missed: Float64Array[] = [];
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

  /** Whether a row that the slot gives with this time may be one that left. Its rows come in order:
   * one that it gave is behind those; one that it did not give is within the skew of those. */
  mayHaveLeft(symbol: number, slot: number, time: number, skewNs: number): boolean {
    const given = this.#given[slot];
    if (skewNs === 0 || given === undefined) return time - skewNs <= this.floor(symbol);
    return time <= given[symbol]! || time - skewNs <= this.#missed[slot]![symbol]!;
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
      this.#given.push(new Float64Array(this.symbols).fill(Number.NEGATIVE_INFINITY));
      this.#missed.push(this.#floors());
    }
    this.#stamps[slot]![place / rowFields] = time;
  }

  #floors(): Float64Array {
    return Float64Array.from({ length: this.symbols }, (_, symbol) => this.floor(symbol));
  }

  /** A row leaves. */
  #noteLeft(symbol: number, place: number): void {
    const given = this.rows[place + seenField.given]!;
    for (let slot = 0; slot < this.#given.length; slot += 1)
      if ((given & (1 << slot)) !== 0) raise(this.#given[slot]!, symbol, this.stamp(place, slot));
      else raise(this.#missed[slot]!, symbol, this.rows[place]!);
  }

  /** A row that a slot gave is too old to be kept. */
  #noteTooOld(symbol: number, giver: number, time: number): void {
    for (let slot = 0; slot < this.#given.length; slot += 1)
      raise((slot === giver ? this.#given : this.#missed)[slot]!, symbol, time);
  }

  /** Makes room for a row of this time that the slot gave and returns its place; its other fields
   * are the caller's to write. The oldest goes when the window is full: `onGone` gets its place
   * before that. -1: it is older than all that is kept, and at or below the floor from now on. */
  insert(
    symbol: number,
    time: number,
    slot: number,
    onGone: (symbol: number, place: number) => void,
  ): number {
    const head = headFields * symbol;
    const heads = this.#heads;
    if (heads[head + countAt] === this.window) {
      const oldest = this.place(symbol, this.window);
      const oldestTime = this.rows[oldest]!;
      if (time < oldestTime) {
        heads[head + floorAt] = Math.max(time, heads[head + floorAt]!);
        this.#noteTooOld(symbol, slot, time);
        return -1;
      }
      onGone(symbol, oldest);
      this.#noteLeft(symbol, oldest);
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
    this.#given[slot]?.fill(Number.NEGATIVE_INFINITY);
    this.#missed[slot]?.set(this.#floors());
  }

  /** Nothing is known of the symbol. */
  clear(symbol: number): void {
    const head = headFields * symbol;
    this.#heads[head + countAt] = 0;
    this.#heads[head + floorAt] = Number.NEGATIVE_INFINITY;
    this.#heads[head + newestAt] = Number.NEGATIVE_INFINITY;
    for (const floors of [...this.#given, ...this.#missed])
      floors[symbol] = Number.NEGATIVE_INFINITY;
  }

  grow(symbols: number): void {
    const count = symbols * this.window;
    this.rows = longer(this.rows, count * rowFields);
    for (const [slot, stamps] of this.#stamps.entries()) {
      const from = stamps.length;
      this.#stamps[slot] = longer(stamps, count).fill(Number.NaN, from);
    }
    for (const all of [this.#given, this.#missed])
      for (const [slot, floors] of all.entries()) all[slot] = longer(floors, symbols);
    this.#heads = longer(this.#heads, symbols * headFields);
    for (let symbol = this.symbols; symbol < symbols; symbol += 1) this.clear(symbol);
    this.symbols = symbols;
  }
}

function raise(floors: Float64Array, symbol: number, time: number): void {
  if (time > floors[symbol]!) floors[symbol] = time;
}

function longer(from: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}
