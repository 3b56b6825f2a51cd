// hot: no allocation after init
// The newest value of each symbol: of a factor, or a price. Always: NaN for a symbol never seen;
// memory grows with the highest symbol id only.

const lengthMin = 1024;

export class LatestValues {
  #values = new Float64Array(lengthMin).fill(Number.NaN);

  of(symbol: number): number {
    const value = this.#values[symbol];
    return value === undefined ? Number.NaN : value;
  }

  set(symbol: number, value: number): void {
    if (symbol >= this.#values.length) this.#grow(symbol + 1);
    this.#values[symbol] = value;
  }

  /** Of rows [from, to), one after the other. */
  setRows(symbols: Uint32Array, values: Float64Array, from: number, to: number): void {
    let latest = this.#values;
    for (let row = from; row < to; row += 1) {
      const symbol = symbols[row]!;
      if (symbol >= latest.length) {
        this.#grow(symbol + 1);
        latest = this.#values;
      }
      latest[symbol] = values[row]!;
    }
  }

  /** Those that have a value, ascending. */
  symbols(): Uint32Array {
    const found: number[] = [];
    for (const [symbol, value] of this.#values.entries())
      if (!Number.isNaN(value)) found.push(symbol);
    return Uint32Array.from(found);
  }

  #grow(count: number): void {
    const grown = new Float64Array(Math.max(count, this.#values.length * 2)).fill(Number.NaN);
    grown.set(this.#values);
    this.#values = grown;
  }
}
