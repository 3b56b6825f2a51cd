// hot: no allocation after init
// Windows of event time over the ticks of all symbols: sliding, tumbling and session windows, each
// symbol by itself. Always: time is that of the newest tick of any symbol, or what advance() says,
// and never goes back; windows close, of silent symbols too, before the first row that is past
// their end and the wait; the rows that come out are the same for any split of the same ticks into
// batches.

import { msPerDay, NdtsError, nsPerMs, type TickBatch, xxHash32 } from '@ndts/protocol';
import { PaneLayout } from './aggregate.js';
import { addRows } from './pane-kernels.js';
import { SessionWindows } from './session-windows.js';
import { SlidingWindows } from './sliding-windows.js';
import { WindowRowBuffer, type WindowRowsListener } from './window-rows.js';
import { type WindowPlan, planWindows, type WindowSpec } from './window-spec.js';

/** What of a batch of ticks windows go by. */
export type TimedRows = Pick<TickBatch, 'count' | 'symbol' | 'day' | 'nsOfDay'>;

const rowsMin = 256;
const headSize = 5;

export class WindowEngine {
  readonly #plan: WindowPlan;
  readonly #layout: PaneLayout;
  readonly #windows: SlidingWindows | SessionWindows;
  readonly #rows: WindowRowBuffer;
  readonly #signature: number;
  #panes = new Int32Array(0);
  #keys = new Float64Array(0);
  #newestMs = Number.NEGATIVE_INFINITY;
  /** When windows are closed next. */
  #nextMs = Number.NaN;
  #late = 0;

  /** `onRows` is called within push() and advance(), once for each step in which windows close;
   * what it is given is valid until it returns. Throws INVALID_ARGUMENT. */
  constructor(spec: WindowSpec, onRows: WindowRowsListener) {
    this.#plan = planWindows(spec);
    this.#layout = new PaneLayout(spec.aggregates);
    this.#rows = new WindowRowBuffer(rowsMin, spec.aggregates.length, onRows);
    this.#windows = this.#plan.isSession
      ? new SessionWindows(this.#plan, this.#layout, this.#rows)
      : new SlidingWindows(this.#plan, this.#layout, this.#rows);
    const text = JSON.stringify([this.#plan, spec.aggregates]);
    this.#signature = xxHash32(new TextEncoder().encode(text)) >>> 0;
  }

  /** Ticks that came too late. */
  get late(): number {
    return this.#late;
  }

  /** Symbols that are not forgotten. */
  get symbolCount(): number {
    return this.#windows.symbols.slots.count;
  }

  /** `inputs`: columns as long as the batch, in the order of the places that aggregates name. */
  push(batch: TimedRows, inputs: readonly Float64Array[]): void {
    if (inputs.length < this.#layout.inputCount)
      throw wrong(`expected ${this.#layout.inputCount} columns, found ${inputs.length}`);
    if (this.#panes.length < batch.count) {
      this.#panes = new Int32Array(batch.count);
      this.#keys = new Float64Array(batch.count);
    }
    const rows = { panes: this.#panes, keys: this.#keys, inputs, from: 0, to: 0 };
    while (rows.from < batch.count) {
      rows.to = this.#place(batch, rows.from);
      addRows(this.#windows.symbols.state, this.#layout, rows);
      rows.from = rows.to;
    }
  }

  /** It is so late, by event time; what ended by then closes. */
  advance(day: number, nsOfDay: number): void {
    const ms = day * msPerDay + Math.floor(nsOfDay / nsPerMs);
    if (Number.isNaN(this.#nextMs) || ms <= this.#newestMs) return;
    this.#newestMs = ms;
    if (ms - this.#plan.waitMs >= this.#nextMs) this.#closeUntil(ms - this.#plan.waitMs);
  }

  /** Finds the panes of rows from `from` on; returns the row before which those must be added. */
  #place(batch: TimedRows, from: number): number {
    const { waitMs } = this.#plan;
    const windows = this.#windows;
    const { slots } = windows.symbols;
    const { symbol: symbols, day: days, nsOfDay: times } = batch;
    const panes = this.#panes;
    const keys = this.#keys;
    for (let row = from; row < batch.count; row += 1) {
      const nsOfDay = times[row]!;
      const msOfDay = Math.floor(nsOfDay / nsPerMs);
      const ms = days[row]! * msPerDay + msOfDay;
      if (ms > this.#newestMs) {
        if (!(ms - waitMs < this.#nextMs)) {
          if (row > from) return row;
          this.#closeUntil(ms - waitMs);
        }
        this.#newestMs = ms;
      }
      const symbol = symbols[row]!;
      let slot = slots.find(symbol);
      if (windows.isLate(slot, ms)) {
        this.#late += 1;
        panes[row] = -1;
        continue;
      }
      if (slot < 0) slot = windows.symbols.add(symbol);
      else if (windows.joins(slot, ms) && row > from) return row;
      panes[row] = windows.paneOf(slot, ms);
      keys[row] = (ms - windows.originMs) * nsPerMs + (nsOfDay - msOfDay * nsPerMs);
    }
    return batch.count;
  }

  #closeUntil(ms: number): void {
    const { stepMs } = this.#plan;
    const lastMs = Math.floor(ms / stepMs) * stepMs;
    if (Number.isNaN(this.#nextMs)) this.#nextMs = lastMs + stepMs;
    while (this.#nextMs <= lastMs) {
      if (this.#windows.isIdle(this.#nextMs)) this.#nextMs = lastMs;
      this.#windows.close(this.#nextMs);
      this.#rows.flush();
      this.#nextMs += stepMs;
    }
    this.#windows.closedMs = this.#nextMs - stepMs;
  }

  /** All that is known of open windows; the rest of the rows depends on nothing else. */
  snapshot(): Uint8Array {
    const { slots, stride } = this.#windows.symbols;
    const saved = new Float64Array(headSize + slots.count * (stride + 1));
    saved.set([this.#signature, this.#newestMs, this.#nextMs, this.#late, slots.count]);
    this.#windows.symbols.save(saved, headSize);
    return new Uint8Array(saved.buffer);
  }

  /** Throws INVALID_ARGUMENT for a snapshot of other windows. */
  restore(bytes: Uint8Array): void {
    const { stride } = this.#windows.symbols;
    if (bytes.byteLength % 8 !== 0 || bytes.byteLength < 8 * headSize)
      throw wrong(`a snapshot of ${bytes.byteLength} bytes is none`);
    const saved = new Float64Array(bytes.slice().buffer);
    const [signature = 0, newestMs = 0, nextMs = 0, late = 0, count = 0] = saved;
    if (signature !== this.#signature) throw wrong('the snapshot is of other windows');
    if (saved.length !== headSize + count * (stride + 1))
      throw wrong(`a snapshot of ${count} symbols has not ${bytes.byteLength} bytes`);
    this.#newestMs = newestMs;
    this.#nextMs = nextMs;
    this.#late = late;
    this.#windows.symbols.load(saved, headSize, count);
    this.#windows.closedMs = nextMs - this.#plan.stepMs;
    this.#windows.loaded();
  }
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `windows: ${text}`);
}
