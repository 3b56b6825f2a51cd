// A market that a test moves by hand: what it puts on the tape, a reader polls once.

import type { RingPosition, TickBatch, TickStreamReader } from '@ndts/protocol';

export interface MarketTick {
  readonly symbol: number;
  readonly last: number;
  readonly bid: number;
  readonly ask: number;
}

export class MarketTape implements TickStreamReader {
  readonly ticks: MarketTick[] = [];

  poll(batch: TickBatch): number {
    const ticks = this.ticks.splice(0, batch.capacity);
    ticks.forEach((tick, row) => {
      batch.symbol[row] = tick.symbol;
      batch.flags[row] = 0;
      batch.price[row] = tick.last;
      batch.bid[row] = tick.bid;
      batch.ask[row] = tick.ask;
    });
    batch.count = ticks.length;
    return ticks.length;
  }
  waitPoll(batch: TickBatch): number {
    return this.poll(batch);
  }
  lapped(): number {
    return 0;
  }
  position(): RingPosition {
    return { epoch: 0, sequence: 0 };
  }
  close(): void {}
}
