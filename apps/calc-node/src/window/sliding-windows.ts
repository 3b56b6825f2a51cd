// hot: no allocation after init
// Sliding and tumbling windows of panes: a pane is a step of one symbol, a window the panes of its
// size, merged from the oldest on. Always: a pane is emptied before a row of another step is added
// to it; a window's numbers depend on the ticks of its own panes only.

import { nsPerMs } from '@ndts/protocol';
import { finish, paneHead, type PaneLayout } from './aggregate.js';
import { mergePane } from './pane-kernels.js';
import { SlotState } from './slot-state.js';
import type { WindowRowBuffer } from './window-rows.js';
import type { WindowPlan } from './window-spec.js';

/** Places in a record. */
const place = {
  /** Where its newest pane begins. */
  newestMs: 0,
  /** Panes that closed windows have, and that late ticks were added to. */
  lateFirst: 1,
  lateLast: 2,
  /** Of the values kept for filling: the last pane of their window; NaN: none yet. */
  filledPane: 3,
  filled: 4,
} as const;

export class SlidingWindows {
  readonly symbols: SlotState;
  /** Of the pane that paneOf() found. */
  originMs = 0;
  readonly #plan: WindowPlan;
  readonly #layout: PaneLayout;
  readonly #rows: WindowRowBuffer;
  readonly #scratch: Float64Array;
  /** Panes of a window; panes kept of a symbol. */
  readonly #windowPanes: number;
  readonly #keptPanes: number;
  readonly #panesAt: number;
  #pane = Number.NaN;
  #paneEndMs = Number.NEGATIVE_INFINITY;
  #ring = 0;
  #closedMs = Number.NEGATIVE_INFINITY;
  #newestMs = Number.NEGATIVE_INFINITY;
  #lateSymbols = 0;

  constructor(plan: WindowPlan, layout: PaneLayout, rows: WindowRowBuffer) {
    const { sizeMs, stepMs, waitMs, correctMs } = plan;
    this.#plan = plan;
    this.#layout = layout;
    this.#rows = rows;
    this.#scratch = new Float64Array(layout.width);
    this.#windowPanes = sizeMs / stepMs;
    this.#keptPanes =
      this.#windowPanes + Math.ceil(correctMs / stepMs) + Math.ceil(waitMs / stepMs) + 2;
    this.#panesAt = place.filled + layout.aggregates.length;
    const empty = new Float64Array(this.#panesAt + this.#keptPanes * layout.width);
    empty[place.newestMs] = Number.NEGATIVE_INFINITY;
    empty[place.lateFirst] = Number.POSITIVE_INFINITY;
    empty[place.lateLast] = Number.NEGATIVE_INFINITY;
    empty[place.filledPane] = Number.NaN;
    for (let at = this.#panesAt; at < empty.length; at += layout.width) empty.set(layout.empty, at);
    this.symbols = new SlotState(empty);
  }

  /** Windows that ended by then are closed. */
  set closedMs(ms: number) {
    this.#closedMs = ms;
  }

  isLate(_slot: number, ms: number): boolean {
    return ms < this.#closedMs - this.#plan.correctMs;
  }

  /** Where the pane of a tick begins; it is not late. */
  paneOf(slot: number, ms: number): number {
    const { stepMs } = this.#plan;
    if (ms < this.originMs || ms >= this.#paneEndMs) this.#moveTo(Math.floor(ms / stepMs));
    const { state, stride } = this.symbols;
    const pane = slot * stride + this.#panesAt + this.#ring * this.#layout.width;
    if (state[pane] !== this.#pane) this.#begin(slot * stride, pane);
    if (ms < this.#closedMs) this.#noteLate(slot * stride);
    return pane;
  }

  /** Panes that are asked for are never moved while rows wait to be added to them. */
  joins(): boolean {
    return false;
  }

  /** Nothing but the pane itself is touched by the ticks behind its first. */
  #begin(record: number, pane: number): void {
    const { state } = this.symbols;
    state.set(this.#layout.empty, pane);
    state[pane + paneHead.id] = this.#pane;
    if (this.originMs > state[record]!) state[record] = this.originMs;
    if (this.originMs > this.#newestMs) this.#newestMs = this.originMs;
  }

  #moveTo(pane: number): void {
    this.#pane = pane;
    this.originMs = pane * this.#plan.stepMs;
    this.#paneEndMs = this.originMs + this.#plan.stepMs;
    this.#ring = this.#ringOf(pane);
  }

  #ringOf(pane: number): number {
    const kept = this.#keptPanes;
    return pane - Math.floor(pane / kept) * kept;
  }

  #noteLate(record: number): void {
    const { state } = this.symbols;
    if (state[record + place.lateFirst] === Number.POSITIVE_INFINITY) this.#lateSymbols += 1;
    state[record + place.lateFirst] = Math.min(state[record + place.lateFirst]!, this.#pane);
    state[record + place.lateLast] = Math.max(state[record + place.lateLast]!, this.#pane);
  }

  /** The windows that end at `endMs`, with the corrected ones before it. */
  close(endMs: number): void {
    const { stepMs, purgeMs, fill } = this.#plan;
    const pane = endMs / stepMs - 1;
    const { slots, stride } = this.symbols;
    if (this.#lateSymbols > 0)
      for (const slot of slots.ordered()) this.#correct(slot, slot * stride, pane);
    this.#lateSymbols = 0;
    for (const slot of slots.ordered()) {
      const ticks = this.#give(slot, pane, false);
      if (ticks === 0 && fill !== 'none') this.#fill(slot, pane);
    }
    this.symbols.purge(endMs - purgeMs, () => true);
  }

  #correct(slot: number, record: number, pane: number): void {
    const { state } = this.symbols;
    const last = Math.min(state[record + place.lateLast]! + this.#windowPanes, pane) - 1;
    for (let end = state[record + place.lateFirst]!; end <= last; end += 1)
      this.#give(slot, end, true);
    state[record + place.lateFirst] = Number.POSITIVE_INFINITY;
    state[record + place.lateLast] = Number.NEGATIVE_INFINITY;
  }

  /** Gives the window whose last pane this is; returns its ticks: without any nothing is given. */
  #give(slot: number, last: number, corrected: boolean): number {
    const { state, stride } = this.symbols;
    const { stepMs, sizeMs } = this.#plan;
    const layout = this.#layout;
    const record = slot * stride;
    const first = last - this.#windowPanes + 1;
    if (state[record]! < first * stepMs) return 0;
    const scratch = this.#scratch;
    scratch.set(layout.empty);
    let ring = this.#ringOf(first);
    for (let pane = first; pane <= last; pane += 1) {
      const at = record + this.#panesAt + ring * layout.width;
      ring = ring + 1 === this.#keptPanes ? 0 : ring + 1;
      if (state[at] === pane)
        mergePane(scratch, layout, state, at, (pane - first) * stepMs * nsPerMs);
    }
    const ticks = scratch[paneHead.ticks]!;
    if (ticks === 0) return 0;
    const endMs = (last + 1) * stepMs;
    const symbol = this.symbols.slots.symbolOf(slot);
    const row = this.#rows.add(symbol, endMs - sizeMs, endMs, ticks, corrected);
    const keep = !(state[record + place.filledPane]! > last);
    if (keep) state[record + place.filledPane] = last;
    const { aggregates, streamOf } = layout;
    const { values } = this.#rows;
    for (let at = 0; at < aggregates.length; at += 1) {
      const value = finish(scratch, aggregates[at]!.name, streamOf[at]!);
      values[at]![row] = value;
      if (keep) state[record + place.filled + at] = value;
    }
    return ticks;
  }

  #fill(slot: number, last: number): void {
    const { state, stride } = this.symbols;
    const { stepMs, sizeMs, fill } = this.#plan;
    const record = slot * stride;
    if (Number.isNaN(state[record + place.filledPane])) return;
    const endMs = (last + 1) * stepMs;
    const symbol = this.symbols.slots.symbolOf(slot);
    const row = this.#rows.add(symbol, endMs - sizeMs, endMs, 0, false);
    const constant = fill === 'zero' ? 0 : Number.NaN;
    for (const [at, column] of this.#rows.values.entries())
      column[row] = fill === 'previous' ? state[record + place.filled + at]! : constant;
  }

  /** Nothing is given or forgotten by closing windows before a time. */
  isIdle(endMs: number): boolean {
    if (this.symbols.slots.count === 0) return true;
    const { fill, sizeMs } = this.#plan;
    return fill === 'none' && this.#lateSymbols === 0 && this.#newestMs < endMs - sizeMs;
  }

  /** After the records were put back. */
  loaded(): void {
    const { slots, state, stride } = this.symbols;
    this.#newestMs = Number.NEGATIVE_INFINITY;
    this.#lateSymbols = 0;
    for (const slot of slots.ordered()) {
      const record = slot * stride;
      if (state[record]! > this.#newestMs) this.#newestMs = state[record]!;
      if (state[record + place.lateFirst] !== Number.POSITIVE_INFINITY) this.#lateSymbols += 1;
    }
  }
}
