// Values as PostgreSQL writes them: text and binary against plain models, and back.

import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { timeFromMs } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { valueOfBinary, valueOfText } from './bind-values.js';
import { writeNumeric } from './encode.js';
import { MessageWriter } from './message-writer.js';
import {
  instantOfMicroseconds,
  instantText,
  microsecondHalves,
  parseInstant,
  timeOfDayText,
} from './time-text.js';
import { types } from './types.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 11);

test('instants: text and back, with and without a zone', () => {
  const random = new SeededRandom(seed);
  for (let round = 0; round < 1000; round += 1) {
    const time = timeFromMs(Math.floor((random.next() - 0.3) * 4e12));
    const text = instantText(time.day, time.nsOfDay, 9);
    deepEqual(parseInstant(text), time, text);
    equal(new Date(text.replace(' ', 'T').replace('+00', 'Z')).getTime(), msOf(time), text);
  }
  const cases: [string, string | undefined][] = [
    ['2024-02-29 12:00:00.123456789+00', '2024-02-29 12:00:00.123456789+00'],
    ['2024-02-29T12:00:00.5Z', '2024-02-29 12:00:00.5+00'],
    ['2024-02-29T01:00:00+02:30', '2024-02-28 22:30:00+00'],
    ['2024-02-28 23:30:00-0100', '2024-02-29 00:30:00+00'],
    ['2024-02-29', '2024-02-29 00:00:00+00'],
    ['0001-01-01', '0001-01-01 00:00:00+00'],
    ['0099-12-31 23:00-02', '0100-01-01 01:00:00+00'],
    ['0001-02-29', undefined],
    ['2023-02-29', undefined],
    ['infinity', undefined],
    ['2024-13-01', undefined],
    ['2024-01-01 25:00', undefined],
  ];
  for (const [given, wanted] of cases) {
    const time = parseInstant(given);
    const found = time === undefined ? undefined : instantText(time.day, time.nsOfDay, 9);
    equal(found, wanted, given);
  }
});

function msOf(time: { day: number; nsOfDay: number }): number {
  return time.day * 86_400_000 + time.nsOfDay / 1e6;
}

test('digits that are not written are cut, not rounded', () => {
  equal(timeOfDayText(86_399_999_999_999, 6), '23:59:59.999999');
  equal(timeOfDayText(1_500_000_999, 6), '00:00:01.5');
  equal(timeOfDayText(999, 6), '00:00:00');
  equal(timeOfDayText(999, 9), '00:00:00.000000999');
  equal(instantText(Infinity, 0, 6), 'infinity');
  equal(instantText(-719_529, 0, 6), '0002-12-31 00:00:00+00 BC');
});

test('microseconds: both halves against whole arithmetic', () => {
  const random = new SeededRandom(seed + 1);
  for (let round = 0; round < 2000; round += 1) {
    const day = random.integer(2_000_000) - 800_000;
    const nsOfDay = random.integer(86_400) * 1e9 + random.integer(1_000_000_000);
    const wanted = BigInt(day - 10_957) * 86_400_000_000n + BigInt(Math.floor(nsOfDay / 1000));
    const { high, low } = microsecondHalves(day, nsOfDay);
    const found = (BigInt(high) << 32n) | BigInt(low >>> 0);
    equal(found, wanted, `seed ${seed}, ${day} ${nsOfDay}`);
    deepEqual(instantOfMicroseconds(wanted), { day, nsOfDay: Math.floor(nsOfDay / 1000) * 1000 });
  }
});

test('numeric: binary and back is the same number', () => {
  const random = new SeededRandom(seed + 2);
  const digits = (count: number): string =>
    Array.from({ length: count }, () => String(random.integer(10))).join('');
  for (let round = 0; round < 2000; round += 1) {
    const after = digits(random.integer(12));
    const before = digits(1 + random.integer(22)).replace(/^0+(?=\d)/, '');
    const whole = after === '' ? before : `${before}.${after}`;
    const text = random.integer(2) === 0 || /^[0.]*$/.test(whole) ? whole : `-${whole}`;
    const writer = new MessageWriter();
    writeNumeric(writer, text);
    const found = valueOfBinary(writer.take().subarray(4), types.numeric);
    const wanted = valueOfText(Buffer.from(text), types.numeric);
    equal(found, wanted, `seed ${seed}, ${text}`);
  }
});

test('parameters as text', () => {
  const value = (text: string, type: (typeof types)[keyof typeof types]) =>
    valueOfText(Buffer.from(text), type);
  equal(value('t', types.bool), true);
  equal(value('off', types.bool), false);
  equal(value('-5', types.int4), -5n);
  equal(value('9223372036854775807', types.int8), 2n ** 63n - 1n);
  equal(value('1e3', types.float8), 1000);
  equal(value('-Infinity', types.float8), -Infinity);
  equal(value('1.50', types.numeric), 1.5);
  equal(value('0.1234567890123456789', types.numeric), '0.1234567890123456789');
  equal(value('123456789012345678', types.numeric), 123456789012345678n);
  deepEqual(value('\\x00ff', types.bytea), Buffer.from([0, 255]));
  deepEqual(value('a\\\\\\001', types.bytea), Uint8Array.from([97, 92, 1]));
  deepEqual(value('2000-01-02', types.date), { day: 10_958, nsOfDay: 0 });
  equal(value("it's", types.text), "it's");
  for (const [text, type] of [
    ['', types.int4],
    ['1.0', types.int4],
    ['yup', types.bool],
    ['1,5', types.float8],
    ['x', types.numeric],
    ['\\x0', types.bytea],
    ['\\9', types.bytea],
  ] as const)
    throws(() => value(text, type), { sqlState: '22P02' }, text);
  for (const [text, type] of [
    ['32768', types.int2],
    ['-2147483649', types.int4],
    ['9223372036854775808', types.int8],
  ] as const)
    throws(() => value(text, type), { sqlState: '22003' }, text);
  throws(() => valueOfBinary(Buffer.alloc(3), types.int4), { sqlState: '22P03' });
  throws(() => valueOfBinary(Buffer.alloc(7), types.numeric), { sqlState: '22P03' });
  throws(() => valueOfText(Buffer.from([0xff]), types.text), { sqlState: '22021' });
});
