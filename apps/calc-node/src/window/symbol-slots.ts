// hot: no allocation after init
// Which symbols are known, each with a slot: a small number behind which others keep what they know
// of it. Always: slots are taken again once their symbol is gone; nothing that is handed out
// depends on which slot a symbol has.

const symbolsMin = 256;

export class SymbolSlots {
  #slotOf = new Int32Array(symbolsMin).fill(-1);
  #symbolOf = new Uint32Array(symbolsMin);
  readonly #free: number[] = [];
  /** Slots by ascending symbol. */
  #order: number[] = [];
  #isSorted = true;
  #used = 0;

  /** -1: not known. */
  find(symbol: number): number {
    return symbol < this.#slotOf.length ? this.#slotOf[symbol]! : -1;
  }

  /** Of a symbol that is not known yet. */
  add(symbol: number): number {
    if (symbol >= this.#slotOf.length) {
      const wider = new Int32Array(Math.max(symbol + 1, 2 * this.#slotOf.length)).fill(-1);
      wider.set(this.#slotOf);
      this.#slotOf = wider;
    }
    const slot = this.#free.pop() ?? this.#used++;
    if (slot >= this.#symbolOf.length) {
      const wider = new Uint32Array(2 * this.#symbolOf.length);
      wider.set(this.#symbolOf);
      this.#symbolOf = wider;
    }
    this.#slotOf[symbol] = slot;
    this.#symbolOf[slot] = symbol;
    const last = this.#order.at(-1);
    if (last !== undefined && this.#symbolOf[last]! > symbol) this.#isSorted = false;
    this.#order.push(slot);
    return slot;
  }

  remove(slots: readonly number[]): void {
    for (const slot of slots) {
      this.#slotOf[this.symbolOf(slot)] = -1;
      this.#free.push(slot);
    }
    const gone = new Set(slots);
    this.#order = this.#order.filter((slot) => !gone.has(slot));
  }

  symbolOf(slot: number): number {
    return this.#symbolOf[slot]!;
  }

  get count(): number {
    return this.#order.length;
  }

  /** Slots there must be room for. */
  get slotCount(): number {
    return this.#used;
  }

  /** By ascending symbol; another array after each change. */
  ordered(): readonly number[] {
    if (!this.#isSorted) {
      this.#order = this.#order.toSorted((a, b) => this.#symbolOf[a]! - this.#symbolOf[b]!);
      this.#isSorted = true;
    }
    return this.#order;
  }
}
