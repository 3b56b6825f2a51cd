// hot: no allocation after init
// Session windows: of a symbol's ticks that follow one another within the gap. Always: two open
// ones of a symbol are further apart than that; a tick that joins two makes them one.

import { nsPerMs } from '@ndts/protocol';
import { finish, paneHead, type PaneLayout } from './aggregate.js';
import { mergePane } from './pane-kernels.js';
import { SlotState } from './slot-state.js';
import type { WindowRowBuffer } from './window-rows.js';
import type { WindowPlan } from './window-spec.js';

/** Places in a record: the newest tick, then for each session its first and last time. */
const newestMs = 0;
const timesAt = 1;

export class SessionWindows {
  readonly symbols: SlotState;
  originMs = 0;
  readonly #plan: WindowPlan;
  readonly #layout: PaneLayout;
  readonly #rows: WindowRowBuffer;
  readonly #scratch: Float64Array;
  /** Sessions of a symbol that may be open at once. */
  readonly #openMax: number;
  readonly #panesAt: number;
  #closedMs = Number.NEGATIVE_INFINITY;
  #openCount = 0;

  constructor(plan: WindowPlan, layout: PaneLayout, rows: WindowRowBuffer) {
    this.#plan = plan;
    this.#layout = layout;
    this.#rows = rows;
    this.#scratch = new Float64Array(layout.width);
    this.#openMax = Math.ceil((plan.waitMs + plan.stepMs) / plan.sizeMs) + 2;
    this.#panesAt = timesAt + 2 * this.#openMax;
    const empty = new Float64Array(this.#panesAt + this.#openMax * layout.width);
    empty[newestMs] = Number.NEGATIVE_INFINITY;
    for (let at = this.#panesAt; at < empty.length; at += layout.width) empty.set(layout.empty, at);
    this.symbols = new SlotState(empty);
  }

  /** Sessions that ended by then are closed. */
  set closedMs(ms: number) {
    this.#closedMs = ms;
  }

  /** Its session would be closed, and it is part of no open one; slot -1: of no symbol. */
  isLate(slot: number, ms: number): boolean {
    if (ms + this.#plan.sizeMs > this.#closedMs) return false;
    return slot < 0 || this.#find(slot * this.symbols.stride, ms, 0) < 0;
  }

  /** It makes two sessions one; rows that wait to be added must be added before. */
  joins(slot: number, ms: number): boolean {
    const record = slot * this.symbols.stride;
    const first = this.#find(record, ms, 0);
    return first >= 0 && this.#find(record, ms, first + 1) >= 0;
  }

  /** Where the session of a tick begins; it is not late. */
  paneOf(slot: number, ms: number): number {
    const record = slot * this.symbols.stride;
    const { state } = this.symbols;
    if (ms > state[record]!) state[record] = ms;
    let session = this.#find(record, ms, 0);
    if (session < 0) session = this.#begin(record, ms);
    else {
      const other = this.#find(record, ms, session + 1);
      const times = record + timesAt + 2 * session;
      state[times] = Math.min(state[times]!, ms);
      state[times + 1] = Math.max(state[times + 1]!, ms);
      if (other >= 0) this.#join(record, session, other);
    }
    const pane = this.#pane(record, session);
    this.originMs = state[pane + paneHead.id]!;
    return pane;
  }

  #pane(record: number, session: number): number {
    return record + this.#panesAt + session * this.#layout.width;
  }

  /** The first open one from `from` on of which a tick of this time is part, or -1. */
  #find(record: number, ms: number, from: number): number {
    const { state } = this.symbols;
    const gap = this.#plan.sizeMs;
    for (let session = from; session < this.#openMax; session += 1) {
      if (Number.isNaN(state[this.#pane(record, session) + paneHead.id])) continue;
      const times = record + timesAt + 2 * session;
      if (ms > state[times]! - gap && ms < state[times + 1]! + gap) return session;
    }
    return -1;
  }

  #begin(record: number, ms: number): number {
    const { state } = this.symbols;
    let session = 0;
    while (!Number.isNaN(state[this.#pane(record, session) + paneHead.id])) session += 1;
    const pane = this.#pane(record, session);
    state.set(this.#layout.empty, pane);
    state[pane + paneHead.id] = ms;
    state[record + timesAt + 2 * session] = ms;
    state[record + timesAt + 2 * session + 1] = ms;
    this.#openCount += 1;
    return session;
  }

  #join(record: number, session: number, other: number): void {
    const { state } = this.symbols;
    const [pane, from] = [this.#pane(record, session), this.#pane(record, other)];
    const [times, otherTimes] = [record + timesAt + 2 * session, record + timesAt + 2 * other];
    state[times] = Math.min(state[times]!, state[otherTimes]!);
    state[times + 1] = Math.max(state[times + 1]!, state[otherTimes + 1]!);
    const scratch = this.#scratch;
    for (let at = 0; at < scratch.length; at += 1) scratch[at] = state[pane + at]!;
    const shift = (state[from + paneHead.id]! - state[pane + paneHead.id]!) * nsPerMs;
    mergePane(scratch, this.#layout, state, from, shift);
    state.set(scratch, pane);
    state[from + paneHead.id] = Number.NaN;
    this.#openCount -= 1;
  }

  /** The sessions that ended by then. */
  close(endMs: number): void {
    const { slots, stride } = this.symbols;
    const { purgeMs } = this.#plan;
    for (const slot of slots.ordered()) {
      const record = slot * stride;
      for (let next = this.#earliest(record, endMs); next >= 0; ) {
        this.#give(slot, record, next);
        next = this.#earliest(record, endMs);
      }
    }
    this.symbols.purge(endMs - purgeMs, (record) => this.#earliest(record, Infinity) < 0);
  }

  /** The open one that begins first of those that ended by a time, or -1. */
  #earliest(record: number, endMs: number): number {
    const { state } = this.symbols;
    let found = -1;
    for (let session = 0; session < this.#openMax; session += 1) {
      const times = record + timesAt + 2 * session;
      if (Number.isNaN(state[this.#pane(record, session) + paneHead.id])) continue;
      if (state[times + 1]! + this.#plan.sizeMs > endMs) continue;
      if (found < 0 || state[times]! < state[record + timesAt + 2 * found]!) found = session;
    }
    return found;
  }

  #give(slot: number, record: number, session: number): void {
    const { state } = this.symbols;
    const layout = this.#layout;
    const pane = this.#pane(record, session);
    const times = record + timesAt + 2 * session;
    const scratch = this.#scratch;
    for (let at = 0; at < scratch.length; at += 1) scratch[at] = state[pane + at]!;
    const endMs = state[times + 1]! + this.#plan.sizeMs;
    const ticks = scratch[paneHead.ticks]!;
    const symbol = this.symbols.slots.symbolOf(slot);
    const row = this.#rows.add(symbol, state[times]!, endMs, ticks, false);
    for (const [at, { name }] of layout.aggregates.entries())
      this.#rows.values[at]![row] = finish(scratch, name, layout.streamOf[at]!);
    state[pane + paneHead.id] = Number.NaN;
    this.#openCount -= 1;
  }

  isIdle(): boolean {
    return this.#openCount === 0;
  }

  loaded(): void {
    const { slots, state, stride } = this.symbols;
    this.#openCount = 0;
    for (const slot of slots.ordered())
      for (let session = 0; session < this.#openMax; session += 1)
        if (!Number.isNaN(state[this.#pane(slot * stride, session) + paneHead.id]))
          this.#openCount += 1;
  }
}
