// What a subscription is made of, inside: rows with where to go on after them, from a source that
// is asked for one at a time.

import type { RawRows } from '../service/service.js';
import type { ShardPositions, VoidRows } from './positions.js';

export interface LiveItem {
  readonly rows: RawRows;
  /** undefined: rows of the past, which stand in the order of time and not of sequences. */
  readonly next: ShardPositions | undefined;
  readonly voids: readonly VoidRows[];
}

/** Holds as a stream of the service does: an item until the next one is asked for. */
export interface LiveSource {
  /** undefined once it is closed. */
  next(): Promise<LiveItem | undefined>;
  /** Where it begins, or goes on now. */
  from(): Promise<ShardPositions>;
  close(): Promise<void>;
}

/** One that can hand out again what it handed out. */
export interface ReturningSource extends LiveSource {
  /** Goes on from there; what is void is said anew, as of there. Not while next() is waited for. */
  goBack(position: ShardPositions): Promise<void>;
}

export const noVoids: readonly VoidRows[] = [];

export const noRows: RawRows = {
  count: 0,
  day: new Float64Array(0),
  nsOfDay: new Float64Array(0),
  sequence: new Float64Array(0),
  symbol: new Uint32Array(0),
  columns: [],
};
