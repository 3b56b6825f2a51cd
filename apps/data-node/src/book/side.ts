// hot: no allocation after init (but growth when a book becomes deeper)
// One side of a book: its levels in one flat array, the best one last, so that what changes most
// moves least. Always: prices are strictly ordered, no level is empty, and the full depth is here.

const startLevels = 64;
/** Shorter moves are done by hand: the built-in one costs more to call than to move these. */
const shortMove = 24;

export class BookSide {
  /** Bids are best when high. */
  readonly isBid: boolean;
  count = 0;
  /** Price and size of each level. */
  #levels = new Float64Array(2 * startLevels);

  constructor(isBid: boolean) {
    this.isBid = isBid;
  }

  /** Level 0 is the best one; NaN: there is none. */
  price(level: number): number {
    return level < this.count ? this.#levels[2 * (this.count - 1 - level)]! : Number.NaN;
  }

  size(level: number): number {
    return level < this.count ? this.#levels[2 * (this.count - 1 - level) + 1]! : Number.NaN;
  }

  clear(): void {
    this.count = 0;
  }

  /** What the level of a row holds now; 0: it is gone. Returns the level that changed, counted from
   * the best, before or after whichever is better; -1: nothing changed. */
  set(prices: Float64Array, sizes: Float64Array, row: number): number {
    const price = prices[row]!;
    const size = sizes[row]!;
    const at = this.#find(price);
    const isThere = at < this.count && this.#levels[2 * at] === price;
    if (size === 0) {
      if (!isThere) return -1;
      this.#close(at);
      this.count -= 1;
      return this.count - at;
    }
    if (!isThere) {
      if (2 * this.count === this.#levels.length) this.#grow();
      this.#open(at);
      this.#levels[2 * at] = price;
      this.count += 1;
    } else if (this.#levels[2 * at + 1] === size) return -1;
    this.#levels[2 * at + 1] = size;
    return this.count - 1 - at;
  }

  /** A place for a level: those from it on move up. */
  #open(at: number): void {
    const levels = this.#levels;
    const end = 2 * this.count;
    if (this.count - at > shortMove) levels.copyWithin(2 * at + 2, 2 * at, end);
    else for (let to = end + 1; to > 2 * at + 1; to -= 1) levels[to] = levels[to - 2]!;
  }

  #close(at: number): void {
    const levels = this.#levels;
    const end = 2 * this.count;
    if (this.count - at > shortMove) levels.copyWithin(2 * at, 2 * at + 2, end);
    else for (let to = 2 * at; to < end - 2; to += 1) levels[to] = levels[to + 2]!;
  }

  /** Lets the best levels go that reach `price` from the other side. Returns how many. */
  uncross(price: number): number {
    const before = this.count;
    while (this.count > 0 && !this.#isWorse(this.#levels[2 * this.count - 2]!, price))
      this.count -= 1;
    return before - this.count;
  }

  /** Keeps the best levels only: of a venue that stops telling of those beyond its depth. */
  truncate(levels: number): void {
    const extra = this.count - levels;
    if (extra <= 0) return;
    this.#levels.copyWithin(0, 2 * extra, 2 * this.count);
    this.count = levels;
  }

  #isWorse(price: number, than: number): boolean {
    return this.isBid ? price < than : price > than;
  }

  /** The first place whose price is not worse. */
  #find(price: number): number {
    let low = 0;
    let high = this.count;
    // Most changes are near the best.
    if (high > 8 && this.#isWorse(this.#levels[2 * high - 16]!, price)) low = high - 7;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isWorse(this.#levels[2 * middle]!, price)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const levels = new Float64Array(2 * this.#levels.length);
    levels.set(this.#levels);
    this.#levels = levels;
  }
}
