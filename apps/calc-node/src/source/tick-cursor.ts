// hot: no allocation after init
// One row of a batch as a TickView: a window that moves over the columns instead of an object per
// tick. Always: it shows the row it was last moved to.

import { createTickBatch, type TickBatch } from '@ndts/protocol';
import type { TickView } from '../strategy/define.js';

export class TickCursor implements TickView {
  batch: TickBatch = createTickBatch(1);
  row = 0;

  get symbol(): number {
    return this.batch.symbol[this.row]!;
  }
  get day(): number {
    return this.batch.day[this.row]!;
  }
  get nsOfDay(): number {
    return this.batch.nsOfDay[this.row]!;
  }
  get price(): number {
    return this.batch.price[this.row]!;
  }
  get volume(): number {
    return this.batch.volume[this.row]!;
  }
  get bid(): number {
    return this.batch.bid[this.row]!;
  }
  get ask(): number {
    return this.batch.ask[this.row]!;
  }
  get bidVolume(): number {
    return this.batch.bidVolume[this.row]!;
  }
  get askVolume(): number {
    return this.batch.askVolume[this.row]!;
  }
  get flags(): number {
    return this.batch.flags[this.row]!;
  }
  get shard(): number {
    return this.batch.shard[this.row]!;
  }
  get sequence(): number {
    return this.batch.sequence[this.row]!;
  }
}
