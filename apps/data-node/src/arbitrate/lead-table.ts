// hot: no allocation after init (but growth when new symbols appear)
// Which source leads each symbol: whose word counts where rows of several cannot be put together,
// such as a book. A source is silent when others gave rows that it has not given for longer than
// the limit: a symbol that nobody has ticks of makes nobody silent. Always: the lead goes to the
// best source that is not silent, and back to a better one only after that gave rows without
// silence or loss for the return time.

export interface LeadLimits {
  /** Behind the others for longer: silent. */
  readonly silenceNs: number;
  /** How long a better source must be well before it leads again. */
  readonly returnNs: number;
}

const nobody = -1;

/** Fields of a symbol: who leads, then two of each slot: since when others are ahead of it (NaN: it
 * has what there is), and since when it gives rows without silence or loss (NaN: it gives none). */
const leadAt = 0;
const behindAt = 1;
const wellAt = 2;

export class LeadTable {
  readonly #fields: number;
  readonly #limits: LeadLimits;
  /** By slot: lower is better; NaN: no source. */
  readonly #rank: Float64Array;
  #state = new Float64Array(0);
  #symbols = 0;
  /** One above the highest slot that was ever used. */
  #used = 0;
  /** How often the lead left a slot because of silence, loss or its end. */
  readonly failovers: Float64Array;
  /** How often it went to a better one. */
  readonly returns: Float64Array;
  /** How many symbols each slot leads. */
  readonly led: Float64Array;

  constructor(slots: number, limits: LeadLimits) {
    this.#fields = 2 * slots + 2;
    this.#limits = limits;
    this.#rank = new Float64Array(slots).fill(Number.NaN);
    this.failovers = new Float64Array(slots);
    this.returns = new Float64Array(slots);
    this.led = new Float64Array(slots);
  }

  /** The slot that leads; -1: none ever gave a row. */
  lead(symbol: number): number {
    return symbol < this.#symbols ? this.#state[symbol * this.#fields + leadAt]! : nobody;
  }

  /** Since when the slot gives rows of the symbol without silence or loss; NaN: it gives none. */
  wellNs(symbol: number, slot: number): number {
    return this.#state[symbol * this.#fields + 2 * slot + wellAt] ?? Number.NaN;
  }

  setRank(slot: number, rank: number): void {
    this.#rank[slot] = rank;
    this.#used = Math.max(this.#used, slot + 1);
  }

  /** A row came: `isNew`, nobody had given it before. */
  note(symbol: number, slot: number, isNew: boolean, nowNs: number): void {
    const state = this.#state;
    const base = symbol * this.#fields;
    const at = base + 2 * slot;
    const behindNs = state[at + behindAt]!;
    // A NaN compares as false.
    if (Number.isNaN(state[at + wellAt]!) || nowNs - behindNs > this.#limits.silenceNs)
      state[at + wellAt] = nowNs;
    state[at + behindAt] = Number.NaN;
    if (isNew)
      for (let other = 0; other < this.#used; other += 1)
        if (other !== slot && Number.isNaN(state[base + 2 * other + behindAt]!))
          state[base + 2 * other + behindAt] = nowNs;
    const lead = state[base + leadAt]!;
    if (lead === slot) return;
    if (lead === nobody) this.#setLead(base, slot);
    else if (this.#isSilent(base, lead, nowNs)) this.#failOver(symbol, nowNs);
    else if (
      this.#rank[slot]! < this.#rank[lead]! &&
      nowNs - state[at + wellAt]! >= this.#limits.returnNs
    ) {
      this.#setLead(base, slot);
      this.returns[slot]! += 1;
    }
  }

  /** The slot lost rows of the symbol. */
  gap(symbol: number, slot: number, nowNs: number): void {
    if (Number.isNaN(this.wellNs(symbol, slot))) return;
    this.#state[symbol * this.#fields + 2 * slot + wellAt] = nowNs;
    if (this.lead(symbol) === slot) this.#failOver(symbol, nowNs);
  }

  /** The source of a slot is gone; when it comes back it begins anew. */
  lost(slot: number, nowNs: number): void {
    for (let symbol = 0; symbol < this.#symbols; symbol += 1) {
      this.#state[symbol * this.#fields + 2 * slot + wellAt] = Number.NaN;
      if (this.lead(symbol) === slot) this.#failOver(symbol, nowNs);
    }
  }

  /** The best slot but this one that gives rows of the symbol; -1: there is none. */
  other(symbol: number, slot: number, nowNs: number): number {
    if (symbol >= this.#symbols) return nobody;
    const base = symbol * this.#fields;
    let best = nobody;
    for (let at = 0; at < this.#used; at += 1) {
      if (at === slot || this.#isSilent(base, at, nowNs)) continue;
      if (best === nobody || this.#rank[at]! < this.#rank[best]!) best = at;
    }
    return best;
  }

  #isSilent(base: number, slot: number, nowNs: number): boolean {
    const at = base + 2 * slot;
    if (Number.isNaN(this.#state[at + wellAt]!)) return true;
    return nowNs - this.#state[at + behindAt]! > this.#limits.silenceNs;
  }

  /** To the best other one that gives rows; without one the lead stays where it is. */
  #failOver(symbol: number, nowNs: number): void {
    const base = symbol * this.#fields;
    const from = this.#state[base + leadAt]!;
    const best = this.other(symbol, from, nowNs);
    if (best === nobody) return;
    // What it gives again counts from its next row on.
    this.#state[base + 2 * from + wellAt] = Number.NaN;
    this.#setLead(base, best);
    this.failovers[from]! += 1;
  }

  #setLead(base: number, slot: number): void {
    const before = this.#state[base + leadAt]!;
    if (before !== nobody) this.led[before]! -= 1;
    this.led[slot]! += 1;
    this.#state[base + leadAt] = slot;
  }

  /** Another source has the slot now: its counts begin anew, the symbols it leads stay. */
  forget(slot: number): void {
    this.failovers[slot] = 0;
    this.returns[slot] = 0;
  }

  grow(symbols: number): void {
    const known = this.#state.length;
    const state = new Float64Array(symbols * this.#fields).fill(Number.NaN, known);
    state.set(this.#state);
    this.#state = state;
    for (let symbol = this.#symbols; symbol < symbols; symbol += 1)
      state[symbol * this.#fields + leadAt] = nobody;
    this.#symbols = symbols;
  }
}
