// LZ4 frames as another program made them, whole and broken.

import { deepEqual, equal, rejects, throws } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CompressionType,
  compressionRegistry,
  Table,
  TimestampMillisecond,
  tableToIPC,
  vectorFromArray,
} from 'apache-arrow';
import { unpackLz4Frame } from './lz4-frame.js';
import { importInto, makeRoot, openTestFolder, rowsOf } from './transfer-test-kit.js';

const plain = 'abc'.repeat(160) + String.fromCharCode(...Array.from({ length: 64 }, (_, at) => at));

/** Of the library of Arrow for C++. */
const packedText =
  'BCJNGGBAgkoAAAA/YWJjAwD/y/AxAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v' +
  'MDEyMzQ1Njc4OTo7PD0+PwAAAAA=';
const packed = Buffer.from(packedText, 'base64');

test('a frame is unpacked; one that is not whole is an error', () => {
  equal(Buffer.from(unpackLz4Frame(packed)).toString('latin1'), plain);
  const broken = { code: 'INVALID_ARGUMENT', message: /packed bytes are not whole/ };
  for (let length = 0; length < packed.length; length += 1)
    throws(() => unpackLz4Frame(packed.subarray(0, length)), broken, `${length}`);
  // The first distance, which looks back before the beginning.
  const changed = Buffer.from(packed);
  changed.writeUInt16LE(4, 15);
  throws(() => unpackLz4Frame(changed), broken);
});

test('blocks that are not packed, and the size in front of them', () => {
  const text = '04224d18' + '48400300000000000000' + '00' + '03000080' + '010203' + '00000000';
  equal(Buffer.from(unpackLz4Frame(Buffer.from(text, 'hex'))).toString('hex'), '010203');
});

/** A frame of one block: of words of eight bytes that are all equal packed, else as they are. */
function frameOf(bytes: Uint8Array): Uint8Array {
  const isEqual = bytes.length >= 64 && bytes.every((one, at) => at < 8 || one === bytes[at - 8]);
  const more = bytes.length - 8 - 5 - 4 - 15;
  const length = [...Array<number>(Math.max(0, Math.floor(more / 255))).fill(255), more % 255];
  const block = isEqual
    ? Uint8Array.of(0x8f, ...bytes.subarray(0, 8), 8, 0, ...length, 0x50, ...bytes.subarray(-5))
    : bytes;
  const text = '04224d1840400000000000';
  const head = Buffer.from(text, 'hex');
  head.writeUInt32LE(block.length + (isEqual ? 0 : 2 ** 31), 7);
  return Buffer.concat([head, block, Buffer.alloc(4)]);
}

test('an Arrow file of such buffers is imported; broken ones are refused', async (context) => {
  const root = makeRoot(context);
  const local = await openTestFolder(context, root);
  const ms = Array<number>(300).fill(1_704_187_800_000);
  const table = new Table({
    time: vectorFromArray(ms, new TimestampMillisecond()),
    symbol: vectorFromArray(ms.map(() => 'A')),
    price: vectorFromArray(ms.map(() => 0.25)),
  });
  compressionRegistry.set(CompressionType.LZ4_FRAME, { encode: frameOf, decode: unpackLz4Frame });
  const path = join(root, 'a.arrow');
  const bytes = Buffer.from(tableToIPC(table, 'file', CompressionType.LZ4_FRAME));
  writeFileSync(path, bytes);
  const end = await importInto(local, { path });
  equal(end.event === 'done' && end.rows, 300);
  deepEqual(await rowsOf(local, 'SELECT sum(price) FROM tick'), ['[75]']);
  const magic = packed.subarray(0, 4);
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at)) bytes[at] = 0;
  writeFileSync(path, bytes);
  await rejects(importInto(local, { path }), {
    code: 'INVALID_ARGUMENT',
    message: /there is no LZ4 frame/,
  });
});
