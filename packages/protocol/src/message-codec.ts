// Writer and reader behind the generated message codecs. Little-endian, unaligned, versioned.

import { NdtsError } from './errors.js';
import { readTime, type Time, writeTime } from './time.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const headBytes = 4;

/** Where messages are built, one behind the other. What is handed out is never written again; a
 * chunk lives as long as a message in it. */
const chunkBytes = 1 << 16;
let chunk = new Uint8Array(chunkBytes);
let chunkView = new DataView(chunk.buffer);
let chunkUsed = 0;
/** A writer that has not finished stands at the end of the chunk. */
let chunkTaken = false;

export class MessageWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #start: number;
  #offset: number;

  constructor(kind: number, version: number) {
    // One at a time builds in a chunk; whoever comes meanwhile begins the next.
    if (chunkTaken) newChunk(chunkBytes);
    chunkTaken = true;
    this.#bytes = chunk;
    this.#view = chunkView;
    this.#start = chunkUsed;
    this.#offset = chunkUsed;
    this.u16(kind);
    this.u16(version);
  }

  u8(value: number): void {
    const offset = this.#take(1);
    this.#view.setUint8(offset, value);
  }
  u16(value: number): void {
    const offset = this.#take(2);
    this.#view.setUint16(offset, value, true);
  }
  u32(value: number): void {
    const offset = this.#take(4);
    this.#view.setUint32(offset, value, true);
  }
  i32(value: number): void {
    const offset = this.#take(4);
    this.#view.setInt32(offset, value, true);
  }
  f64(value: number): void {
    const offset = this.#take(8);
    this.#view.setFloat64(offset, value, true);
  }
  i64(value: bigint): void {
    const offset = this.#take(8);
    this.#view.setBigInt64(offset, value, true);
  }
  money(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value)
      throw new NdtsError('INVALID_ARGUMENT', `money beyond int64: ${value}`);
    this.i64(value);
  }
  time(value: Time): void {
    const offset = this.#take(8);
    writeTime(this.#view, offset, value.day, value.nsOfDay);
  }
  str(value: string): void {
    const characters = value.length;
    if (characters > 0xffff) this.#tooLong(characters);
    // Room for the worst case first: nothing is written yet when it moves.
    this.#take(2 + characters * 3);
    const offset = this.#offset - 2 - characters * 3;
    const bytes = this.#bytes;
    let index = 0;
    for (; index < characters; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) break;
      bytes[offset + 2 + index] = code;
    }
    const length =
      index === characters
        ? characters
        : encoder.encodeInto(value, bytes.subarray(offset + 2, this.#offset)).written;
    if (length > 0xffff) this.#tooLong(length);
    this.#view.setUint16(offset, length, true);
    this.#offset = offset + 2 + length;
  }

  finish(): Uint8Array {
    if (this.#bytes === chunk) {
      chunkUsed = this.#offset;
      chunkTaken = false;
    }
    return this.#bytes.subarray(this.#start, this.#offset);
  }

  #tooLong(bytes: number): never {
    throw new NdtsError('INVALID_ARGUMENT', `text of ${bytes} bytes, at most 65535`);
  }

  /** Growing replaces buffer and view: take the offset before touching either. */
  #take(bytes: number): number {
    if (this.#offset + bytes > this.#bytes.length) this.#grow(bytes);
    const offset = this.#offset;
    this.#offset += bytes;
    return offset;
  }

  #grow(bytes: number): void {
    const written = this.#bytes.subarray(this.#start, this.#offset);
    const mine = this.#bytes === chunk;
    const size = Math.max(chunkBytes, (written.length + bytes) * 2);
    if (mine) {
      newChunk(size);
      this.#bytes = chunk;
      this.#view = chunkView;
    } else {
      this.#bytes = new Uint8Array(size);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#bytes.set(written);
    this.#start = 0;
    this.#offset = written.length;
  }
}

export class MessageReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly version: number;
  #offset = headBytes;

  constructor(bytes: Uint8Array, kind: number, newestVersion: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < headBytes || this.#view.getUint16(0, true) !== kind)
      throw new NdtsError('CORRUPT', `expected a message of kind ${kind}`);
    this.version = this.#view.getUint16(2, true);
    if (this.version > newestVersion)
      throw new NdtsError(
        'VERSION_TOO_NEW',
        `message kind ${kind} has version ${this.version}, this program reads ${newestVersion}`,
      );
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }
  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }
  money(): bigint {
    return this.i64();
  }
  time(): Time {
    return readTime(this.#view, this.#take(8));
  }
  str(): string {
    const bytes = this.u16();
    const offset = this.#take(bytes);
    return decoder.decode(this.#bytes.subarray(offset, offset + bytes));
  }

  finish(): void {
    if (this.#offset !== this.#bytes.byteLength)
      throw new NdtsError(
        'CORRUPT',
        `message of ${this.#bytes.byteLength} bytes, ${this.#offset} expected`,
      );
  }

  #take(bytes: number): number {
    const offset = this.#offset;
    this.#offset += bytes;
    if (this.#offset > this.#bytes.byteLength)
      throw new NdtsError('CORRUPT', `message ends at byte ${this.#bytes.byteLength}`);
    return offset;
  }
}

function newChunk(bytes: number): void {
  chunk = new Uint8Array(Math.max(chunkBytes, bytes));
  chunkView = new DataView(chunk.buffer);
  chunkUsed = 0;
}

/** The kind of an encoded message, 0 when there is none. */
export function messageKind(bytes: Uint8Array): number {
  return bytes.length < headBytes ? 0 : (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
}
