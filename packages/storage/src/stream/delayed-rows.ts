// Delayed rows: once in an interval the latest row of each symbol that changed in it. What comes
// between is taken as it comes and costs no memory but a row for each symbol, however slow the
// reader is: then an interval is as long as it takes.
//
// Always: what became void before it was handed out is nothing a reader hears of: what was taken
// since the last interval is taken again then.

import type { Clock, Timer } from '@ndts/protocol';
import { LatestRows, withoutTexts } from './latest-rows.js';
import {
  type LiveItem,
  type LiveSource,
  noRows,
  noVoids,
  type ReturningSource,
} from './live-item.js';
import type { ShardPositions, VoidRows } from './positions.js';

export class DelayedRows implements LiveSource {
  readonly #source: ReturningSource;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #leavesTexts: boolean;
  readonly #latest = new LatestRows();
  /** Up to where intervals were handed out; undefined: it did not begin yet. */
  #handedOut: ShardPositions | undefined;
  #next: ShardPositions | undefined;
  #voids: readonly VoidRows[] = noVoids;
  #pumps = false;
  #error: unknown;
  #failed = false;
  /** There will be no more rows. */
  #ended = false;
  #closed = false;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;

  /** @param leavesTexts no columns were named: those that have no latest value are left out */
  constructor(source: ReturningSource, clock: Clock, intervalMs: number, leavesTexts = false) {
    this.#leavesTexts = leavesTexts;
    this.#source = source;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  from(): Promise<ShardPositions> {
    return this.#source.from();
  }

  async next(): Promise<LiveItem | undefined> {
    if (!this.#pumps) void this.#pump();
    this.#pumps = true;
    do await this.#interval();
    while (!this.#ended && this.#latest.count === 0 && this.#voids.length === 0);
    if (this.#closed) return undefined;
    const rows = this.#latest.since(0);
    const voids = this.#voids;
    if (rows === undefined && voids.length === 0 && this.#failed) throw this.#error;
    if (this.#next === undefined || (rows === undefined && voids.length === 0)) return undefined;
    this.#latest.clear();
    this.#voids = noVoids;
    this.#handedOut = this.#next;
    return { rows: rows ?? noRows, next: this.#next, voids };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ended = true;
    this.#timer?.cancel();
    this.#wake?.();
    await this.#source.close();
  }

  async #pump(): Promise<void> {
    try {
      this.#handedOut = await this.#source.from();
      for (;;) {
        const item = await this.#source.next();
        if (item === undefined) break;
        if (item.voids.length > 0 && this.#latest.count > 0) {
          await this.#takeAgain();
          continue;
        }
        this.#next = item.next;
        if (item.voids.length > 0) this.#voids = [...this.#voids, ...item.voids];
        this.#latest.take(this.#leavesTexts ? withoutTexts(item.rows) : item.rows, 1);
      }
    } catch (error) {
      this.#error = error;
      this.#failed = true;
    }
    this.#ended = true;
    this.#wake?.();
  }

  /** Of what was taken and not handed out some may be void, and hides what was before it. */
  async #takeAgain(): Promise<void> {
    this.#latest.clear();
    this.#voids = noVoids;
    if (this.#handedOut !== undefined) await this.#source.goBack(this.#handedOut);
  }

  /** Until the next multiple of the interval. */
  #interval(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    const nowMs = this.#clock.monotonicNs() / 1e6;
    const delayMs = this.#intervalMs - (nowMs % this.#intervalMs);
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#clock.setTimer(delayMs, resolve);
    });
  }
}
