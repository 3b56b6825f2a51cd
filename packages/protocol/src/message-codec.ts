// Writer and reader behind the generated message codecs. Little-endian, unaligned, versioned.

import { NdtsError } from './errors.js';
import { readTime, type Time, writeTime } from './time.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const headBytes = 4;

export class MessageWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #offset = headBytes;

  constructor(kind: number, version: number) {
    this.#view.setUint16(0, kind, true);
    this.#view.setUint16(2, version, true);
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
    const text = encoder.encode(value);
    if (text.length > 0xffff)
      throw new NdtsError('INVALID_ARGUMENT', `text of ${text.length} bytes, at most 65535`);
    this.u16(text.length);
    const offset = this.#take(text.length);
    this.#bytes.set(text, offset);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#offset);
  }

  /** Growing replaces buffer and view: take the offset before touching either. */
  #take(bytes: number): number {
    const offset = this.#offset;
    this.#offset += bytes;
    if (this.#offset > this.#bytes.length) this.#grow();
    return offset;
  }

  #grow(): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#offset));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
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

/** The kind of an encoded message, 0 when there is none. */
export function messageKind(bytes: Uint8Array): number {
  return bytes.length < headBytes ? 0 : (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
}
