// hot: no allocation after init
// Closed windows by column, as they are handed out. Always: those of one call are all that closed
// at one moment of event time; corrected ones first, each by symbol, then by end.

import { msPerDay, nsPerMs } from '@ndts/protocol';

export interface WindowRows {
  readonly count: number;
  readonly symbol: Uint32Array;
  /** Of the beginning. */
  readonly startDay: Float64Array;
  readonly startNsOfDay: Float64Array;
  /** Of the end, exclusive. */
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  /** Ticks in the window; 0: the values are what the fill policy says. */
  readonly ticks: Float64Array;
  /** 1: closed before, and now with ticks that came late. */
  readonly corrected: Uint8Array;
  /** By aggregate. */
  readonly values: readonly Float64Array[];
}

export type WindowRowsListener = (rows: WindowRows) => void;

/** Grows to the rows of a step, and is then re-used. */
export class WindowRowBuffer implements WindowRows {
  count = 0;
  symbol = new Uint32Array(0);
  startDay = new Float64Array(0);
  startNsOfDay = new Float64Array(0);
  day = new Float64Array(0);
  nsOfDay = new Float64Array(0);
  ticks = new Float64Array(0);
  corrected = new Uint8Array(0);
  values: Float64Array[];
  #capacity = 0;
  readonly #listener: WindowRowsListener;

  constructor(capacity: number, valueCount: number, listener: WindowRowsListener) {
    this.#listener = listener;
    this.values = Array.from({ length: valueCount }, () => new Float64Array(0));
    this.#grow(capacity);
  }

  /** The place of a new row, whose values the caller sets. */
  add(symbol: number, startMs: number, endMs: number, ticks: number, corrected: boolean): number {
    if (this.count === this.#capacity) this.#grow(2 * this.#capacity);
    const row = this.count;
    const startDay = Math.floor(startMs / msPerDay);
    const day = Math.floor(endMs / msPerDay);
    this.symbol[row] = symbol;
    this.startDay[row] = startDay;
    this.startNsOfDay[row] = (startMs - startDay * msPerDay) * nsPerMs;
    this.day[row] = day;
    this.nsOfDay[row] = (endMs - day * msPerDay) * nsPerMs;
    this.ticks[row] = ticks;
    this.corrected[row] = corrected ? 1 : 0;
    this.count += 1;
    return row;
  }

  flush(): void {
    if (this.count > 0) this.#listener(this);
    this.count = 0;
  }

  #grow(capacity: number): void {
    const wider = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(capacity);
      next.set(column);
      return next;
    };
    const symbol = new Uint32Array(capacity);
    symbol.set(this.symbol);
    this.symbol = symbol;
    const corrected = new Uint8Array(capacity);
    corrected.set(this.corrected);
    this.corrected = corrected;
    this.startDay = wider(this.startDay);
    this.startNsOfDay = wider(this.startNsOfDay);
    this.day = wider(this.day);
    this.nsOfDay = wider(this.nsOfDay);
    this.ticks = wider(this.ticks);
    this.values = this.values.map(wider);
    this.#capacity = capacity;
  }
}
