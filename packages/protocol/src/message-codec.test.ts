import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NdtsError } from './errors.js';
import {
  decodeCurrencyStanding,
  decodeFill,
  decodeLedgerStanding,
  decodeOrderIntent,
  encodeFill,
  encodeLedgerStanding,
  type Fill,
  MessageKind,
} from './generated/messages.js';
import { MessageReader, MessageWriter, messageKind } from './message-codec.js';

const fill: Fill = {
  venue: 'paper',
  tradeId: 'T-1',
  clientOrderId: '1-4294967297-0',
  symbol: 7,
  side: -1,
  quantity: 150_000_000n,
  price: 10_123_000_000n,
  fee: -1n,
  time: { day: 20_778, nsOfDay: 86_399_999_999_999 },
};

test('a fill survives its binary form', () => {
  assert.deepEqual(decodeFill(encodeFill(fill)), { ...fill, feeCurrency: '' });
  const other = { ...fill, feeCurrency: 'BNB' };
  assert.deepEqual(decodeFill(encodeFill(other)), other);
  assert.equal(messageKind(encodeFill(fill)), 4);
  assert.equal(messageKind(new Uint8Array(2)), 0);
});

test('every truncation and every longer text is refused', () => {
  const bytes = encodeFill(fill);
  for (let length = 0; length < bytes.length; length += 1)
    assert.throws(() => decodeFill(bytes.subarray(0, length)), NdtsError, `length ${length}`);
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  assert.throws(() => decodeFill(longer), NdtsError);
});

test('another kind is CORRUPT, a newer version VERSION_TOO_NEW', () => {
  assert.throws(() => decodeOrderIntent(encodeFill(fill)), { code: 'CORRUPT' });
  const newer = new MessageWriter(4, 99).finish();
  assert.throws(() => decodeFill(newer), { code: 'VERSION_TOO_NEW' });
});

test('a field that went is read of an older message, and dropped', () => {
  const old = new MessageWriter(MessageKind.CurrencyStanding, 1);
  old.str('CNY');
  old.u32(20_000);
  old.str('-7');
  const { currency, dayResult } = decodeCurrencyStanding(old.finish());
  assert.deepEqual([currency, dayResult], ['CNY', '-7']);
  assert.equal(decodeCurrencyStanding(old.finish()).otherFees, 0n, 'one that came later');
  const head = new MessageWriter(MessageKind.LedgerStanding, 1);
  for (const count of [9n, 1n, 2n, 3n]) head.i64(count);
  head.str('HALTED');
  head.str('anna: news');
  head.u32(20_000);
  head.str('-7');
  const read = decodeLedgerStanding(head.finish());
  assert.deepEqual(read, {
    ...{ sequence: 9n, intents: 1n, denied: 2n, fills: 3n },
    ...{ tradingState: 'HALTED', tradingReason: 'anna: news', dayResult: '-7' },
  });
  assert.deepEqual(decodeLedgerStanding(encodeLedgerStanding(read)), read);
});

test('long texts grow the buffer; beyond u16 they are refused', () => {
  const writer = new MessageWriter(9, 1);
  writer.str('x'.repeat(60_000));
  writer.u8(5);
  writer.u16(6);
  const reader = new MessageReader(writer.finish(), 9, 1);
  assert.equal(reader.str().length, 60_000);
  assert.equal(reader.u8(), 5);
  assert.equal(reader.u16(), 6);
  reader.finish();
  assert.throws(() => writer.str('x'.repeat(70_000)), { code: 'INVALID_ARGUMENT' });
});

test('money beyond int64 is refused', () => {
  assert.throws(() => encodeFill({ ...fill, price: 2n ** 63n }), { code: 'INVALID_ARGUMENT' });
});

test('growth at any field keeps every field', () => {
  for (let pad = 200; pad < 260; pad += 1) {
    const writer = new MessageWriter(9, 1);
    writer.str('p'.repeat(pad));
    writer.u8(1);
    writer.u32(2);
    writer.i32(-3);
    writer.f64(4.5);
    writer.i64(-6n);
    writer.time({ day: 7, nsOfDay: 8 });
    writer.str('end');
    const reader = new MessageReader(writer.finish(), 9, 1);
    assert.equal(reader.str().length, pad);
    assert.equal(reader.u8(), 1);
    assert.equal(reader.u32(), 2);
    assert.equal(reader.i32(), -3);
    assert.equal(reader.f64(), 4.5);
    assert.equal(reader.i64(), -6n);
    assert.deepEqual(reader.time(), { day: 7, nsOfDay: 8 });
    assert.equal(reader.str(), 'end');
    reader.finish();
  }
});

test('two writers at once, and what was handed out before, never touch each other', () => {
  const first = encodeFill(fill);
  const one = new MessageWriter(1, 1);
  const two = new MessageWriter(2, 1);
  for (let index = 0; index < 20_000; index += 1) {
    one.u32(index);
    two.u32(~index >>> 0);
  }
  const three = encodeFill({ ...fill, tradeId: 'ü€😀' });
  const a = new MessageReader(one.finish(), 1, 1);
  const b = new MessageReader(two.finish(), 2, 1);
  for (let index = 0; index < 20_000; index += 1) {
    assert.equal(a.u32(), index);
    assert.equal(b.u32(), ~index >>> 0);
  }
  assert.deepEqual(decodeFill(first), { ...fill, feeCurrency: '' });
  assert.equal(decodeFill(three).tradeId, 'ü€😀');
});
