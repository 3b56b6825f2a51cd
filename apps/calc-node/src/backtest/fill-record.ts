// Every fill of a run, by column, in the order in which they happened.

const startRows = 1024;

function grown<T extends Float64Array | BigInt64Array | Int32Array>(from: T, rows: number): T {
  const to = new (from.constructor as new (length: number) => T)(rows);
  (to as Float64Array).set(from as Float64Array); // of one kind, both
  return to;
}

export interface FillRow {
  readonly day: number;
  readonly nsOfDay: number;
  readonly strategy: number;
  readonly symbol: number;
  readonly side: number;
  readonly order: number;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly fee: bigint;
  /** Scaled by 1e8, rounded. */
  readonly realised: bigint;
  readonly isMaker: boolean;
  readonly isForced: boolean;
}

const makerBit = 1;
const forcedBit = 2;

export class FillRecord {
  count = 0;
  day = new Float64Array(startRows);
  nsOfDay = new Float64Array(startRows);
  strategy = new Int32Array(startRows);
  symbol = new Int32Array(startRows);
  side = new Int32Array(startRows);
  order = new Float64Array(startRows);
  quantity = new BigInt64Array(startRows);
  price = new BigInt64Array(startRows);
  fee = new BigInt64Array(startRows);
  realised = new BigInt64Array(startRows);
  bits = new Int32Array(startRows);

  add(fill: FillRow): void {
    if (this.count === this.day.length) this.#grow();
    const at = this.count;
    this.count += 1;
    this.day[at] = fill.day;
    this.nsOfDay[at] = fill.nsOfDay;
    this.strategy[at] = fill.strategy;
    this.symbol[at] = fill.symbol;
    this.side[at] = fill.side;
    this.order[at] = fill.order;
    this.quantity[at] = fill.quantity;
    this.price[at] = fill.price;
    this.fee[at] = fill.fee;
    this.realised[at] = fill.realised;
    this.bits[at] = (fill.isMaker ? makerBit : 0) | (fill.isForced ? forcedBit : 0);
  }

  row(at: number): FillRow {
    return {
      day: this.day[at]!,
      nsOfDay: this.nsOfDay[at]!,
      strategy: this.strategy[at]!,
      symbol: this.symbol[at]!,
      side: this.side[at]!,
      order: this.order[at]!,
      quantity: this.quantity[at]!,
      price: this.price[at]!,
      fee: this.fee[at]!,
      realised: this.realised[at]!,
      isMaker: (this.bits[at]! & makerBit) !== 0,
      isForced: (this.bits[at]! & forcedBit) !== 0,
    };
  }

  #grow(): void {
    const rows = this.day.length * 2;
    this.day = grown(this.day, rows);
    this.nsOfDay = grown(this.nsOfDay, rows);
    this.strategy = grown(this.strategy, rows);
    this.symbol = grown(this.symbol, rows);
    this.side = grown(this.side, rows);
    this.order = grown(this.order, rows);
    this.quantity = grown(this.quantity, rows);
    this.price = grown(this.price, rows);
    this.fee = grown(this.fee, rows);
    this.realised = grown(this.realised, rows);
    this.bits = grown(this.bits, rows);
  }
}
