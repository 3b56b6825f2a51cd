// Which orders a gateway may forget. What always holds: what is known of an order goes as a whole,
// its executions with it; of those that are over the newest are kept, for answers about them.

const closedMax = 100_000;

export class Closed {
  readonly #max: number;
  readonly #ids: string[] = [];

  constructor(max: number = closedMax) {
    this.#max = max;
  }

  /** One more is over; returns those to be forgotten: none, or the older half. */
  add(clientOrderId: string): readonly string[] {
    this.#ids.push(clientOrderId);
    return this.#ids.length > this.#max ? this.#ids.splice(0, Math.ceil(this.#max / 2)) : [];
  }
}
