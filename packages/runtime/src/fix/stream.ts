// Bytes of a connection in, whole messages out. A message is garbled when it does not begin with
// BeginString, BodyLength and MsgType in this order, when BodyLength is not the number of bytes
// from behind itself to CheckSum, or when CheckSum is not there or wrong. What always holds: a
// garbled message is passed over up to the next place that looks like a beginning, and has no
// other effect.

import { Buffer } from 'node:buffer';
import { readDigits } from './fix-time.js';
import { FixMessage } from './message.js';

const beginningText = '8=FIX';
const beginning = Buffer.from(beginningText, 'latin1');
const soh = 1;
const equals = 61;
const beginStringBytesMax = 16;
const lengthDigitsMax = 7;
/** `10=` and three digits and the end of the field. */
const trailerBytes = 7;
const waits = -1;
const garbled = -2;

export const messageBytesMaxDefault = 262_144;

export class FixStream {
  /** What next() found; used again by the next call. */
  readonly message = new FixMessage();
  /** Places where something was passed over. */
  garbled = 0;
  readonly #messageBytesMax: number;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(messageBytesMax: number = messageBytesMaxDefault) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** The bytes are the stream's from now on. */
  push(bytes: Uint8Array): void {
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const rest = this.#bytes.length - this.#at;
    this.#bytes = rest === 0 ? fresh : Buffer.concat([this.#bytes.subarray(this.#at), fresh]);
    this.#at = 0;
  }

  /** What came and was not read yet belongs to a connection that is over. */
  clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.#at = 0;
  }

  /** True: `message` holds the next one. False: it takes more bytes. */
  next(): boolean {
    for (;;) {
      const end = this.#frame(this.#at);
      if (end > 0) {
        this.#at = end;
        return true;
      }
      if (end === waits) return false;
      this.skip();
    }
  }

  /** Bytes came that are no whole message yet. */
  get hasRest(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** Passes over the beginning that more bytes were waited for: its length may be wrong. */
  skip(): void {
    this.garbled += 1;
    const found = this.#bytes.indexOf(beginning, this.#at + 1);
    this.#at = found < 0 ? this.#tail(this.#at + 1) : found;
  }

  /** The last bytes may be the beginning of a beginning. */
  #tail(from: number): number {
    const bytes = this.#bytes;
    let at = Math.max(from, bytes.length - beginning.length + 1);
    while (
      at < bytes.length &&
      !beginning.subarray(0, bytes.length - at).equals(bytes.subarray(at))
    )
      at++;
    return at;
  }

  /** Where the message that begins at `start` ends; `waits` or `garbled`. */
  #frame(start: number): number {
    const bytes = this.#bytes;
    const size = bytes.length;
    if (start >= size) return waits;
    for (let index = 0; index < beginning.length; index++) {
      if (start + index >= size) return waits;
      if (bytes[start + index] !== beginning[index]) return garbled;
    }
    let at = start + beginning.length;
    while (at < size && bytes[at] !== soh) at++;
    if (at - start > beginStringBytesMax) return garbled;
    if (at + 3 >= size) return waits;
    if (bytes[at + 1] !== 57 || bytes[at + 2] !== equals) return garbled;
    const digits = at + 3;
    let stop = digits;
    while (stop < size && bytes[stop] !== soh && stop - digits <= lengthDigitsMax) stop++;
    if (stop === size && stop - digits <= lengthDigitsMax) return waits;
    const length = readDigits(bytes, digits, stop - digits);
    if (stop === digits || length < 5 || length > this.#messageBytesMax) return garbled;
    return this.#body(start, stop + 1, stop + 1 + length);
  }

  #body(start: number, bodyStart: number, bodyEnd: number): number {
    const bytes = this.#bytes;
    const end = bodyEnd + trailerBytes;
    if (bytes.length < end) return waits;
    const isTyped =
      bytes[bodyStart] === 51 && bytes[bodyStart + 1] === 53 && bytes[bodyStart + 2] === equals;
    const isClosed =
      bytes[bodyEnd - 1] === soh &&
      bytes[bodyEnd] === 49 &&
      bytes[bodyEnd + 1] === 48 &&
      bytes[bodyEnd + 2] === equals &&
      bytes[end - 1] === soh;
    if (!isTyped || !isClosed) return garbled;
    const said = readDigits(bytes, bodyEnd + 3, 3);
    if (said !== checkSumOf(bytes, start, bodyEnd)) return garbled;
    this.message.read(bytes, start, bodyEnd, end);
    return end;
  }
}

/** The sum of the bytes, of which the last eight bits count. */
export function checkSumOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) sum += bytes[at] as number;
  return sum & 255;
}
