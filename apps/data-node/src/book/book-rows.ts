// Rows of books as feeds hand them out: by column, a message being one or more rows of one symbol.
// Always: the last row of a message has `end`, and a snapshot begins with `clear`.

export interface BookRows {
  readonly count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly symbol: Uint32Array;
  readonly price: Float64Array;
  /** What the level holds now; 0: it is gone. */
  readonly quantity: Float64Array;
  /** The venue's number of the message; NaN: it has none. */
  readonly sequence: Float64Array;
  /** The number this message follows; NaN: the venue does not say, or it is a snapshot. */
  readonly previous: Float64Array;
  /** Bits of bookChangeFlags. */
  readonly flags: Uint32Array;
  /** The venue's checksum of the book behind the message; NaN: none. */
  readonly checksum?: Float64Array;
}

/** Rows that are kept: messages that are not whole yet, or come before their turn. */
export class BookRowStore {
  count = 0;
  day = new Float64Array(64);
  nsOfDay = new Float64Array(64);
  symbol = new Uint32Array(64);
  price = new Float64Array(64);
  quantity = new Float64Array(64);
  sequence = new Float64Array(64);
  previous = new Float64Array(64);
  checksum = new Float64Array(64);
  flags = new Uint32Array(64);

  /** Copies rows [first, last] of a batch behind those that are there. */
  append(from: BookRows, first: number, last: number): void {
    while (this.count + last - first + 1 > this.day.length) this.#grow();
    for (let row = first; row <= last; row += 1) {
      const at = this.count;
      this.count += 1;
      this.day[at] = from.day[row]!;
      this.nsOfDay[at] = from.nsOfDay[row]!;
      this.symbol[at] = from.symbol[row]!;
      this.price[at] = from.price[row]!;
      this.quantity[at] = from.quantity[row]!;
      this.sequence[at] = from.sequence[row]!;
      this.previous[at] = from.previous[row]!;
      this.checksum[at] = from.checksum?.[row] ?? Number.NaN;
      this.flags[at] = from.flags[row]!;
    }
  }

  /** Lets rows [first, last] go. */
  remove(first: number, last: number): void {
    for (const column of [
      ...[this.day, this.nsOfDay, this.symbol, this.price, this.quantity],
      ...[this.sequence, this.previous, this.checksum, this.flags],
    ])
      column.copyWithin(first, last + 1, this.count);
    this.count -= last - first + 1;
  }

  #grow(): void {
    const wide = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(2 * from.length);
      to.set(from);
      return to;
    };
    const words = (from: Uint32Array): Uint32Array<ArrayBuffer> => {
      const to = new Uint32Array(2 * from.length);
      to.set(from);
      return to;
    };
    this.day = wide(this.day);
    this.nsOfDay = wide(this.nsOfDay);
    this.price = wide(this.price);
    this.quantity = wide(this.quantity);
    this.sequence = wide(this.sequence);
    this.previous = wide(this.previous);
    this.checksum = wide(this.checksum);
    this.symbol = words(this.symbol);
    this.flags = words(this.flags);
  }
}
