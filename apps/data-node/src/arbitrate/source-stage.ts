// hot: no allocation after init
// From the rows a feed gave to those that go on: cleaned against what that feed sent, and with more
// than one feed chosen among them and checked once more against what went on before. Always: what
// is refused keeps its place in the batch, so that the rejects stay in order.

import type { Cleaner } from '@ndts/native/clean';
import { copyTickRow, createTickBatch, type TickBatch, type Time } from '@ndts/protocol';
import { CleanerBank } from '../clean/cleaner-bank.js';
import type { SkewTable } from './skew-table.js';
import { type NamedSource, SourceDesk } from './source-desk.js';

export interface SourceStageOptions {
  /** Of the first feed; its owner closes it. */
  readonly cleaner: Cleaner;
  readonly skew: SkewTable;
  /** Rows of a batch. */
  readonly capacity: number;
  /** Hands out the last tick of every symbol, in batches: what a second feed's first rows are
   * checked against. */
  readonly lastTicks: (take: (batch: TickBatch) => void) => void;
}

export class SourceStage {
  readonly cleaners: CleanerBank;
  readonly desk: SourceDesk;
  readonly #options: SourceStageOptions;
  /** 0, 1, 2 ...: where rows of a batch stood before it was cleaned. */
  readonly #places: Float64Array;
  readonly #late: TickBatch;
  #hasSeen = false;

  constructor(options: SourceStageOptions) {
    this.#options = options;
    this.cleaners = new CleanerBank(options.cleaner);
    this.desk = new SourceDesk({ skew: options.skew });
    this.#places = Float64Array.from({ length: options.capacity }, (_, place) => place);
    this.#late = createTickBatch(options.capacity);
  }

  /** Keeps the rows that go on; `refused` gets the others but copies, with their reasons, the
   * sequence of each its place in the batch. `now`: undefined for rows of the past. */
  pass(
    batch: TickBatch,
    refused: TickBatch,
    source: number,
    nowNs: number,
    now: Time | undefined,
  ): void {
    batch.sequence.set(this.#places);
    this.cleaners.clean(batch, refused, source, now);
    if (!this.desk.hasMany) {
      this.#hasSeen = false;
      return;
    }
    if (!this.#hasSeen) this.#seeLast();
    this.desk.choose(batch, source, nowNs);
    if (this.cleaners.cleanMerged(batch, this.#late, source) > 0) this.#mergeLate(refused);
  }

  setSources(sources: readonly NamedSource[], nowNs: number): void {
    this.desk.setSources(sources, nowNs);
    this.cleaners.keep(new Set(sources.map(({ source }) => source)));
  }

  #seeLast(): void {
    this.#hasSeen = true;
    this.desk.begin(this.#options.lastTicks);
    this.#options.lastTicks((batch) => this.cleaners.cleanMerged(batch, this.#late, 0));
  }

  /** Both in the order of their places; from the back, so that nothing is overwritten too early. */
  #mergeLate(refused: TickBatch): void {
    const late = this.#late;
    let from = refused.count - 1;
    let fromLate = late.count - 1;
    refused.count += late.count;
    for (let row = refused.count - 1; fromLate >= 0; row -= 1) {
      const isLate = from < 0 || late.sequence[fromLate]! > refused.sequence[from]!;
      copyTickRow(isLate ? late : refused, isLate ? fromLate : from, refused, row);
      if (isLate) fromLate -= 1;
      else from -= 1;
    }
  }

  close(): void {
    this.cleaners.close();
  }
}
