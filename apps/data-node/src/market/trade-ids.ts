// hot: no allocation after init, but for symbols that are new
// Which trades of a source came already, by the numbers the venue gave them. Always: a trade whose
// number is among the newest of its symbol is known, those from before this start included; one
// that fills a hole between them is not.

/** As many as a venue is asked for when trades are missing. */
export const tradeIdWindow = 1024;

interface SymbolIds {
  readonly ids: Float64Array;
  count: number;
  highest: number;
}

export class TradeIds {
  readonly #recall: (symbol: number, take: (id: number) => void) => void;
  readonly #bySymbol = new Map<number, SymbolIds>();

  /** @param recall the numbers that a symbol's newest trades of before this start had */
  constructor(recall: (symbol: number, take: (id: number) => void) => void) {
    this.#recall = recall;
  }

  isKnown(symbol: number, id: number): boolean {
    const known = this.#of(symbol);
    return id <= known.highest && known.ids.subarray(0, length(known)).includes(id);
  }

  /** It is not known, and stands between those that are: it was missing. */
  isMissing(symbol: number, id: number): boolean {
    const known = this.#of(symbol);
    if (id >= known.highest) return false;
    let lowest = known.highest;
    for (let at = 0; at < length(known); at += 1) lowest = Math.min(lowest, known.ids[at]!);
    return id > lowest && !this.isKnown(symbol, id);
  }

  add(symbol: number, id: number): void {
    put(this.#of(symbol), id);
  }

  #of(symbol: number): SymbolIds {
    let known = this.#bySymbol.get(symbol);
    if (known === undefined) {
      known = {
        ids: new Float64Array(tradeIdWindow),
        count: 0,
        highest: Number.NEGATIVE_INFINITY,
      };
      this.#bySymbol.set(symbol, known);
      const made = known;
      this.#recall(symbol, (id) => put(made, id));
    }
    return known;
  }
}

function length({ count }: SymbolIds): number {
  return Math.min(count, tradeIdWindow);
}

function put(known: SymbolIds, id: number): void {
  known.ids[known.count % tradeIdWindow] = id;
  known.count += 1;
  known.highest = Math.max(known.highest, id);
}
