// hot: no allocation after init
// The loops that add rows to panes, an input at a time, and that merge panes; aggregate.ts says
// what stands where. Rows whose pane is -1 are in none.

import { addTerm } from './add-term.js';
import { paneHead, type PaneLayout, type Stream } from './aggregate.js';

/** Rows [from, to) as the loops take them. */
export interface PaneRows {
  /** Where the pane of each row begins. */
  readonly panes: Int32Array;
  /** Nanoseconds from the origin of its pane. */
  readonly keys: Float64Array;
  readonly inputs: readonly Float64Array[];
  readonly from: number;
  readonly to: number;
}

/** Rows that all loops take before the next ones: their panes stay in the nearest cache. */
const chunkRows = 512;

export function addRows(state: Float64Array, layout: PaneLayout, rows: PaneRows): void {
  const part = { ...rows };
  for (let from = rows.from; from < rows.to; from += chunkRows) {
    part.from = from;
    part.to = Math.min(rows.to, from + chunkRows);
    addChunk(state, layout, part);
  }
}

function addChunk(state: Float64Array, layout: PaneLayout, rows: PaneRows): void {
  const { panes, inputs, from, to } = rows;
  for (let row = from; row < to; row += 1) {
    const pane = panes[row]!;
    if (pane >= 0) state[pane + paneHead.ticks]! += 1;
  }
  for (const stream of layout.streams) {
    const a = inputs[stream.a]!;
    if (stream.b >= 0) {
      addWeighted(state, stream, rows, a, inputs[stream.b]!);
      continue;
    }
    addValues(state, stream, rows, a);
  }
}

function addValues(
  state: Float64Array,
  { count, order, range, sum, moments }: Stream,
  { panes, keys, from, to }: PaneRows,
  a: Float64Array,
): void {
  for (let row = from; row < to; row += 1) {
    const pane = panes[row]!;
    const value = a[row]!;
    if (pane < 0 || value - value !== 0) continue;
    state[pane + count]! += 1;
    if (order >= 0) addOrder(state, pane + order, keys[row]!, value);
    if (range >= 0) addRange(state, pane + range, value);
    if (sum >= 0) addTerm(state, pane + sum, value);
    if (moments >= 0) addMoments(state, pane + moments, value);
  }
}

function addOrder(state: Float64Array, at: number, key: number, value: number): void {
  if (key < state[at]!) {
    state[at] = key;
    state[at + 1] = value;
  }
  if (key >= state[at + 2]!) {
    state[at + 2] = key;
    state[at + 3] = value;
  }
}

function addRange(state: Float64Array, at: number, value: number): void {
  if (value < state[at]!) state[at] = value;
  if (value > state[at + 1]!) state[at + 1] = value;
}

function addMoments(state: Float64Array, at: number, value: number): void {
  const count = state[at]! + 1;
  state[at] = count;
  if (count === 1) state[at + 1] = value;
  const distance = value - state[at + 1]!;
  const before = distance - state[at + 2]!;
  const mean = state[at + 2]! + before / count;
  state[at + 2] = mean;
  state[at + 3]! += before * (distance - mean);
}

function addWeighted(
  state: Float64Array,
  { count, weighted }: Stream,
  { panes, from, to }: PaneRows,
  a: Float64Array,
  b: Float64Array,
): void {
  for (let row = from; row < to; row += 1) {
    const pane = panes[row]!;
    const weight = b[row]!;
    const product = a[row]! * weight;
    if (pane < 0 || product - product !== 0 || weight - weight !== 0) continue;
    state[pane + count]! += 1;
    addTerm(state, pane + weighted, product);
    addTerm(state, pane + weighted + 2, weight);
  }
}

/** Adds a pane of `state` to another; `shift`: from the origin of its keys to that of the other. */
export function mergePane(
  into: Float64Array,
  layout: PaneLayout,
  state: Float64Array,
  pane: number,
  shift: number,
): void {
  into[paneHead.ticks]! += state[pane + paneHead.ticks]!;
  for (const { count, order, range, sum, moments, weighted } of layout.streams) {
    if (state[pane + count] === 0) continue;
    into[count]! += state[pane + count]!;
    if (order >= 0) mergeOrder(into, order, state, pane, shift);
    if (range >= 0) {
      const least = state[pane + range]!;
      const greatest = state[pane + range + 1]!;
      if (least < into[range]!) into[range] = least;
      if (greatest > into[range + 1]!) into[range + 1] = greatest;
    }
    if (sum >= 0) mergeSum(into, sum, state, pane);
    if (moments >= 0) mergeMoments(into, moments, state, pane);
    if (weighted >= 0) {
      mergeSum(into, weighted, state, pane);
      mergeSum(into, weighted + 2, state, pane);
    }
  }
}

function mergeOrder(
  into: Float64Array,
  at: number,
  state: Float64Array,
  pane: number,
  shift: number,
): void {
  const from = pane + at;
  if (state[from]! + shift < into[at]!) {
    into[at] = state[from]! + shift;
    into[at + 1] = state[from + 1]!;
  }
  if (state[from + 2]! + shift >= into[at + 2]!) {
    into[at + 2] = state[from + 2]! + shift;
    into[at + 3] = state[from + 3]!;
  }
}

function mergeSum(into: Float64Array, at: number, state: Float64Array, pane: number): void {
  addTerm(into, at, state[pane + at]!);
  into[at + 1]! += state[pane + at + 1]!;
}

function mergeMoments(into: Float64Array, at: number, state: Float64Array, pane: number): void {
  const from = pane + at;
  const ours = into[at]!;
  const theirs = state[from]!;
  if (ours === 0) {
    for (let place = 0; place < 4; place += 1) into[at + place] = state[from + place]!;
    return;
  }
  const count = ours + theirs;
  const distance = state[from + 1]! - into[at + 1]! + (state[from + 2]! - into[at + 2]!);
  into[at] = count;
  into[at + 2]! += (distance * theirs) / count;
  into[at + 3]! += state[from + 3]! + distance * distance * ((ours * theirs) / count);
}
