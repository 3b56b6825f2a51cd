// One signal, read from its 128-byte slot by the schema's offsets into an object that is used
// again. What always holds: nothing of it is trusted yet; intake and risk check it.

import { nsBetween, readTime, SignalSlot, type Time } from '@ndts/protocol';
import type { OrderDraft } from './draft.js';

const two32 = 4_294_967_296;
const zero: Time = { day: 0, nsOfDay: 0 };

export class Signal implements OrderDraft {
  time: Time = zero;
  tickTime: Time = zero;
  symbol = 0;
  /** As the slot says; intake compares it with the ring's. */
  instance = 0;
  /** Exact below 2^53. */
  ordinal = 0;
  side = 0;
  orderType = 0;
  quantity = 0n;
  limitPrice = 0n;
  validForMs = 0;
  shard = 0;
  epoch = 0n;
  sequence = 0n;
  factorValue = 0;
  parameter = 0n;
  takeProfit = 0n;
  stopLoss = 0n;
  workForMs = 0;
  timeInForce = 0;
  offset = 0;
  flags = 0;
  /** A signal has no room for one. */
  readonly profile = '';

  read(view: DataView, at: number): void {
    this.time = readTime(view, at + SignalSlot.time);
    this.tickTime = readTime(view, at + SignalSlot.tickTime);
    this.symbol = view.getUint32(at + SignalSlot.symbol, true);
    this.instance = view.getUint32(at + SignalSlot.instance, true);
    this.ordinal =
      view.getUint32(at + SignalSlot.ordinal + 4, true) * two32 +
      view.getUint32(at + SignalSlot.ordinal, true);
    this.side = view.getInt32(at + SignalSlot.side, true);
    this.orderType = view.getUint32(at + SignalSlot.orderType, true);
    this.quantity = view.getBigInt64(at + SignalSlot.quantity, true);
    this.limitPrice = view.getBigInt64(at + SignalSlot.limitPrice, true);
    this.validForMs = view.getUint32(at + SignalSlot.validForMs, true);
    this.shard = view.getUint32(at + SignalSlot.shard, true);
    this.epoch = view.getBigUint64(at + SignalSlot.epoch, true);
    this.sequence = view.getBigUint64(at + SignalSlot.sequence, true);
    this.factorValue = view.getFloat64(at + SignalSlot.factorValue, true);
    this.parameter = view.getBigInt64(at + SignalSlot.parameter, true);
    this.takeProfit = view.getBigInt64(at + SignalSlot.takeProfit, true);
    this.stopLoss = view.getBigInt64(at + SignalSlot.stopLoss, true);
    this.workForMs = view.getUint32(at + SignalSlot.workForMs, true);
    this.timeInForce = view.getUint8(at + SignalSlot.timeInForce);
    this.offset = view.getUint8(at + SignalSlot.offset);
    this.flags = view.getUint16(at + SignalSlot.flags, true);
  }

  /** True when it may no longer be acted on. */
  expired(now: Time): boolean {
    return nsBetween(now, this.time) > this.validForMs * 1e6;
  }
}
