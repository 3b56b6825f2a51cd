// hot: no allocation while messages come in their order
// The book of one symbol, put together of a snapshot and the changes behind it. Always: what is
// shown is a book the venue had; while it is not known to be one, nothing is shown. A hole in the
// numbers, a wrong checksum or, if so configured, a crossed book leads to a new snapshot, and what
// came meanwhile waits for it.

import { bookChangeFlags } from '../feed/batches.js';
import { type BookRows, BookRowStore } from './book-rows.js';
import { bookChecksum, type ChecksumRule } from './checksum.js';
import { BookSide } from './side.js';

/** How numbers follow each other. `range`: a message covers (previous, sequence] and fits when what
 * is known lies in it (Binance: previous is U - 1, or pu of futures). `chain`: previous is the
 * number before, also when the numbers start again (OKX). `count`: each number is one more.
 * `none`: the venue has none. */
export type SequenceRule = 'range' | 'chain' | 'count' | 'none';

/** What is done with a book whose bid is not below its ask. */
export type CrossedPolicy = 'resync' | 'uncross' | 'mark';

export interface BookRules {
  readonly sequence: SequenceRule;
  readonly checksum: ChecksumRule | undefined;
  /** Where snapshots come from. `stream`: in their turn with the changes, so that any is newer than
   * what was before it, also when the numbers begin again below. `asked`: beside them, so that one
   * may be older than what is known. */
  readonly snapshots: 'stream' | 'asked';
  readonly crossed: CrossedPolicy;
  /** Levels the venue tells of on each side; 0: all. */
  readonly depth: number;
  /** Messages that may come before their turn; one more is a hole. */
  readonly heldMax: number;
}

export interface BookCounts {
  messages: number;
  rows: number;
  snapshots: number;
  /** Messages that were known already. */
  old: number;
  /** Messages that waited, and were applied in their turn. */
  reordered: number;
  gaps: number;
  checksumErrors: number;
  crossed: number;
  resyncs: number;
  /** Messages given up because too many waited for a snapshot. */
  dropped: number;
  /** Messages with a level that is none: a price or a quantity is not a number, or below 0. */
  malformed: number;
}

export const noBookCounts: Readonly<BookCounts> = {
  ...{ messages: 0, rows: 0, snapshots: 0, old: 0, reordered: 0, gaps: 0 },
  ...{ checksumErrors: 0, crossed: 0, resyncs: 0, dropped: 0, malformed: 0 },
};

export type BookState = 'waiting' | 'live';

/** Levels shown to everybody. */
export const shownLevels = 5;
const waitingRowsMax = 100_000;
/** A source that repeats itself does not do so for longer. */
const oldInRowMax = 256;
const { ask, clear, end, empty } = bookChangeFlags;
/** What some venues send where there is no number. */
const largest = Number.MAX_VALUE;

const outcomes = { applied: 0, old: 1, early: 2, gap: 3 } as const;

export class Book {
  readonly bids = new BookSide(true);
  readonly asks = new BookSide(false);
  readonly counts: BookCounts = { ...noBookCounts };
  readonly #rules: BookRules;
  readonly #held = new BookRowStore();
  state: BookState = 'waiting';
  /** Number of the last message that is in it; NaN: none. */
  sequence = Number.NaN;
  /** Time of that message. */
  day = 0;
  nsOfDay = 0;
  isCrossed = false;
  /** Why a snapshot is wanted; empty: none is. The owner asks for it and empties this. */
  wanted = 'start';
  #isShownChanged = false;
  #oldInRow = 0;

  constructor(rules: BookRules) {
    this.#rules = rules;
  }

  /** Messages that wait: for a snapshot, or for one before them. */
  get heldRows(): number {
    return this.#held.count;
  }

  /** True when what is shown changed since this was asked last. */
  takeChanged(): boolean {
    const isChanged = this.#isShownChanged && this.state === 'live';
    if (isChanged) this.#isShownChanged = false;
    return isChanged;
  }

  /** A whole message: rows [first, last] of a batch. */
  message(rows: BookRows, first: number, last: number): void {
    this.counts.messages += 1;
    this.counts.rows += last - first + 1;
    if (!areLevels(rows, first, last)) {
      this.counts.malformed += 1;
      this.resync('a level is none');
    } else if ((rows.flags[first]! & clear) !== 0) this.#snapshot(rows, first, last);
    else if (this.state === 'waiting') this.#hold(rows, first, last);
    else this.#change(rows, first, last);
  }

  /** The source was lost, or somebody knows better: back to a snapshot. */
  resync(reason: string): void {
    if (this.state === 'waiting' && this.wanted !== '') return;
    this.state = 'waiting';
    this.wanted = reason;
    this.counts.resyncs += 1;
    this.#isShownChanged = false;
  }

  #change(rows: BookRows, first: number, last: number): void {
    const outcome = this.#fits(rows.sequence[first]!, rows.previous[first]!);
    if (outcome === outcomes.applied) {
      this.#oldInRow = 0;
      if (this.#apply(rows, first, last) && this.#held.count > 0) this.#drain();
    } else if (outcome === outcomes.old) {
      this.counts.old += 1;
      this.#oldInRow += 1;
      if (this.#oldInRow === oldInRowMax) this.resync('numbers began again');
    } else {
      this.#hold(rows, first, last);
      if (outcome === outcomes.gap || this.#heldMessages() > this.#rules.heldMax) this.#gap();
    }
  }

  #gap(): void {
    this.counts.gaps += 1;
    this.resync('messages are missing');
  }

  #snapshot(rows: BookRows, first: number, last: number): void {
    const sequence = rows.sequence[first]!;
    // One that was asked for before the last one came.
    const mayBeOld = this.#rules.snapshots === 'asked' && this.state === 'live';
    if (mayBeOld && sequence < this.sequence) {
      this.counts.old += 1;
      return;
    }
    this.counts.snapshots += 1;
    this.#oldInRow = 0;
    this.bids.clear();
    this.asks.clear();
    this.state = 'live';
    this.wanted = '';
    this.#isShownChanged = true;
    if (this.#apply(rows, first, last)) this.#drain();
  }

  /** How a message stands to what is known. */
  #fits(sequence: number, previous: number): number {
    const known = this.sequence;
    if (this.#rules.sequence === 'none' || Number.isNaN(known)) return outcomes.applied;
    if (this.#rules.sequence === 'count') {
      if (sequence === known + 1) return outcomes.applied;
      return sequence <= known ? outcomes.old : outcomes.early;
    }
    if (previous === known) return outcomes.applied;
    if (sequence <= known) return outcomes.old;
    if (Number.isNaN(previous)) return outcomes.applied;
    if (previous > known) return outcomes.early;
    return this.#rules.sequence === 'range' ? outcomes.applied : outcomes.gap;
  }

  /** False: the book is not to be trusted behind it. */
  #apply(rows: BookRows, first: number, last: number): boolean {
    for (let row = first; row <= last; row += 1) {
      const flags = rows.flags[row]!;
      if ((flags & empty) !== 0) continue;
      const side = (flags & ask) === 0 ? this.bids : this.asks;
      const level = side.set(rows.price, rows.quantity, row);
      if (level >= 0 && level < shownLevels) this.#isShownChanged = true;
    }
    this.sequence = rows.sequence[first]!;
    this.day = rows.day[last]!;
    this.nsOfDay = rows.nsOfDay[last]!;
    const { depth } = this.#rules;
    if (depth > 0) {
      this.bids.truncate(depth);
      this.asks.truncate(depth);
    }
    return this.#isTrusted(rows, last) && this.#isUncrossed((rows.flags[last]! & ask) !== 0);
  }

  #isTrusted(rows: BookRows, last: number): boolean {
    const rule = this.#rules.checksum;
    const told = rows.checksum?.[last] ?? Number.NaN;
    // 0: the venue has it no more.
    if (rule === undefined || Number.isNaN(told) || told === 0) return true;
    if (bookChecksum(this.bids, this.asks, rule) === told >>> 0) return true;
    this.counts.checksumErrors += 1;
    this.resync('checksum is wrong');
    return false;
  }

  #isUncrossed(isAskNewer: boolean): boolean {
    const bid = this.bids.price(0);
    const best = this.asks.price(0);
    const isCrossed = bid >= best;
    if (isCrossed !== this.isCrossed) this.#isShownChanged = true;
    this.isCrossed = isCrossed;
    if (!isCrossed) return true;
    this.counts.crossed += 1;
    if (this.#rules.crossed === 'mark') return true;
    this.isCrossed = false;
    if (this.#rules.crossed === 'resync') {
      this.resync('bid is not below ask');
      return false;
    }
    // The newer side is right: what it reaches on the other one was traded away.
    if (isAskNewer) this.bids.uncross(best);
    else this.asks.uncross(bid);
    this.#isShownChanged = true;
    return true;
  }

  #hold(rows: BookRows, first: number, last: number): void {
    // Without numbers only a snapshot of the same stream fits, and nothing from before it does.
    if (this.#rules.sequence === 'none') {
      this.counts.dropped += 1;
      return;
    }
    while (this.#held.count + last - first + 1 > waitingRowsMax && this.#held.count > 0) {
      this.#held.remove(0, this.#endOf(0));
      this.counts.dropped += 1;
    }
    this.#held.append(rows, first, last);
  }

  /** The last row of the held message that begins at a row. */
  #endOf(first: number): number {
    let row = first;
    while ((this.#held.flags[row]! & end) === 0 && row + 1 < this.#held.count) row += 1;
    return row;
  }

  #heldMessages(): number {
    let messages = 0;
    for (let row = 0; row < this.#held.count; row += 1)
      if ((this.#held.flags[row]! & end) !== 0) messages += 1;
    return messages;
  }

  /** Applies what waited and fits now, as often as that lets another one fit. */
  #drain(): void {
    const held = this.#held;
    for (let first = 0; first < held.count && this.state === 'live'; ) {
      const last = this.#endOf(first);
      const outcome = this.#fits(held.sequence[first]!, held.previous[first]!);
      if (outcome === outcomes.early || outcome === outcomes.gap) {
        first = last + 1;
        continue;
      }
      if (outcome === outcomes.old) this.counts.old += 1;
      else {
        this.counts.reordered += 1;
        this.#apply(held, first, last);
      }
      held.remove(first, last);
      first = 0;
    }
    if (this.state === 'live' && this.#heldMessages() > this.#rules.heldMax) this.#gap();
  }
}

/** Prices of spreads may be below 0; quantities may not. */
function areLevels(rows: BookRows, first: number, last: number): boolean {
  for (let row = first; row <= last; row += 1) {
    const isEmpty = (rows.flags[row]! & empty) !== 0;
    const quantity = rows.quantity[row]!;
    if (!isEmpty && !(Math.abs(rows.price[row]!) < largest && quantity >= 0 && quantity < largest))
      return false;
  }
  return true;
}
