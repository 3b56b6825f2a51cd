// Signals as 128-byte slots of the instance's signal ring. Always: ordinals of an instance only
// grow, across restarts too: the high word is the generation, a durable counter of starts, the low
// word counts the signals of it. A start that goes on where one was cut off has the ordinals of
// that one. Where there is a log of inputs, it is asked before a signal leaves.

import { crc32 } from 'node:zlib';
import { type Clock, nsPerDay, SignalSlot, type Time, writeTime } from '@ndts/protocol';
import { LatencyHistogram } from '@ndts/runtime/loop';
import type { RingBell, SlotRingWriter } from '@ndts/storage';
import type { SignalSink } from '../strategy/context.js';

const two32 = 4_294_967_296;

/** What the strategy asks for, and the tick it asks because of. */
export interface SignalDraft {
  symbol: number;
  /** +1 buy, -1 sell. */
  side: number;
  /** Scaled by 1e8. */
  quantity: bigint;
  /** An OrderType. */
  orderType: number;
  /** Prices are scaled by 1e8; 0n: none. */
  limitPrice: bigint;
  /** Of the type: stop price, distance, quantity shown, or slices; scaled by 1e8. */
  parameter: bigint;
  takeProfit: bigint;
  stopLoss: bigint;
  workForMs: number;
  /** A TimeInForce; 0: gtc. */
  timeInForce: number;
  /** An OrderOffset; 0: none. */
  offset: number;
  /** Bits of OrderFlags. */
  flags: number;
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
  /** Wakes who waits for signals; undefined: nobody sleeps. */
  readonly bell?: Pick<RingBell, 'ring'> | undefined;
  readonly instance: number;
  readonly generation: number;
  readonly validForMs: number;
  readonly clock: Clock;
  /** Asks for the end of an order of this instance. */
  readonly cancel: (order: number) => void;
}

/** Who is asked before a signal leaves: with what time; undefined: it left before. */
export interface SignalLog {
  emitting(checksum: number, tickDay: number, tickNsOfDay: number): Time | undefined;
}

export class SignalWriter implements SignalSink {
  /** From the time of a tick to the emission of its signal. */
  readonly latency = new LatencyHistogram();
  readonly #options: SignalWriterOptions;
  readonly #bytes = new Uint8Array(SignalSlot.sizeBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Of the slot but for its time, where it is logged. */
  readonly #content = this.#bytes.subarray(SignalSlot.tickTime);
  #log: SignalLog | undefined;
  #generation: number;
  #count = 0;
  #published = 0;

  constructor(options: SignalWriterOptions) {
    this.#options = options;
    this.#generation = options.generation;
  }

  /** From now on signals are noted before they leave. */
  logTo(log: SignalLog): void {
    this.#log = log;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Goes on with the ordinals of another start, after so many signals. */
  continueFrom(generation: number, count: number): void {
    this.#generation = generation;
    this.#count = count;
  }

  /** Signals that left in this start. */
  get count(): number {
    return this.#published;
  }

  /** Signals of the generation, whose low words of ordinals end here. */
  get last(): number {
    return this.#count;
  }

  cancel(order: number): void {
    this.#options.cancel(order);
  }

  /** The ordinal, exact below 2^21 starts. */
  emit(draft: SignalDraft): number {
    const { ring, bell, instance, validForMs, clock } = this.#options;
    const generation = this.#generation;
    const view = this.#view;
    this.#count += 1;
    writeTime(view, SignalSlot.tickTime, draft.tickDay, draft.tickNsOfDay);
    view.setUint32(SignalSlot.symbol, draft.symbol, true);
    view.setUint32(SignalSlot.instance, instance, true);
    view.setUint32(SignalSlot.ordinal, this.#count, true);
    view.setUint32(SignalSlot.ordinal + 4, generation, true);
    view.setInt32(SignalSlot.side, draft.side, true);
    view.setUint32(SignalSlot.orderType, draft.orderType, true);
    view.setBigInt64(SignalSlot.quantity, draft.quantity, true);
    view.setBigInt64(SignalSlot.limitPrice, draft.limitPrice, true);
    view.setUint32(SignalSlot.validForMs, validForMs, true);
    view.setUint32(SignalSlot.shard, draft.shard, true);
    writeUint53(view, SignalSlot.epoch, draft.epoch);
    writeUint53(view, SignalSlot.sequence, draft.sequence);
    view.setFloat64(SignalSlot.factorValue, draft.factorValue, true);
    view.setFloat64(SignalSlot.price, draft.price, true);
    this.#writeTerms(draft);
    const ordinal = generation * two32 + this.#count;
    const now =
      this.#log === undefined
        ? clock.now()
        : this.#log.emitting(crc32(this.#content), draft.tickDay, draft.tickNsOfDay);
    if (now === undefined) return ordinal;
    writeTime(view, SignalSlot.time, now.day, now.nsOfDay);
    ring.publish(this.#bytes, 1);
    bell?.ring();
    this.#published += 1;
    const days = now.day - draft.tickDay;
    this.latency.record(days * nsPerDay + (now.nsOfDay - draft.tickNsOfDay));
    return ordinal;
  }

  #writeTerms(draft: SignalDraft): void {
    const view = this.#view;
    view.setBigInt64(SignalSlot.parameter, draft.parameter, true);
    view.setBigInt64(SignalSlot.takeProfit, draft.takeProfit, true);
    view.setBigInt64(SignalSlot.stopLoss, draft.stopLoss, true);
    view.setUint32(SignalSlot.workForMs, draft.workForMs, true);
    view.setUint8(SignalSlot.timeInForce, draft.timeInForce);
    view.setUint8(SignalSlot.offset, draft.offset);
    view.setUint16(SignalSlot.flags, draft.flags, true);
  }
}

function writeUint53(view: DataView, offset: number, value: number): void {
  const high = Math.floor(value / two32);
  view.setUint32(offset, value - high * two32, true);
  view.setUint32(offset + 4, high, true);
}
