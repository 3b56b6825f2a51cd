// hot: no allocation after init
// One row of a batch of books as a BookView: a window that moves over the columns. Always: it shows
// the row it was last moved to.

import { type BookBatch, createBookBatch } from '@ndts/protocol';
import type { BookView } from '../strategy/define.js';

type Levels = readonly Float64Array[];

/** Places of the levels in the bits of `missing`. */
const bidBits = 0;
const bidVolumeBits = 5;
const askBits = 10;
const askVolumeBits = 15;

export class BookCursor implements BookView {
  row = 0;
  #batch!: BookBatch;
  #bids!: Levels;
  #bidVolumes!: Levels;
  #asks!: Levels;
  #askVolumes!: Levels;

  constructor() {
    this.batch = createBookBatch(1);
  }

  get batch(): BookBatch {
    return this.#batch;
  }
  set batch(batch: BookBatch) {
    if (batch === this.#batch) return;
    this.#batch = batch;
    const { bidVolume1, bidVolume2, bidVolume3, bidVolume4, bidVolume5 } = batch;
    const { askVolume1, askVolume2, askVolume3, askVolume4, askVolume5 } = batch;
    this.#bids = [batch.bid1, batch.bid2, batch.bid3, batch.bid4, batch.bid5];
    this.#bidVolumes = [bidVolume1, bidVolume2, bidVolume3, bidVolume4, bidVolume5];
    this.#asks = [batch.ask1, batch.ask2, batch.ask3, batch.ask4, batch.ask5];
    this.#askVolumes = [askVolume1, askVolume2, askVolume3, askVolume4, askVolume5];
  }

  get symbol(): number {
    return this.#batch.symbol[this.row]!;
  }
  get day(): number {
    return this.#batch.day[this.row]!;
  }
  get nsOfDay(): number {
    return this.#batch.nsOfDay[this.row]!;
  }
  get shard(): number {
    return this.#batch.shard[this.row]!;
  }
  get sequence(): number {
    return this.#batch.sequence[this.row]!;
  }
  bid(level: number): number {
    return this.#at(this.#bids, bidBits, level);
  }
  bidVolume(level: number): number {
    return this.#at(this.#bidVolumes, bidVolumeBits, level);
  }
  ask(level: number): number {
    return this.#at(this.#asks, askBits, level);
  }
  askVolume(level: number): number {
    return this.#at(this.#askVolumes, askVolumeBits, level);
  }

  #at(levels: Levels, bits: number, level: number): number {
    const column = levels[level - 1];
    if (column === undefined) return Number.NaN;
    const isMissing = ((this.#batch.missing[this.row]! >>> (bits + level - 1)) & 1) === 1;
    return isMissing ? Number.NaN : column[this.row]!;
  }
}
