// The directory at the end of a zip, which says what is packed in it and where. Always: what it
// says was held against the file before anything is unpacked: each member lies in it, none over
// another, and its packed bytes can have become what it claims. A name is shown and never a path.

import type { FileHandle } from 'node:fs/promises';
import { NdtsError } from '@ndts/protocol';

export interface ZipMember {
  /** Without its folder and without what cannot be shown. */
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Where its header is; the data is behind it. */
  readonly headerAt: number;
}

export const zipMethods = { stored: 0, deflated: 8 } as const;

const localMark = 0x04034b50;
const localBytes = 30;
const centralMark = 0x02014b50;
const centralBytes = 46;
const endMark = 0x06054b50;
const endBytes = 22;
const locatorMark = 0x07064b50;
const locatorBytes = 20;
const wideEndMark = 0x06064b50;
const wideEndBytes = 56;
const commentBytesMax = 0xffff;
/** What stands where a number has its place in the wide form (zip64). */
const isWide = 0xffffffff;
const wideExtra = 1;
const membersMax = 10_000;
const directoryBytesMax = 16 * 1024 * 1024;
const nameMax = 200;
/** No more comes of a byte that deflate packed. */
const deflateRatioMax = 1032;
const encryptedFlag = 1;
const encryptedMethod = 99;

/** Throws INVALID_ARGUMENT. @returns in the order of their names; folders are left out */
export async function readZipDirectory(
  file: FileHandle,
  fileBytes: number,
  title: string,
): Promise<ZipMember[]> {
  const refuse = (why: string): NdtsError => new NdtsError('INVALID_ARGUMENT', `${title}: ${why}`);
  const place = await findDirectory(file, fileBytes, refuse);
  const { at, bytes, count } = place;
  if (count > membersMax || bytes > directoryBytesMax)
    throw refuse(`${count} files in a zip; expected at most ${membersMax}`);
  if (!Number.isSafeInteger(at + bytes) || at + bytes > place.endAt)
    throw refuse('the directory of the zip is damaged');
  const directory = await readAt(file, at, bytes);
  if (directory.length < bytes) throw refuse('the directory of the zip is cut off');
  const members: ZipMember[] = [];
  let next = 0;
  for (let index = 0; index < count; index += 1) {
    if (next + centralBytes > bytes || directory.readUInt32LE(next) !== centralMark)
      throw refuse('the directory of the zip is damaged');
    const [nameBytes, extraBytes, noteBytes] = [28, 30, 32].map((field) =>
      directory.readUInt16LE(next + field),
    ) as [number, number, number];
    const end = next + centralBytes + nameBytes + extraBytes + noteBytes;
    if (end > bytes) throw refuse('the directory of the zip is damaged');
    const path = directory.toString('utf8', next + centralBytes, next + centralBytes + nameBytes);
    const member = memberAt(directory.subarray(next, end), path, nameBytes, extraBytes);
    if (member === undefined) throw refuse('the directory of the zip is damaged');
    if (!/[/\\]$/.test(path)) members.push(member);
    next = end;
  }
  const fault = faultOf(members, at);
  if (fault !== undefined) throw refuse(fault);
  return members.sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
}

/** Where the data of a member begins. Throws INVALID_ARGUMENT. */
export async function zipDataAt(
  file: FileHandle,
  member: ZipMember,
  title: string,
): Promise<number> {
  const header = await readAt(file, member.headerAt, localBytes);
  if (header.length < localBytes || header.readUInt32LE(0) !== localMark)
    throw new NdtsError('INVALID_ARGUMENT', `${title}: the zip has no header where it should`);
  return member.headerAt + localBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
}

/** Fewer bytes than asked for: the file ends. */
export async function readAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let read = 0;
  while (read < bytes) {
    const { bytesRead } = await file.read(buffer, read, bytes - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}

interface DirectoryPlace {
  readonly at: number;
  readonly bytes: number;
  readonly count: number;
  /** Where the records behind the directory begin. */
  readonly endAt: number;
}

async function findDirectory(
  file: FileHandle,
  fileBytes: number,
  refuse: (why: string) => NdtsError,
): Promise<DirectoryPlace> {
  const tailAt = Math.max(0, fileBytes - endBytes - commentBytesMax);
  const tail = await readAt(file, tailAt, fileBytes - tailAt);
  let end = tail.length - endBytes;
  // A comment may hold the mark too: the right one is as far from the end as its comment is long.
  while (end >= 0 && !isEnd(tail, end)) end -= 1;
  if (end < 0) throw refuse('the zip has no directory at its end: it is cut off');
  const [disk, count, bytes, at] = [
    tail.readUInt16LE(end + 4),
    tail.readUInt16LE(end + 10),
    tail.readUInt32LE(end + 12),
    tail.readUInt32LE(end + 16),
  ];
  const locatorAt = tailAt + end - locatorBytes;
  const locator = locatorAt < 0 ? Buffer.alloc(0) : await readAt(file, locatorAt, locatorBytes);
  if (locator.length < locatorBytes || locator.readUInt32LE(0) !== locatorMark) {
    if (disk !== 0) throw refuse('the zip is one of several parts');
    return { at, bytes, count, endAt: tailAt + end };
  }
  const wideAt = numberAt(locator, 8);
  if (wideAt + wideEndBytes > locatorAt) throw refuse('the directory of the zip is damaged');
  const wide = await readAt(file, wideAt, wideEndBytes);
  if (wide.length < wideEndBytes || wide.readUInt32LE(0) !== wideEndMark)
    throw refuse('the directory of the zip is damaged');
  return {
    at: numberAt(wide, 48),
    bytes: numberAt(wide, 40),
    count: numberAt(wide, 32),
    endAt: wideAt,
  };
}

function isEnd(tail: Buffer, at: number): boolean {
  return (
    tail.readUInt32LE(at) === endMark && at + endBytes + tail.readUInt16LE(at + 20) === tail.length
  );
}

/** Of 8 bytes; above what is exact it is as large as no file. */
function numberAt(buffer: Buffer, at: number): number {
  return Number(buffer.readBigUInt64LE(at));
}

/** @returns undefined: its wide numbers are missing */
function memberAt(
  entry: Buffer,
  path: string,
  nameBytes: number,
  extraBytes: number,
): ZipMember | undefined {
  const extra = entry.subarray(centralBytes + nameBytes, centralBytes + nameBytes + extraBytes);
  const wide = wideNumbers(extra);
  let taken = 0;
  // They stand in this order, each only where the short one has no room for it.
  const [bytes, packedBytes, headerAt] = [24, 20, 42].map((field) => {
    const short = entry.readUInt32LE(field);
    if (short !== isWide) return short;
    taken += 1;
    return wide[taken - 1];
  });
  if (bytes === undefined || packedBytes === undefined || headerAt === undefined) return undefined;
  const method = entry.readUInt16LE(10);
  return {
    name: shownName(path),
    method,
    isEncrypted: (entry.readUInt16LE(8) & encryptedFlag) !== 0 || method === encryptedMethod,
    crc: entry.readUInt32LE(16),
    packedBytes,
    bytes,
    headerAt,
  };
}

function wideNumbers(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const bytes = extra.readUInt16LE(at + 2);
    const end = Math.min(at + 4 + bytes, extra.length);
    if (extra.readUInt16LE(at) === wideExtra) {
      const numbers: number[] = [];
      for (let field = at + 4; field + 8 <= end; field += 8) numbers.push(numberAt(extra, field));
      return numbers;
    }
    at = end;
  }
  return [];
}

function shownName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return name.replaceAll(/\p{C}/gu, '').slice(0, nameMax);
}

/** What of the members cannot be true. */
function faultOf(members: readonly ZipMember[], directoryAt: number): string | undefined {
  let free = 0;
  for (const one of [...members].sort((a, b) => a.headerAt - b.headerAt)) {
    const { name, headerAt, packedBytes, bytes, method } = one;
    const end = headerAt + localBytes + packedBytes;
    if (headerAt < free) return `${name} lies over another file of the zip`;
    if (!(end <= directoryAt)) return `${name} lies behind the end of the zip`;
    const isPossible =
      method === zipMethods.stored
        ? bytes === packedBytes || one.isEncrypted
        : bytes <= packedBytes * deflateRatioMax;
    if (!isPossible) return `${name}: ${packedBytes} bytes cannot have been ${bytes}`;
    free = end;
  }
  return undefined;
}
