// Signals as the layout has them; ordinals that only grow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderType, parseMoney, readTime, SignalSlot } from '@ndts/protocol';
import { type SignalDraft, SignalWriter } from './signal-writer.js';

const draft: SignalDraft = {
  symbol: 12,
  side: -1,
  quantity: parseMoney('2.5'),
  limitPrice: 0n,
  tickDay: 20_000,
  tickNsOfDay: 123_456_789,
  shard: 3,
  epoch: 2,
  sequence: 2 ** 35 + 7,
  factorValue: 1.25,
  price: 99.5,
};

function collect(generation: number): { writer: SignalWriter; slots: DataView[] } {
  const slots: DataView[] = [];
  const ring = {
    publish: (bytes: Uint8Array) => void slots.push(new DataView(bytes.slice().buffer)),
    close: () => {},
  };
  return { writer: new SignalWriter({ ring, instance: 4, generation, validForMs: 2000 }), slots };
}

test('a signal reads back field by field', () => {
  const { writer, slots } = collect(6);
  writer.emit(draft, { day: 20_000, nsOfDay: 123_500_000 });
  const slot = slots[0]!;
  assert.deepEqual(readTime(slot, SignalSlot.time), { day: 20_000, nsOfDay: 123_500_000 });
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
});

test('ordinals grow by one, and over generations', () => {
  const older = collect(6);
  const newer = collect(7);
  const now = { day: 20_000, nsOfDay: 0 };
  for (let turn = 0; turn < 3; turn += 1) older.writer.emit(draft, now);
  newer.writer.emit({ ...draft, limitPrice: 5n }, now);
  const ordinals = [...older.slots, ...newer.slots].map((slot) =>
    slot.getBigUint64(SignalSlot.ordinal, true),
  );
  const base = 6n * 2n ** 32n;
  assert.deepEqual(ordinals, [base + 1n, base + 2n, base + 3n, 7n * 2n ** 32n + 1n]);
  assert.equal(newer.slots[0]!.getUint32(SignalSlot.orderType, true), OrderType.limit);
});
