// Signals as the layout has them; ordinals that only grow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addNs,
  OrderFlags,
  OrderType,
  parseMoney,
  readTime,
  SignalSlot,
  TimeInForce,
} from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { type SignalDraft, SignalWriter } from './signal-writer.js';

const draft: SignalDraft = {
  symbol: 12,
  side: -1,
  quantity: parseMoney('2.5'),
  orderType: OrderType.market,
  limitPrice: 0n,
  parameter: 0n,
  takeProfit: 0n,
  stopLoss: 0n,
  workForMs: 0,
  timeInForce: 0,
  offset: 0,
  flags: 0,
  tickDay: 20_000,
  tickNsOfDay: 123_456_789,
  shard: 3,
  epoch: 2,
  sequence: 2 ** 35 + 7,
  factorValue: 1.25,
  price: 99.5,
};

const cancelled: number[] = [];

/** 40 ms after the tick. */
function collect(generation: number): { writer: SignalWriter; slots: DataView[] } {
  const slots: DataView[] = [];
  const ring = {
    publish: (bytes: Uint8Array) => void slots.push(new DataView(bytes.slice().buffer)),
    close: () => {},
  };
  const time = addNs({ day: draft.tickDay, nsOfDay: draft.tickNsOfDay }, 40_000_000);
  const clock = Object.assign(new VirtualClock(), { now: () => time });
  const cancel = (order: number): void => void cancelled.push(order);
  const common = { ring, clock, cancel, instance: 4, validForMs: 2000 };
  return { writer: new SignalWriter({ ...common, generation }), slots };
}

test('a signal reads back field by field', () => {
  const { writer, slots } = collect(6);
  assert.equal(writer.emit(draft), 6 * 2 ** 32 + 1);
  const slot = slots[0]!;
  assert.deepEqual(readTime(slot, SignalSlot.time), { day: 20_000, nsOfDay: 163_456_789 });
  assert.deepEqual(readTime(slot, SignalSlot.tickTime), { day: 20_000, nsOfDay: 123_456_789 });
  assert.equal(slot.getUint32(SignalSlot.symbol, true), 12);
  assert.equal(slot.getUint32(SignalSlot.instance, true), 4);
  assert.equal(slot.getInt32(SignalSlot.side, true), -1);
  assert.equal(slot.getUint32(SignalSlot.orderType, true), OrderType.market);
  assert.equal(slot.getBigInt64(SignalSlot.quantity, true), 250_000_000n);
  assert.equal(slot.getBigInt64(SignalSlot.limitPrice, true), 0n);
  assert.equal(slot.getUint32(SignalSlot.validForMs, true), 2000);
  assert.equal(slot.getBigUint64(SignalSlot.epoch, true), 2n);
  assert.equal(slot.getBigUint64(SignalSlot.sequence, true), 2n ** 35n + 7n);
  assert.equal(slot.getFloat64(SignalSlot.factorValue, true), 1.25);
  assert.equal(slot.getFloat64(SignalSlot.price, true), 99.5);
  assert.deepEqual([writer.latency.snapshot().count, writer.latency.snapshot().maxNs], [1, 4e7]);
});

test('ordinals grow by one, and over generations', () => {
  const older = collect(6);
  const newer = collect(7);
  for (let turn = 0; turn < 3; turn += 1) older.writer.emit(draft);
  newer.writer.emit(draft);
  const ordinals = [...older.slots, ...newer.slots].map((slot) =>
    slot.getBigUint64(SignalSlot.ordinal, true),
  );
  const base = 6n * 2n ** 32n;
  assert.deepEqual(ordinals, [base + 1n, base + 2n, base + 3n, 7n * 2n ** 32n + 1n]);
});

test('terms are in the slot, and those of one order not in the next one', () => {
  const { writer, slots } = collect(6);
  writer.emit({
    ...draft,
    ...{ orderType: OrderType.stopLimit, limitPrice: 5n, parameter: 6n, takeProfit: 7n },
    ...{ stopLoss: 8n, workForMs: 9000, timeInForce: TimeInForce.gtd, offset: 2 },
    flags: OrderFlags.postOnly | OrderFlags.reduceOnly,
  });
  writer.emit(draft);
  const terms = slots.map((slot) => [
    slot.getUint32(SignalSlot.orderType, true),
    slot.getBigInt64(SignalSlot.limitPrice, true),
    slot.getBigInt64(SignalSlot.parameter, true),
    slot.getBigInt64(SignalSlot.takeProfit, true),
    slot.getBigInt64(SignalSlot.stopLoss, true),
    slot.getUint32(SignalSlot.workForMs, true),
    slot.getUint8(SignalSlot.timeInForce),
    slot.getUint8(SignalSlot.offset),
    slot.getUint16(SignalSlot.flags, true),
  ]);
  assert.deepEqual(terms, [
    [OrderType.stopLimit, 5n, 6n, 7n, 8n, 9000, TimeInForce.gtd, 2, 3],
    [OrderType.market, 0n, 0n, 0n, 0n, 0, 0, 0, 0],
  ]);
});

test('what nobody has answered is given again, and what has been is not', () => {
  const { writer } = collect(6);
  const orders = [writer.emit(draft), writer.emit(draft), writer.emit(draft)];
  const [first = 0, second = 0, third = 0] = orders;
  cancelled.length = 0;
  for (const order of orders) writer.cancel(order);
  writer.answered(first, 'accepted');
  writer.answered(second, 'canceled');
  const next = collect(7);
  next.writer.giveAgain(writer.unanswered(), second);
  next.writer.restoreCancels(writer.cancels());
  assert.equal(next.slots.length, 1, 'the first two were received');
  assert.equal(next.slots[0]!.getBigUint64(SignalSlot.ordinal, true), BigInt(third));
  cancelled.length = 0;
  next.writer.cancelAgain();
  assert.deepEqual(cancelled, [first, third]);
  next.writer.answered(third, 'pendingCancel');
  for (let time = 0; time < 9; time += 1) next.writer.cancelAgain();
  assert.ok(cancelled.filter((order) => order === first).length < 5, 'not without end');
  assert.equal(cancelled.filter((order) => order === third).length, 1);
});

test('of what is never answered the newest are kept, as many as a ring has', () => {
  const { writer } = collect(6);
  const count = 3 * 8192 + 17;
  for (let turn = 1; turn <= count; turn += 1) writer.cancel(writer.emit(draft));
  const kept = writer
    .unanswered()
    .map((slot) => new DataView(slot.buffer).getUint32(SignalSlot.ordinal, true));
  assert.ok(kept.length >= 8192 && kept.length < 8192 + 64, `${kept.length} signals`);
  assert.deepEqual([kept[0], kept.at(-1)], [count - kept.length + 1, count]);
  const base = 6 * 2 ** 32;
  assert.deepEqual([...writer.cancels()], [...kept.map((ordinal) => base + ordinal)]);
});
