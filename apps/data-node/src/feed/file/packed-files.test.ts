// Files that are packed: what comes of them is what comes of the plain ones, whatever somebody
// packed is refused in words, and nothing that was unpacked is left.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createTickBatch } from '@ndts/protocol';
import { fileFeed, filesIn, rowsOf, turn, type ZipFile, zipOf } from './file-test-kit.js';
import { removeUnpacked, type UnpackPlace } from './unpack.js';

const header = 'time,symbol,price,volume\n';
const line = (at: number): string =>
  `2026-01-02T09:30:${String(at).padStart(2, '0')}Z,A,${100 + at},1\n`;
const csv = (...lines: readonly number[]): string => header + lines.map(line).join('');
const trades = '7,100.5,0.5,50.0,1735689600000000,true,true\n';

function placeIn(test: TestContext, bytesMax = 1e9): UnpackPlace {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-unpack-'));
  test.after(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, bytesMax };
}

const pricesOf = (ticks: readonly string[]): (string | undefined)[] =>
  ticks.map((one) => one.split(' ')[2]);

test('packed files are read as plain ones, by content, in the order of names', async (context) => {
  const unpack = placeIn(context);
  const files = {
    'one.zip': zipOf([
      { name: 'x/', text: '', method: 0 },
      { name: 'x/b.csv', text: csv(2), method: 0 },
      { name: '../../a.csv', text: csv(1), isWide: true },
      { name: 'x/README', text: 'no data' },
    ]),
    'two.csv.gz': gzipSync(csv(3)),
    'three.csv': Buffer.concat([gzipSync(csv(4)), gzipSync(line(5))]),
    'four.csv': csv(6),
    'five.gz': zipOf([{ name: 'anything', text: csv(7) }], 'a comment'),
  };
  const rows = await rowsOf(filesIn(context, files), { unpack });
  assert.deepEqual(pricesOf(rows.ticks), ['101', '102', '103', '104', '105', '106', '107']);
  assert.deepEqual(rows.rejects, []);
  assert.deepEqual(readdirSync(unpack.dir), []);
});

test('formats are recognised by the name in the zip', async (context) => {
  const unpack = placeIn(context);
  const packed = zipOf([{ name: 'BTCUSDT-trades-2025-01-01.csv', text: trades }]);
  const paths = filesIn(context, { 'download.zip': packed });
  const rows = await rowsOf([...paths], { unpack });
  assert.deepEqual(rows.trades, ['2025-01-01T00:00:00.Z BTCUSDT 100.5 0.5 7 6']);
});

// Python wrote them: the sizes behind the data; and all numbers in the wide form (zip64).
const otherZip =
  'UEsDBBQACAAIAAAAJVwAAAAAAAAAAAAAAAAFAAAAYi5jc3YrycxN1SmuzE3Kz9EpKMpMTtUpy88pzU3lMjIw' +
  'MtM1MNQ1MAoxsLQyNrAyMIrScdQxNDDSMeQCAFBLBwhG+mGdOAAAADYAAABQSwMEFAAIAAgAAAAlXAAAAAAA' +
  'AAAAAAAAAAUAAABhLmNzdivJzE3VKa7MTcrP0SkoykxO1SnLzynNTeUyMjAy0zUw1DUwCjGwtDI2sDIwjNJx' +
  '1DE0MNQx5AIAUEsHCKkzNhY4AAAANgAAAFBLAQIUAxQACAAIAAAAJVxG+mGdOAAAADYAAAAFAAAAAAAAAAAA' +
  'AACAAQAAAABiLmNzdlBLAQIUAxQACAAIAAAAJVypMzYWOAAAADYAAAAFAAAAAAAAAAAAAACAAWsAAABhLmNz' +
  'dlBLBQYAAAAAAgACAGYAAADWAAAAAAA=';
const otherWideZip =
  'UEsDBC0AAAAIAAAAJVxG+mGd//////////8FABQAYi5jc3YBABAANgAAAAAAAAA4AAAAAAAAACvJzE3VKa7M' +
  'TcrP0SkoykxO1SnLzynNTeUyMjAy0zUw1DUwCjGwtDI2sDIwitJx1DE0MNIx5AIAUEsDBC0AAAAIAAAAJVyp' +
  'MzYW//////////8FABQAYS5jc3YBABAANgAAAAAAAAA4AAAAAAAAACvJzE3VKa7MTcrP0SkoykxO1SnLzynN' +
  'TeUyMjAy0zUw1DUwCjGwtDI2sDIwjNJx1DE0MNQx5AIAUEsBAi0DLQAAAAgAAAAlXEb6YZ3//////////wUA' +
  'FAAAAAAAAAAAAIABAAAAAGIuY3N2AQAQADYAAAAAAAAAOAAAAAAAAABQSwECLQMtAAAACAAAACVcqTM2Fv//' +
  '////////BQAcAAAAAAAAAAAAgAH/////YS5jc3YBABgANgAAAAAAAAA4AAAAAAAAAG8AAAAAAAAAUEsGBiwA' +
  'AAAAAAAALQAtAAAAAAAAAAAAAgAAAAAAAAACAAAAAAAAAJYAAAAAAAAA3gAAAAAAAABQSwYHAAAAAHQBAAAA' +
  'AAAAAQAAAFBLBQYAAAAAAgACAJYAAADeAAAAAAA=';

test('a zip that another program wrote, as a stream and with wide numbers', async (context) => {
  const unpack = placeIn(context);
  for (const text of [otherZip, otherWideZip]) {
    const paths = filesIn(context, { 'other.zip': Buffer.from(text, 'base64') });
    assert.deepEqual(pricesOf((await rowsOf(paths, { unpack })).ticks), ['101', '102']);
  }
});

const text = csv(1, 2, 3);
const one = (file: Partial<ZipFile>): Buffer => zipOf([{ name: 'a.csv', text, ...file }]);
const bomb = 'x'.repeat(3_000_000);
const hostile: readonly (readonly [what: string, content: Buffer, why: RegExp])[] = [
  ['wrong checksum', one({ crc: 1 }), /packed: a\.csv: its checksum/],
  ['encrypted', one({ isEncrypted: true }), /a\.csv: it is encrypted/],
  ['another method', one({ method: 12 }), /method 12; expected 0/],
  ['more than it says', one({ bytes: 10 }), /a\.csv: unpacked it is larger than 10/],
  ['less than it says', one({ bytes: text.length + 1 }), /expected \d+ bytes, found \d+/],
  ['more than can be', one({ bytes: 0xfffffff0 }), /cannot have been 4294967280/],
  ['no header there', one({ headerAt: 3 }), /no header where it should/],
  ['behind the end', one({ headerAt: 5000 }), /behind the end/],
  [
    'one over the other',
    zipOf([
      { name: 'a.csv', text },
      { name: 'b.csv', text, headerAt: 9 },
    ]),
    /lies over another/,
  ],
  ['a bomb', one({ text: bomb }), /larger than 1000000 bytes \(feed\.unpackedBytesMax/],
  ['a bomb of gzip', gzipSync(bomb), /larger than 1000000 bytes/],
  ['cut off', one({}).subarray(0, 90), /no directory at its end/],
  ['gzip cut off', gzipSync(text).subarray(0, -12), /damaged: unexpected end/],
  [
    'gzip with a wrong checksum',
    Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8, 1)]),
    /damaged: incorrect data check/,
  ],
  [
    'no data in it',
    zipOf([
      { name: 'a', text },
      { name: 'b', text },
    ]),
    /no CSV .* \(it has a, b\)/,
  ],
  ['nothing in it', zipOf([]), /it is empty/],
  ['another packing', Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0), /packed as zstd: unpack it first/],
];

test('what cannot be unpacked is refused in words, and the rest goes on', async (context) => {
  const unpack = placeIn(context, 1_000_000);
  for (const [what, content, why] of hostile) {
    const paths = filesIn(context, { packed: content, 'good.csv': csv(9) });
    await assert.rejects(rowsOf(paths, { unpack }), why, what);
    const rows = await rowsOf([...paths].reverse().concat(paths[1] ?? ''), { unpack });
    assert.deepEqual(pricesOf(rows.ticks), ['109', '109'], what);
    assert.match(rows.rejects[0]?.reason ?? '', why, what);
    assert.deepEqual(readdirSync(unpack.dir), [], what);
  }
});

test('a zip of files of no use is given up, one of empty ones costs no disk', async (t) => {
  const unpack = placeIn(t);
  const many = (text: string): ZipFile[] =>
    Array.from({ length: 150 }, (_, at) => ({ name: `b${at}.csv`, text }));
  const first = { name: 'a.csv', text: csv(1) };
  const files = {
    '1.zip': zipOf([first, ...many(''), { name: 'c.csv', text: csv(2) }]),
    '2.zip': zipOf([first, ...many('x'), { name: 'c.csv', text: csv(3) }]),
    '3.csv': csv(4),
  };
  const { ticks, rejects } = await rowsOf(filesIn(t, files), { unpack });
  assert.deepEqual(pricesOf(ticks), ['101', '102', '101', '104']);
  assert.equal(rejects.filter(({ reason }) => reason.includes('it is empty')).length, 150);
  assert.equal(rejects.length, 150 + 101);
  assert.match(rejects[0]!.reason, /2\.zip: 100 files in a row .* 51 more are passed over/);
  assert.deepEqual(readdirSync(unpack.dir), []);
});

test('it goes on in the part where it was, and a stop leaves nothing', async (context) => {
  const unpack = placeIn(context);
  const packed = zipOf([
    { name: 'b.csv', text: csv(3, 4) },
    { name: 'a.csv', text: csv(1, 2) },
  ]);
  const { feed } = fileFeed(filesIn(context, { packed }), { unpack });
  const batch = createTickBatch(1);
  const seen: number[] = [];
  for (let turns = 0; !feed.stats().isEnded && turns < 5000; turns += 1) {
    await feed.connect();
    await turn();
    const before = seen.length;
    while (feed.poll(batch) > 0) seen.push(batch.price[0] ?? 0);
    if (seen.length === before) continue;
    await feed.disconnect();
    assert.deepEqual(readdirSync(unpack.dir), []);
  }
  assert.deepEqual(seen, [101, 102, 103, 104]);
  await feed.disconnect();
  const large = fileFeed(filesIn(context, { large: gzipSync('1,2,3\n'.repeat(300_000)) }), {
    unpack,
  }).feed;
  const connected = large.connect();
  while (large.stats().reason === '') await turn();
  assert.match(large.stats().reason, /^unpacking .*large: \d+ %$/);
  await large.disconnect();
  await connected;
  assert.deepEqual(readdirSync(unpack.dir), []);
});

test('what a crash left is removed, and nothing else', async (context) => {
  const { dir } = placeIn(context);
  mkdirSync(join(dir, 'feed-abc'));
  writeFileSync(join(dir, 'feed-abc', 'data'), 'x');
  writeFileSync(join(dir, 'other'), 'x');
  await removeUnpacked(dir);
  await removeUnpacked(join(dir, 'nowhere'));
  assert.deepEqual(readdirSync(dir), ['other']);
});
