// What is packed becomes a plain file in a folder of its own, as a stream. Always: what was written
// is whole and has the checksum that the packing says, or it is gone again; it never grows beyond
// its limit; and what a crash left is removed by whoever begins next.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createGunzip, createInflateRaw } from 'node:zlib';
import { NdtsError } from '@ndts/protocol';
import { type ZipMember, zipDataAt, zipMethods } from './zip-directory.js';

/** Where files are unpacked, and how large they may be. */
export interface UnpackPlace {
  /** Made when it is needed. Nobody else writes into it. */
  readonly dir: string;
  readonly bytesMax: number;
}

export interface Unpacking {
  /** What errors call it. */
  readonly title: string;
  readonly place: UnpackPlace;
  readonly signal: AbortSignal;
  /** Part of it that was read, 0 to 1. */
  readonly progress: (part: number) => void;
}

interface Packed {
  readonly path: string;
  readonly from: number;
  readonly bytes: number;
  readonly unpacker: Duplex;
  readonly bytesMax: number;
}

const folderPrefix = 'feed-';
const fileName = 'data';

/** Removes what a node that was killed left. To be called before any feed unpacks. */
export async function removeUnpacked(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names)
    if (name.startsWith(folderPrefix)) await rm(join(dir, name), { recursive: true, force: true });
}

/** Throws INVALID_ARGUMENT, IO_ERROR, CANCELLED. @returns the folder with the file `unpackedIn` */
export async function unpackGzip(path: string, bytes: number, how: Unpacking): Promise<string> {
  const bytesMax = await limitOf(how.place);
  const unpacker = createGunzip();
  return write({ path, from: 0, bytes, unpacker, bytesMax }, how, () => undefined);
}

/** As `unpackGzip`. */
export async function unpackZip(path: string, of: ZipMember, how: Unpacking): Promise<string> {
  const { title, place } = how;
  const refuse = (why: string): NdtsError => new NdtsError('INVALID_ARGUMENT', `${title}: ${why}`);
  if (of.isEncrypted) throw refuse('it is encrypted: unpack it first');
  if (of.method !== zipMethods.stored && of.method !== zipMethods.deflated)
    throw refuse(`packed by method ${of.method}; expected 0 (stored) or 8 (deflated)`);
  if (of.packedBytes === 0 || of.bytes === 0) throw refuse('it is empty');
  const limit = await limitOf(place);
  if (of.bytes > limit) throw refuse(tooLarge(limit));
  const from = await dataAt(path, of, title);
  const unpacker = of.method === zipMethods.stored ? new PassThrough() : createInflateRaw();
  const packed = { path, from, bytes: of.packedBytes, unpacker, bytesMax: of.bytes };
  return write(packed, how, (written, crc) => {
    if (written !== of.bytes) throw refuse(`expected ${of.bytes} bytes, found ${written}`);
    if (crc !== of.crc) throw refuse('its checksum does not fit: it is damaged');
  });
}

async function dataAt(path: string, of: ZipMember, title: string): Promise<number> {
  const file = await open(path);
  try {
    return await zipDataAt(file, of, title);
  } finally {
    await file.close();
  }
}

export function unpackedIn(folder: string): string {
  return join(folder, fileName);
}

/** Half of what is free is left to the node, whatever the configuration says. */
async function limitOf({ dir, bytesMax }: UnpackPlace): Promise<number> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(dir);
  return Math.min(bytesMax, Math.floor((bavail * bsize) / 2));
}

function tooLarge(bytesMax: number): string {
  return (
    `unpacked it is larger than ${bytesMax} bytes ` +
    '(feed.unpackedBytesMax, at most half of the free disk)'
  );
}

async function write(
  packed: Packed,
  { title, place, signal, progress }: Unpacking,
  check: (written: number, crc: number) => void,
): Promise<string> {
  const { path, from, bytes, bytesMax } = packed;
  const folder = await mkdtemp(join(place.dir, folderPrefix));
  let [read, written, crc] = [0, 0, 0];
  const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      read += chunk.length;
      progress(read / bytes);
      yield chunk;
    }
  };
  const bounded = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      written += chunk.length;
      if (written > bytesMax)
        throw new NdtsError('INVALID_ARGUMENT', `${title}: ${tooLarge(bytesMax)}`);
      crc = crc32(chunk, crc);
      yield chunk;
    }
  };
  try {
    await pipeline(
      createReadStream(path, { start: from, end: from + bytes - 1 }),
      counted,
      packed.unpacker,
      bounded,
      createWriteStream(unpackedIn(folder), { flags: 'wx', mode: 0o600 }),
      { signal },
    );
    check(written, crc);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw named(error, title);
  }
}

function named(error: unknown, title: string): unknown {
  if (error instanceof NdtsError || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const options = { cause: error };
  if (code === 'ABORT_ERR')
    return new NdtsError('CANCELLED', `${title}: unpacking was stopped`, options);
  if (code.startsWith('Z_'))
    return new NdtsError('INVALID_ARGUMENT', `${title}: damaged: ${error.message}`, options);
  return new NdtsError('IO_ERROR', `${title}: ${error.message}`, options);
}
