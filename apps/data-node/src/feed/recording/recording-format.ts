// The bytes of a recording: a header, then blocks of compressed records. docs/formats/recording.md
// says what is true of them. Always: a block is whole or it is none; its checksum covers all of it
// and is seeded with its place, so that a block that was moved or repeated is none either.

import { deflateRaw, inflateRawSync } from 'node:zlib';
import { NdtsError, readTime, type Time, writeTime, xxHash32 } from '@ndts/protocol';

export const recordingVersion = 1;
export const headerBytes = 32;
export const blockHeadBytes = 32;
export const recordHeadBytes = 16;
/** Of a block, before it is compressed. A longer message is not kept. */
export const blockBytesMax = 16 * 1024 * 1024;

export const recordKinds = { message: 1, opened: 2, subscribed: 3, unsubscribed: 4 } as const;
export type RecordKind = (typeof recordKinds)[keyof typeof recordKinds];

const magic = 'NDTSRECD';
const fastest = 1;

export interface RecordingRecord {
  readonly kind: RecordKind;
  readonly at: Time;
  readonly bytes: Uint8Array;
}

export interface BlockHead {
  readonly ordinal: number;
  readonly packedBytes: number;
  readonly rawBytes: number;
  readonly records: number;
}

export function recordingHeader(day: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(recordingVersion, 4);
  header.write(magic, 8, 'latin1');
  header.writeInt32LE(day, 16);
  header.writeUInt32LE(xxHash32(header.subarray(4)) >>> 0, 0);
  return header;
}

/** The day of a file. Throws CORRUPT, and VERSION_TOO_NEW. */
export function readHeader(file: Buffer, path: string): number {
  if (file.length < headerBytes || file.toString('latin1', 8, 16) !== magic)
    throw new NdtsError('CORRUPT', `${path}: expected a recording`);
  if (file.readUInt32LE(0) !== xxHash32(file.subarray(4, headerBytes)) >>> 0)
    throw new NdtsError('CORRUPT', `${path}: the checksum of its header does not match`);
  if (file.readUInt32LE(4) > recordingVersion)
    throw new NdtsError('VERSION_TOO_NEW', `${path}: version ${file.readUInt32LE(4)}`);
  if (file.subarray(20, headerBytes).some((byte) => byte !== 0))
    throw new NdtsError('CORRUPT', `${path}: reserved bytes are set`);
  return file.readInt32LE(16);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Compresses records on another thread. */
export function packBlock(ordinal: number, records: number, raw: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(raw, { level: fastest }, (error, packed) => {
      if (error !== null) reject(error);
      else resolve(blockOf(ordinal, records, raw.length, packed));
    });
  });
}

function blockOf(ordinal: number, records: number, rawBytes: number, packed: Buffer): Buffer {
  const block = Buffer.alloc(padded(blockHeadBytes + packed.length));
  block.writeUInt32LE(ordinal, 4);
  block.writeUInt32LE(packed.length, 8);
  block.writeUInt32LE(rawBytes, 12);
  block.writeUInt32LE(records, 16);
  packed.copy(block, blockHeadBytes);
  block.writeUInt32LE(xxHash32(block.subarray(4), ordinal) >>> 0, 0);
  return block;
}

/** The length of the whole block whose head this is, 0 when it cannot be one. */
export function blockLength(head: Buffer, offset: number): number {
  if (offset + blockHeadBytes > head.length) return 0;
  const packed = head.readUInt32LE(offset + 8);
  const raw = head.readUInt32LE(offset + 12);
  const records = head.readUInt32LE(offset + 16);
  const isSane =
    packed > 0 &&
    packed <= 2 * blockBytesMax &&
    raw <= blockBytesMax + recordHeadBytes &&
    records > 0 &&
    records * recordHeadBytes <= raw;
  return isSane ? padded(blockHeadBytes + packed) : 0;
}

/** Its records; undefined: it is no block, or not this one. */
export function unpackBlock(block: Buffer, ordinal: number): RecordingRecord[] | undefined {
  if (block.readUInt32LE(4) !== ordinal) return undefined;
  if (block.readUInt32LE(0) !== xxHash32(block.subarray(4), ordinal) >>> 0) return undefined;
  const packedBytes = block.readUInt32LE(8);
  const rawBytes = block.readUInt32LE(12);
  try {
    const packed = block.subarray(blockHeadBytes, blockHeadBytes + packedBytes);
    const raw = inflateRawSync(packed, { maxOutputLength: Math.max(1, rawBytes) });
    return raw.length === rawBytes ? readRecords(raw, block.readUInt32LE(16)) : undefined;
  } catch {
    return undefined;
  }
}

function readRecords(raw: Buffer, count: number): RecordingRecord[] | undefined {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const records: RecordingRecord[] = [];
  let offset = 0;
  while (offset + recordHeadBytes <= raw.length) {
    const bytes = view.getUint32(offset, true);
    const kind = view.getUint32(offset + 4, true);
    const end = offset + recordHeadBytes + bytes;
    if (end > raw.length || !isKind(kind)) return undefined;
    const at = readTime(view, offset + 8);
    records.push({ kind, at, bytes: raw.subarray(offset + recordHeadBytes, end) });
    offset = end;
  }
  return offset === raw.length && records.length === count ? records : undefined;
}

function isKind(kind: number): kind is RecordKind {
  return kind >= 1 && kind <= 4;
}

/** Writes a record; the buffer has room. @returns its end */
export function writeRecord(
  into: Buffer,
  offset: number,
  kind: RecordKind,
  at: Time,
  bytes: Uint8Array,
): number {
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  view.setUint32(offset, bytes.length, true);
  view.setUint32(offset + 4, kind, true);
  writeTime(view, offset + 8, at.day, at.nsOfDay);
  into.set(bytes, offset + recordHeadBytes);
  return offset + recordHeadBytes + bytes.length;
}
