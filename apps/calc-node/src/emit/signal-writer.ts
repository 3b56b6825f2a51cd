// Signals as 128-byte slots of the instance's signal ring. Always: ordinals of an instance only
// grow, across restarts too: the high word is the generation, a durable counter of starts, the low
// word counts the signals of this start.

import { OrderType, SignalSlot, type Time, writeTime } from '@ndts/protocol';
import type { SlotRingWriter } from '@ndts/storage';

const two32 = 4_294_967_296;

/** What the strategy asks for, and the tick it asks because of. */
export interface SignalDraft {
  symbol: number;
  /** +1 buy, -1 sell. */
  side: number;
  /** Scaled by 1e8. */
  quantity: bigint;
  /** Scaled by 1e8; 0: at the market. */
  limitPrice: bigint;
  tickDay: number;
  tickNsOfDay: number;
  shard: number;
  epoch: number;
  sequence: number;
  factorValue: number;
  price: number;
}

export interface SignalWriterOptions {
  readonly ring: SlotRingWriter;
  readonly instance: number;
  readonly generation: number;
  readonly validForMs: number;
}

export class SignalWriter {
  readonly #options: SignalWriterOptions;
  readonly #bytes = new Uint8Array(SignalSlot.sizeBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  #count = 0;

  constructor(options: SignalWriterOptions) {
    this.#options = options;
  }

  /** Signals of this start. */
  get count(): number {
    return this.#count;
  }

  emit(draft: SignalDraft, now: Time): void {
    const { ring, instance, generation, validForMs } = this.#options;
    const view = this.#view;
    this.#count += 1;
    writeTime(view, SignalSlot.time, now.day, now.nsOfDay);
    writeTime(view, SignalSlot.tickTime, draft.tickDay, draft.tickNsOfDay);
    view.setUint32(SignalSlot.symbol, draft.symbol, true);
    view.setUint32(SignalSlot.instance, instance, true);
    view.setUint32(SignalSlot.ordinal, this.#count, true);
    view.setUint32(SignalSlot.ordinal + 4, generation, true);
    view.setInt32(SignalSlot.side, draft.side, true);
    const type = draft.limitPrice === 0n ? OrderType.market : OrderType.limit;
    view.setUint32(SignalSlot.orderType, type, true);
    view.setBigInt64(SignalSlot.quantity, draft.quantity, true);
    view.setBigInt64(SignalSlot.limitPrice, draft.limitPrice, true);
    view.setUint32(SignalSlot.validForMs, validForMs, true);
    view.setUint32(SignalSlot.shard, draft.shard, true);
    writeUint53(view, SignalSlot.epoch, draft.epoch);
    writeUint53(view, SignalSlot.sequence, draft.sequence);
    view.setFloat64(SignalSlot.factorValue, draft.factorValue, true);
    view.setFloat64(SignalSlot.price, draft.price, true);
    ring.publish(this.#bytes, 1);
  }
}

function writeUint53(view: DataView, offset: number, value: number): void {
  const high = Math.floor(value / two32);
  view.setUint32(offset, value - high * two32, true);
  view.setUint32(offset + 4, high, true);
}
