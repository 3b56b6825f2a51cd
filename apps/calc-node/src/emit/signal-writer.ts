// Signals as 128-byte slots of the instance's signal ring. Always: ordinals of an instance only
// grow, across restarts too: the high word is the generation, a durable counter of starts, the low
// word counts the signals of it. A start that goes on where one was cut off has the ordinals of
// that one. Where there is a log of inputs, it is asked before a signal leaves.

import { crc32 } from 'node:zlib';
import {
  type Clock,
  nsPerDay,
  type OrderStateName,
  SignalSlot,
  type Time,
  writeTime,
} from '@ndts/protocol';
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

/** Signals that nobody has answered, at least; a ring has no more. */
const unansweredMax = 8192;
/** The oldest are dropped so many at once: to find the first one of a Map is a walk over what was
 * dropped before, which each signal would have to wait for. */
const droppedAtOnce = 64;
/** Of cancels that are asked for again at once; and how often one is, of an order that has ended
 * long ago. */
const cancelsAtOnce = 50;
const cancelTriesMax = 3;

/** A cancel was received, or there is nothing to cancel. */
const noted: ReadonlySet<OrderStateName> = new Set([
  ...(['pendingCancel', 'denied', 'rejected', 'filled', 'canceled', 'expired'] as const),
]);

/** Who is asked before a signal leaves: with what time; undefined: it left before. */
export interface SignalLog {
  emitting(checksum: number, tickDay: number, tickNsOfDay: number): Time | undefined;
  /** What was asked for before is asked for again: cancels wait for what is known of it. */
  readonly isReplay: boolean;
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
  /** Slots of signals that left, by ordinal, until a change of their order is told. */
  readonly #unanswered = new Map<number, Uint8Array>();
  /** Orders whose end was asked for and that nobody has told of since: how often it was again. */
  readonly #cancels = new Map<number, number>();

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

  /** Signals that may be on their way, oldest first. */
  unanswered(): readonly Uint8Array[] {
    return [...this.#unanswered.values()];
  }

  /** Something was told of the order: its signal was received. */
  answered(order: number, state: OrderStateName): void {
    this.#unanswered.delete(order);
    if (noted.has(state)) this.#cancels.delete(order);
  }

  /** Orders whose end was asked for, which may not have been heard. */
  cancels(): readonly number[] {
    return [...this.#cancels.keys()];
  }

  /** Of a start that was cut off. */
  restoreCancels(orders: readonly number[]): void {
    for (const order of orders) this.#cancels.set(order, 0);
  }

  cancelAgain(): void {
    let count = 0;
    for (const [order, tries] of this.#cancels) {
      count += 1;
      if (count > cancelsAtOnce) return;
      if (tries < cancelTriesMax) this.#cancels.set(order, tries + 1);
      else this.#cancels.delete(order);
      this.#options.cancel(order);
    }
  }

  /** Of a start that was cut off: those above the highest that was received leave again. */
  giveAgain(slots: readonly Uint8Array[], highest: number): void {
    const { ring, bell } = this.#options;
    for (const slot of slots) {
      const view = new DataView(slot.buffer, slot.byteOffset);
      const ordinal = Number(view.getBigUint64(SignalSlot.ordinal, true));
      this.#keep(ordinal, slot);
      if (ordinal <= highest) continue;
      ring.publish(slot, 1);
      bell?.ring();
      this.#published += 1;
    }
  }

  #keep(ordinal: number, slot: Uint8Array): void {
    this.#unanswered.set(ordinal, slot);
    dropOldest(this.#unanswered);
  }

  cancel(order: number): void {
    this.#cancels.set(order, 0);
    dropOldest(this.#cancels);
    if (this.#log?.isReplay !== true) this.#options.cancel(order);
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
    // Before it leaves: the answer may be there at once.
    this.#keep(ordinal, this.#bytes.slice());
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

function dropOldest(kept: Map<number, unknown>): void {
  if (kept.size < unansweredMax + droppedAtOnce) return;
  for (const ordinal of kept.keys()) {
    if (kept.size === unansweredMax) return;
    kept.delete(ordinal);
  }
}

function writeUint53(view: DataView, offset: number, value: number): void {
  const high = Math.floor(value / two32);
  view.setUint32(offset, value - high * two32, true);
  view.setUint32(offset + 4, high, true);
}
