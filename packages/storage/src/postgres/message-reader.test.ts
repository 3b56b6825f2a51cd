// Messages come out whole however the bytes were cut, and what is no message ends the connection
// before it costs memory.

import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { BodyReader, MessageReader } from './message-reader.js';
import { PostgresError } from './postgres-error.js';
import { int16, int32, message, text, utf8 } from './wire-test-client.js';

const bytesMax = 4096;

function isViolation(error: unknown): boolean {
  return error instanceof PostgresError && error.sqlState === '08P01' && error.severity === 'FATAL';
}

function opened(): MessageReader {
  const reader = new MessageReader(bytesMax);
  reader.endStartup();
  return reader;
}

test('messages cut anywhere come out whole', () => {
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? 7);
  const random = new SeededRandom(seed);
  for (let round = 0; round < 200; round += 1) {
    const bodies = Array.from({ length: 1 + random.integer(8) }, () =>
      Buffer.from(Array.from({ length: random.integer(300) }, () => random.integer(256))),
    );
    const bytes = Buffer.concat(bodies.map((body) => message('Q', body)));
    const reader = opened();
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(
        bytes.length,
        at + 1 + random.integer(random.integer(2) === 0 ? 4 : 500),
      );
      reader.push(bytes.subarray(at, end));
      at = end;
      for (let one = reader.next(); one !== undefined; one = reader.next())
        found.push(Buffer.from(one.body));
    }
    deepEqual(found, bodies, `seed ${seed}, round ${round}`);
    equal(reader.bytes, 0);
  }
});

test('the first message has no letter', () => {
  const reader = new MessageReader(bytesMax);
  reader.push(message('', int32(196_608), text('user')));
  const first = reader.next();
  equal(first?.type, 0);
  equal(first?.body.readInt32BE(0), 196_608);
});

test('a length that cannot be is refused before its bytes are there', () => {
  for (const length of [0, 3, -1, bytesMax + 1, 0x7fffffff, -0x80000000]) {
    const reader = opened();
    reader.push(Buffer.concat([utf8('Q'), int32(length)]));
    throws(() => reader.next(), isViolation, String(length));
  }
});

test('garbage is an error or unfinished, and nothing else', () => {
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? 8);
  const random = new SeededRandom(seed);
  for (let round = 0; round < 2000; round += 1) {
    const reader = random.integer(2) === 0 ? opened() : new MessageReader(bytesMax);
    reader.push(Buffer.from(Array.from({ length: random.integer(64) }, () => random.integer(256))));
    try {
      for (let one = reader.next(); one !== undefined; one = reader.next()) {
        const body = new BodyReader(one.body);
        body.text();
        body.list(() => body.int32());
        body.bytes(body.int16());
        body.end();
      }
    } catch (error) {
      equal(error instanceof PostgresError, true, `seed ${seed}, round ${round}: ${String(error)}`);
    }
  }
});

test('a field stays within its message', () => {
  throws(() => new BodyReader(utf8('no end')).text(), isViolation);
  throws(() => new BodyReader(int16(1)).int32(), isViolation);
  throws(() => new BodyReader(int16(1)).bytes(-1), isViolation);
  const list = new BodyReader(Buffer.concat([int16(3), int32(1)]));
  throws(() => list.list(() => list.int32()), isViolation);
  throws(() => new BodyReader(int16(1)).end(), isViolation);
  const wrong = new BodyReader(Buffer.from([0xff, 0xfe, 0]));
  throws(() => wrong.text(), { sqlState: '22021' });
});
