// hot: no allocation after init
// What a factor of an author's own remembers: so many numbers of each symbol, all 0 for a symbol
// never seen. Always: a symbol's numbers are made once and stay where they are.

export class CustomStates {
  /** Of one symbol. */
  readonly bytes: number;
  readonly #length: number;
  readonly #bySymbol: (Float64Array | undefined)[] = [];

  constructor(length: number) {
    this.#length = length;
    this.bytes = length * 8;
  }

  of(symbol: number): Float64Array {
    return this.#bySymbol[symbol] ?? this.#make(symbol);
  }

  save(symbol: number, to: Uint8Array): void {
    const state = this.#bySymbol[symbol];
    if (state !== undefined) to.set(new Uint8Array(state.buffer));
  }

  load(symbol: number, from: Uint8Array): void {
    new Uint8Array(this.of(symbol).buffer).set(from);
  }

  #make(symbol: number): Float64Array {
    const state = new Float64Array(this.#length);
    this.#bySymbol[symbol] = state;
    return state;
  }
}
