// Codec and dictionary: what is written is read again, in whatever pieces it comes; what is garbled
// is passed over and nothing else is; mutated bytes never make a message that a plain, slow reader
// would not take.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoney, timeFromMs } from '@ndts/protocol';
import { SeededRandom } from '../random/seeded-random.js';
import { checkMessage, FixGroups, forEachEntry } from './dictionary.js';
import type { FixMessage } from './message.js';
import { FixStream } from './stream.js';
import { MessageType, RejectReason, Tag } from './tags.js';
import { FixWriter } from './writer.js';

const soh = String.fromCharCode(1);
const at = timeFromMs(1_700_000_000_123);
const latin = (text: string): Uint8Array => Buffer.from(text.replaceAll('|', '\x01'), 'latin1');
const shown = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('latin1').replaceAll('\x01', '|');

/** A message with BodyLength and CheckSum as they must be. */
function framed(body: string, begin = 'FIX.4.4'): string {
  const text = `8=${begin}|9=${body.length}|${body}`;
  const sum = latin(text).reduce((total, byte) => total + byte, 0) % 256;
  return `${text}10=${String(sum).padStart(3, '0')}|`;
}

function readAll(stream: FixStream, ...pieces: readonly Uint8Array[]): string[] {
  const found: string[] = [];
  for (const piece of pieces) {
    stream.push(piece);
    while (stream.next()) {
      // Whatever it is, it can be checked.
      checkMessage(stream.message);
      found.push(shown(stream.message.copy()));
    }
  }
  return found;
}

function readOne(text: string): FixMessage {
  const stream = new FixStream();
  stream.push(latin(text));
  assert.ok(stream.next(), text);
  return stream.message;
}

const heartbeat = framed('35=0|49=A|56=B|34=2|52=20231114-22:13:20|');

test('a message is written with its length and sum, and read again', () => {
  const writer = new FixWriter('FIX.4.4');
  writer.begin(MessageType.newOrderSingle);
  writer.text(Tag.clOrdId, '7-1-0');
  writer.whole(Tag.msgSeqNum, 1_234_567);
  writer.flag(Tag.possDupFlag, true);
  writer.money(Tag.orderQty, parseMoney('-0.00000001'));
  writer.money(Tag.price, parseMoney('12345678901.5'));
  writer.time(Tag.transactTime, at);
  const bytes = writer.finish();
  assert.equal(
    shown(bytes),
    framed(
      '35=D|11=7-1-0|34=1234567|43=Y|38=-0.00000001|44=12345678901.5|60=20231114-22:13:20.123|',
    ),
  );
  const message = readOne(shown(bytes));
  assert.equal(message.type, 'D');
  assert.equal(message.text(Tag.clOrdId), '7-1-0');
  assert.equal(message.whole(Tag.msgSeqNum), 1_234_567);
  assert.equal(message.isYes(Tag.possDupFlag), true);
  assert.equal(message.money(Tag.orderQty), -1n);
  assert.equal(message.money(Tag.price), parseMoney('12345678901.5'));
  assert.deepEqual(message.time(Tag.transactTime), at);
  assert.deepEqual(
    [message.text(999), message.whole(999), message.money(999)],
    ['', -1, undefined],
  );
  assert.throws(() => writer.text(Tag.text, 'a\x0110=000'), /separator/);
  assert.throws(() => writer.text(Tag.text, ''), /empty/);
});

test('decimal numbers are exact, or there are none', () => {
  const cases: [string, string | undefined][] = [
    ['23', '23'],
    ['023.2300', '23.23'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-0.1', '-0.1'],
    ['00000000000000000001.1', '1.1'],
    ['90071992.54740993', '90071992.54740993'],
    ['123456789012345678.12345678', '123456789012345678.12345678'],
    ['0.123456780000', '0.12345678'],
    ['0.123456789', undefined],
    ['1e5', undefined],
    ['+1', undefined],
    ['-', undefined],
    ['.', undefined],
    ['1.2.3', undefined],
  ];
  for (const [text, value] of cases)
    assert.equal(
      readOne(framed(`35=8|31=${text}|`)).money(Tag.lastPx),
      value === undefined ? undefined : parseMoney(value),
      text,
    );
});

test('times are read to the nanosecond, or not at all', () => {
  const read = (text: string): unknown => readOne(framed(`35=0|52=${text}|`)).time(Tag.sendingTime);
  assert.deepEqual(read('20231114-22:13:20'), timeFromMs(1_700_000_000_000));
  assert.deepEqual(read('20240229-00:00:00.000000001'), { day: 19_782, nsOfDay: 1 });
  const bad = ['20230229-00:00:00', '20231114-24:00:00', '20231114-22:13:60', '20231114 22:13:20'];
  for (const text of [...bad, '20231114-22:13:20.', '20231114', '20231114-22:13:20.0000000001'])
    assert.equal(read(text), undefined, text);
});

test('data fields hold any byte, and groups their entries', () => {
  const data = readOne(framed('35=A|95=8|96=a|10=0|b|98=0|108=30|'));
  assert.equal(data.text(Tag.rawData), 'a\x0110=0\x01b');
  const fees = readOne(framed('35=8|136=2|137=1.5|139=4|137=2|139=5|58=x|'));
  const amounts: (bigint | undefined)[] = [];
  forEachEntry(fees, FixGroups.miscFees, (from, to) =>
    amounts.push(fees.money(Tag.miscFeeAmt, from, to)),
  );
  assert.deepEqual(amounts, [parseMoney('1.5'), parseMoney('2')]);
});

test('what is garbled is passed over, and what follows is read', () => {
  const good = heartbeat;
  const body = '35=0|49=A|56=B|34=2|52=20231114-22:13:20|';
  const cases: Record<string, string> = {
    'a wrong sum': good.replace(/10=\d{3}/, '10=999'),
    'a sum of two digits': good.replace(/10=\d{3}/, '10=12'),
    'no sum': good.replace(/10=\d{3}\|/, ''),
    'a length too small': good.replace(/9=\d+/, `9=${body.length - 1}`),
    'a length too large': good.replace(/9=\d+/, `9=${body.length + 1}`),
    'a length that is no number': good.replace(/9=\d+/, '9=4x'),
    'no length': good.replace(/9=\d+\|/, ''),
    'a length beyond the limit': good.replace(/9=\d+/, '9=9999999'),
    'a type that is not third': framed('49=A|35=0|56=B|34=2|52=20231114-22:13:20|'),
    'something before it': `xx8=F${good}`,
    noise: '\x00\xff8=FI\x018=FIX\x01',
  };
  for (const [what, text] of Object.entries(cases)) {
    const stream = new FixStream();
    const found = readAll(stream, latin(text + good + good + good));
    const isOnlyNoise = what === 'something before it';
    assert.equal(found.length, isOnlyNoise ? 4 : 3, what);
    assert.ok(
      found.every((one) => one === good),
      what,
    );
    assert.ok(stream.garbled > 0, what);
  }
});

test('the dictionary says what is wrong with a message, and nothing about strange fields', () => {
  const report = '37=V1|17=E1|150=0|39=0|55=X|54=1|14=0|';
  const cases: [string, RejectReason | undefined, number][] = [
    [`35=8|${report}9001=any|9001=more|`, undefined, 0],
    [`35=8|${report.replace('17=E1|', '')}`, RejectReason.requiredTagMissing, Tag.execId],
    [`35=8|${report}58=|`, RejectReason.tagWithoutValue, Tag.text],
    [`35=8|${report}x8=1|`, RejectReason.invalidTag, 0],
    [`35=8|${report}nothing|`, RejectReason.invalidTag, 0],
    [`35=8|${report}39=1|`, RejectReason.tagMoreThanOnce, Tag.ordStatus],
    [`35=8|${report}31=1e3|`, RejectReason.incorrectFormat, Tag.lastPx],
    [`35=8|${report}60=20231301-00:00:00|`, RejectReason.incorrectFormat, Tag.transactTime],
    [`35=8|${report}43=X|`, RejectReason.incorrectFormat, Tag.possDupFlag],
    [`35=8|${report}136=2|137=1|139=4|`, RejectReason.incorrectGroupCount, Tag.miscFeesCount],
    [`35=8|${report}136=1|139=4|137=1|`, RejectReason.groupOutOfOrder, Tag.miscFeeType],
    [`35=8|${report}136=2|137=1|139=4|137=2|139=4|`, undefined, 0],
    ['35=?|', RejectReason.invalidMessageType, 0],
  ];
  for (const [body, reason, tag] of cases) {
    const fault = checkMessage(readOne(framed(body)));
    assert.deepEqual(fault, reason === undefined ? undefined : { reason, tag }, body);
  }
});

/** Longer ones are garbled in the test of mutations. */
const longest = 2000;

const beginning = new RegExp(`^8=FIX[^${soh}]{0,11}${soh}9=(\\d{1,7})${soh}`);

/** Reads as the standard says it, one beginning after the other; slow and plain. */
function plainRead(text: string): string[] {
  const found: string[] = [];
  let at = text.indexOf('8=FIX');
  while (at >= 0) {
    const [head, digits] = beginning.exec(text.slice(at)) ?? [];
    const bodyStart = at + (head?.length ?? 0);
    const length = Number(digits);
    const body = text.slice(bodyStart, bodyStart + length);
    const trailer = text.slice(bodyStart + length, bodyStart + length + 7);
    let sum = 0;
    for (const letter of text.slice(at, bodyStart + length)) sum += letter.charCodeAt(0);
    const isGood =
      head !== undefined &&
      length >= 5 &&
      length <= longest &&
      body.startsWith('35=') &&
      body.endsWith('\x01') &&
      trailer === `10=${String(sum % 256).padStart(3, '0')}\x01`;
    const end = bodyStart + length + 7;
    if (isGood) found.push(text.slice(at, end));
    at = text.indexOf('8=FIX', isGood ? end : at + 1);
  }
  return found;
}

test('mutated streams: the same messages as the plain reader, in any pieces', (context) => {
  const given = process.env['NDTS_TEST_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  const random = new SeededRandom(seed);
  const rounds = process.env['NDTS_TEST_LONG'] === '1' ? 100_000 : 500;
  const bodies = [
    '35=0|49=A|56=B|34=2|52=20231114-22:13:20|',
    '35=8|37=V|17=E|150=0|39=0|55=X|54=1|14=0|136=1|137=2|58=8=FIX|',
    '35=A|98=0|108=30|95=12|96=8=FIX.4.4|9=1|',
    `35=3|45=1|58=${'long '.repeat(30)}|`,
  ];
  for (let round = 0; round < rounds; round++) {
    const parts = Array.from({ length: 1 + random.integer(6) }, () =>
      latin(framed(bodies[random.integer(bodies.length)] ?? '')),
    );
    let bytes = Buffer.concat(parts);
    for (let count = random.integer(4); count > 0; count--) {
      const where = random.integer(bytes.length);
      const kind = random.integer(4);
      if (kind === 0) bytes[where] = random.integer(256);
      else if (kind === 1) bytes[where] = '0123456789=|8'.charCodeAt(random.integer(13));
      else if (kind === 2)
        bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + 1)]);
      else bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where - (where % 7))]);
      if (bytes.length === 0) break;
    }
    // Enough that no wrong length waits for more.
    bytes = Buffer.concat([bytes, Buffer.alloc(longest, 32), latin(heartbeat.repeat(3))]);
    const stream = new FixStream(longest);
    const cut = random.integer(bytes.length);
    const found = readAll(stream, bytes.subarray(0, cut), bytes.subarray(cut));
    assert.deepEqual(
      found,
      plainRead(bytes.toString('latin1')).map((one) => shown(latin(one))),
    );
  }
});

test('a stream that comes byte by byte', () => {
  const bytes = latin(heartbeat + framed('35=1|112=T|'));
  const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(readAll(new FixStream(), ...pieces), [heartbeat, framed('35=1|112=T|')]);
});
