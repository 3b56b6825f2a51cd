// Ticks of a symbol, accepted and refused, in the order in which they came: by the sequences of
// those that were accepted; a reject says which sequence came next.

/** Ticks by column. */
export interface TickRows {
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly bidVolume: Float64Array;
  readonly askVolume: Float64Array;
}

export interface TickPart {
  readonly rows: TickRows;
  readonly sequence: Float64Array;
  readonly isCounted: Uint8Array;
  /** Places, as they came. */
  readonly order: readonly number[] | Uint32Array;
}

export interface RejectPart {
  readonly rows: TickRows;
  readonly next: Float64Array;
  readonly reason: Uint8Array;
  readonly isLive: Uint8Array;
  readonly isCounted: Uint8Array;
  readonly receivedDay: Float64Array;
  readonly receivedNs: Float64Array;
  readonly order: readonly number[];
}

/** Rows [0, count) in the order in which they came. */
export class Arrivals {
  readonly count: number;
  /** NaN: nobody knows, or there was no clock. */
  readonly receivedDay: Float64Array;
  readonly receivedNs: Float64Array;
  /** 0: of before. */
  readonly isCounted: Uint8Array;
  readonly #ticks: TickPart;
  readonly #rejects: RejectPart;
  /** Place in the ticks, or -1 - place in the rejects. */
  readonly #places: Float64Array;
  readonly #today: Uint8Array;

  constructor(ticks: TickPart, rejects: RejectPart) {
    this.#ticks = ticks;
    this.#rejects = rejects;
    this.count = ticks.order.length + rejects.order.length;
    this.receivedDay = new Float64Array(this.count).fill(Number.NaN);
    this.receivedNs = new Float64Array(this.count);
    this.isCounted = new Uint8Array(this.count);
    this.#places = new Float64Array(this.count);
    this.#today = new Uint8Array(this.count);
    this.#merge();
  }

  at(row: number): { readonly rows: TickRows; readonly place: number } {
    const place = this.#places[row]!;
    return place < 0
      ? { rows: this.#rejects.rows, place: -1 - place }
      : { rows: this.#ticks.rows, place };
  }

  /** CleanReason. */
  today(row: number): number {
    return this.#today[row]!;
  }

  #merge(): void {
    const { order, next } = this.#rejects;
    const { sequence, isCounted } = this.#ticks;
    let at = 0;
    let reject = 0;
    for (const place of this.#ticks.order) {
      for (; reject < order.length && next[order[reject]!]! <= sequence[place]!; reject += 1)
        this.#takeReject(at++, order[reject]!);
      this.#places[at] = place;
      this.isCounted[at] = isCounted[place]!;
      at += 1;
    }
    for (; reject < order.length; reject += 1) this.#takeReject(at++, order[reject]!);
  }

  #takeReject(at: number, place: number): void {
    const rejects = this.#rejects;
    this.#places[at] = -1 - place;
    this.#today[at] = rejects.reason[place]!;
    this.isCounted[at] = rejects.isCounted[place]!;
    if (rejects.isLive[place] !== 1) return;
    this.receivedDay[at] = rejects.receivedDay[place]!;
    this.receivedNs[at] = rejects.receivedNs[place]!;
  }
}
