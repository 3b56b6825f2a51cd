// Values and frames: what goes in comes out, bit for bit and in pieces of any size; and whatever
// bytes come, reading stays inside them and says CORRUPT.

import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { encodeFrame, type Frame, FrameReader, frameHeaderBytes, frameKinds } from './frame.js';
import { readValue, type Value, valueBytes, writeValue } from './values.js';

function randomOf(context: TestContext): SeededRandom {
  // ambient: lets a person repeat a failed run
  const seed = Number(process.env['NDTS_SEED'] ?? 31);
  context.diagnostic(`NDTS_SEED=${seed}`);
  return new SeededRandom(seed);
}

function encoded(value: Value): ArrayBuffer {
  const bytes = new Uint8Array(valueBytes(value));
  writeValue(value, bytes);
  return bytes.buffer;
}

const plain: readonly (() => Value)[] = [
  () => null,
  () => undefined,
  () => true,
  () => false,
  () => -0,
  () => Number.NaN,
  () => Number.NEGATIVE_INFINITY,
  () => -(2n ** 63n),
  () => 2n ** 63n - 1n,
  () => '',
  () => 'größer \u{1f600}',
  () => new Uint8Array(0),
];

function randomValue(random: SeededRandom, depth: number): Value {
  const kind = random.integer(depth > 3 ? 4 : 6);
  const length = random.integer(9);
  if (kind === 0) return plain[random.integer(plain.length)]?.();
  if (kind === 1) return random.next() * 2 ** random.integer(60);
  if (kind === 2) return 'x'.repeat(length);
  if (kind === 3) {
    const bytes = Uint8Array.from({ length: 8 * length }, () => random.integer(256));
    const arrays = [
      bytes,
      new Int32Array(bytes.buffer),
      new Uint32Array(bytes.buffer),
      Float32Array.from(bytes),
      Float64Array.from(bytes),
      new BigInt64Array(bytes.buffer),
      new BigUint64Array(bytes.buffer),
      bytes.buffer,
    ];
    return arrays[random.integer(arrays.length)];
  }
  if (kind === 4) return Array.from({ length }, () => randomValue(random, depth + 1));
  const names = Array.from({ length }, (_, at) => (at === 0 ? '__proto__' : `n${at}`));
  const entries = names.map((name): [string, Value] => [name, randomValue(random, depth + 1)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

test('values come back as they went in', (context) => {
  const random = randomOf(context);
  for (const make of plain) deepEqual(readValue(encoded(make()), valueBytes(make())), make());
  for (let round = 0; round < 500; round += 1) {
    const value = randomValue(random, 0);
    const buffer = encoded(value);
    deepEqual(readValue(buffer, buffer.byteLength), value);
  }
});

test('what cannot be sent is refused', () => {
  for (const wrong of [2n ** 63n, () => 1, new Map(), new Date(0), Symbol('x')])
    throws(() => encoded(wrong as unknown as Value), { code: 'INVALID_ARGUMENT' });
});

test('whatever the bytes are, reading stays inside them', (context) => {
  const random = randomOf(context);
  let refused = 0;
  for (let round = 0; round < 2000; round += 1) {
    const buffer = encoded(randomValue(random, 0));
    const bytes = new Uint8Array(buffer);
    if (bytes.length === 0) continue;
    for (let left = random.integer(3); left >= 0; left -= 1)
      bytes[random.integer(bytes.length)] = random.integer(256);
    const length = random.integer(4) === 0 ? random.integer(bytes.length + 1) : bytes.length;
    try {
      readValue(buffer, length);
    } catch (error) {
      ok(error instanceof NdtsError && error.code === 'CORRUPT', String(error));
      refused += 1;
    }
  }
  ok(refused > 100);
  // A count that lies, and nesting without end.
  throws(() => readValue(Uint8Array.of(8, 255, 255, 255, 255).buffer, 5), { code: 'CORRUPT' });
  const deep = new Uint8Array(5 * 1000);
  for (let at = 0; at < deep.length; at += 5) deep.set([8, 1, 0, 0, 0], at);
  throws(() => readValue(deep.buffer, deep.length), { code: 'CORRUPT' });
});

test('frames come out of pieces of any size', (context) => {
  const random = randomOf(context);
  const sent: Value[] = Array.from({ length: 40 }, () => randomValue(random, 0));
  sent.push(new Uint8Array(5 * 1024 * 1024).fill(7));
  const bytes = Buffer.concat(sent.map((value, at) => encodeFrame(frameKinds.item, at + 1, value)));
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.integer(at < 5000 ? 40 : 300_000);
    reader.push(bytes.subarray(at, end));
    at = end;
  }
  deepEqual(
    frames.map(({ value }) => value),
    sent,
  );
  deepEqual(
    frames.map(({ request }) => request),
    sent.map((_, at) => at + 1),
  );
  equal(
    frames.reduce((sum, frame) => sum + frame.bytes, 0),
    bytes.length,
  );
});

test('a header that is none is CORRUPT', () => {
  const good = encodeFrame(frameKinds.call, 9, 'x');
  for (let at = 0; at < frameHeaderBytes; at += 1) {
    const bad = good.slice();
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    const reader = new FrameReader(() => undefined);
    throws(() => reader.push(bad), { code: 'CORRUPT' }, `byte ${at}`);
  }
});
