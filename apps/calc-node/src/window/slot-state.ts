// hot: no allocation after init
// What windows know of each symbol: a record of doubles behind its slot, in one piece of memory
// that is saved and put back as it is. Always: a record begins with the time of the newest ticks,
// and that of a symbol just seen is the empty one.

import { SymbolSlots } from './symbol-slots.js';

const slotsMin = 64;

export class SlotState {
  readonly slots = new SymbolSlots();
  /** Another array after add(). */
  state: Float64Array;
  readonly stride: number;
  readonly #empty: Float64Array;

  constructor(empty: Float64Array) {
    this.#empty = empty;
    this.stride = empty.length;
    this.state = new Float64Array(slotsMin * this.stride);
  }

  /** Of a symbol that has none. */
  add(symbol: number): number {
    const slot = this.slots.add(symbol);
    const end = (slot + 1) * this.stride;
    if (end > this.state.length) {
      const wider = new Float64Array(Math.max(end, 2 * this.state.length));
      wider.set(this.state);
      this.state = wider;
    }
    this.state.set(this.#empty, slot * this.stride);
    return slot;
  }

  /** Forgets symbols whose newest ticks are not after a time, and of whom `isDone` says so. */
  purge(untilMs: number, isDone: (record: number) => boolean): void {
    const gone = this.slots.ordered().filter((slot) => {
      const record = slot * this.stride;
      return this.state[record]! <= untilMs && isDone(record);
    });
    if (gone.length > 0) this.slots.remove(gone);
  }

  /** Symbols with their records, one after the other by symbol. */
  save(into: Float64Array, at: number): void {
    for (const slot of this.slots.ordered()) {
      into[at] = this.slots.symbolOf(slot);
      into.set(this.state.subarray(slot * this.stride, (slot + 1) * this.stride), at + 1);
      at += this.stride + 1;
    }
  }

  /** Instead of all there is. */
  load(from: Float64Array, at: number, count: number): void {
    this.slots.remove(this.slots.ordered());
    for (let left = count; left > 0; left -= 1) {
      const slot = this.add(from[at]!);
      this.state.set(from.subarray(at + 1, at + 1 + this.stride), slot * this.stride);
      at += this.stride + 1;
    }
  }
}
