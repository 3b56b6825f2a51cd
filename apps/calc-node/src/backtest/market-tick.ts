// One tick as the venue sees it: prices and volumes as exact money, converted when they are asked
// for. Always: it shows the row it was last moved to; volume that one order took is gone for the
// next one at the same tick.

import { createTickBatch, moneyFromFloat, type TickBatch } from '@ndts/protocol';

/** Larger volumes are as good as this one; money ends there. */
const volumeMax = 9e9;

function money(value: number): bigint {
  return value > 0 ? moneyFromFloat(value) : 0n;
}

function quantity(value: number): bigint {
  return value > 0 ? moneyFromFloat(Math.min(value, volumeMax)) : 0n;
}

export class MarketTick {
  batch: TickBatch = createTickBatch(1);
  row = 0;
  /** Taken by orders at this tick of what was traded. */
  takenTraded = 0n;
  #takenAsk = 0n;
  #takenBid = 0n;
  #tradedBefore = 0n;
  #askBefore = 0n;
  #bidBefore = 0n;

  moveTo(batch: TickBatch, row: number): void {
    this.batch = batch;
    this.row = row;
    this.takenTraded = 0n;
    this.#takenAsk = 0n;
    this.#takenBid = 0n;
  }

  /** What is taken from now on may be given back. */
  remember(): void {
    this.#tradedBefore = this.takenTraded;
    this.#askBefore = this.#takenAsk;
    this.#bidBefore = this.#takenBid;
  }

  giveBack(): void {
    this.takenTraded = this.#tradedBefore;
    this.#takenAsk = this.#askBefore;
    this.#takenBid = this.#bidBefore;
  }

  /** 0n: no price. */
  price(): bigint {
    return money(this.batch.price[this.row]!);
  }

  /** What was traded at the price. */
  volume(): bigint {
    return quantity(this.batch.volume[this.row]!);
  }

  /** Where an order of this side trades at once: the other side's quote, or else the price. */
  touch(side: number): bigint {
    const { ask, bid } = this.batch;
    const quote = money(side > 0 ? ask[this.row]! : bid[this.row]!);
    return quote > 0n ? quote : this.price();
  }

  /** Takes what an order of this side wants of what is shown at the touch; all of it where no quote
   * says how much there is. */
  takeShown(side: number, wanted: bigint): bigint {
    const { askVolume, bidVolume } = this.batch;
    const shown = quantity(side > 0 ? askVolume[this.row]! : bidVolume[this.row]!);
    if (shown === 0n) return wanted;
    const left = shown - (side > 0 ? this.#takenAsk : this.#takenBid);
    const taken = wanted < left ? wanted : left;
    if (side > 0) this.#takenAsk += taken;
    else this.#takenBid += taken;
    return taken;
  }

  /** The quote that an order of this side rests with; 0n: none. */
  ownQuote(side: number): bigint {
    const { ask, bid } = this.batch;
    return money(side > 0 ? bid[this.row]! : ask[this.row]!);
  }

  ownQuoteVolume(side: number): bigint {
    const { askVolume, bidVolume } = this.batch;
    return quantity(side > 0 ? bidVolume[this.row]! : askVolume[this.row]!);
  }
}
