// Writes one FIX message at a time: fields in the order in which they are given, BodyLength and
// CheckSum by itself. What always holds: what it returns is a message that a FixStream reads; a
// value that would break the frame is refused.

import { Buffer } from 'node:buffer';
import { moneyScale, NdtsError, type Time } from '@ndts/protocol';
import { fixTimeText } from './fix-time.js';
import { checkSumOf } from './stream.js';

const soh = 1;
const equals = 61;
const zero = 48;
const minus = 45;
const point = 46;
const yes = 89;
const no = 78;
const question = 63;
const fractionDigits = 8;
/** Room for BeginString and BodyLength, which are written last. */
const headBytes = 32;
const firstBytes = 1024;
const pieceBytes = 65_536;

export class FixWriter {
  readonly #head: Buffer;
  #bytes = Buffer.alloc(firstBytes);
  #at = headBytes;
  #piece = new Uint8Array(pieceBytes);
  #pieceAt = 0;

  constructor(beginString: string) {
    this.#head = Buffer.from(`8=${beginString}\x019=`);
  }

  /** Begins a message; what an unfinished one held is gone. */
  begin(type: string): void {
    this.#at = headBytes;
    this.text(35, type);
  }

  text(tag: number, value: string): void {
    this.#tag(tag, value.length);
    if (value.length === 0) throw badValue(tag, 'empty');
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code === soh) throw badValue(tag, 'with a separator inside');
      bytes[at++] = code < 256 ? code : question;
    }
    bytes[at++] = soh;
    this.#at = at;
  }

  whole(tag: number, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw badValue(tag, `not whole: ${value}`);
    this.#tag(tag, 16);
    this.#digits(value);
    this.#bytes[this.#at++] = soh;
  }

  flag(tag: number, value: boolean): void {
    this.#tag(tag, 1);
    this.#bytes[this.#at++] = value ? yes : no;
    this.#bytes[this.#at++] = soh;
  }

  /** A scaled integer, as the shortest decimal number. */
  money(tag: number, value: bigint): void {
    this.#tag(tag, 40);
    const absolute = value < 0n ? -value : value;
    if (value < 0n) this.#bytes[this.#at++] = minus;
    const whole = absolute / moneyScale;
    if (whole > BigInt(Number.MAX_SAFE_INTEGER)) throw badValue(tag, `out of range: ${value}`);
    this.#digits(Number(whole));
    let rest = Number(absolute % moneyScale);
    if (rest > 0) {
      let digits = fractionDigits;
      for (; rest % 10 === 0; digits--) rest /= 10;
      this.#bytes[this.#at++] = point;
      for (let index = digits - 1; index >= 0; index--) {
        this.#bytes[this.#at + index] = zero + (rest % 10);
        rest = Math.floor(rest / 10);
      }
      this.#at += digits;
    }
    this.#bytes[this.#at++] = soh;
  }

  /** With milliseconds; what is finer is cut off. */
  time(tag: number, value: Time): void {
    this.text(tag, fixTimeText(value));
  }

  /** A value as it stands in another message. */
  raw(tag: number, from: Uint8Array, start: number, end: number): void {
    this.#tag(tag, end - start);
    this.#bytes.set(from.subarray(start, end), this.#at);
    this.#at += end - start;
    this.#bytes[this.#at++] = soh;
  }

  /** The message; its bytes are the caller's. */
  finish(): Uint8Array {
    this.#room(8);
    const end = this.#at;
    const length = end - headBytes;
    const digits = digitsOf(length);
    const start = headBytes - this.#head.length - digits - 1;
    const bytes = this.#bytes;
    bytes.set(this.#head, start);
    this.#at = headBytes - digits - 1;
    this.#digits(length);
    bytes[headBytes - 1] = soh;
    const sum = checkSumOf(bytes, start, end);
    let at = end;
    bytes[at++] = 49;
    bytes[at++] = 48;
    bytes[at++] = equals;
    bytes[at++] = zero + Math.floor(sum / 100);
    bytes[at++] = zero + (Math.floor(sum / 10) % 10);
    bytes[at++] = zero + (sum % 10);
    bytes[at++] = soh;
    this.#at = headBytes;
    return this.#handOut(start, at);
  }

  /** A place of its own for each message, out of pieces that are made rarely. */
  #handOut(start: number, end: number): Uint8Array {
    const size = end - start;
    if (size > pieceBytes / 8) return new Uint8Array(this.#bytes.subarray(start, end));
    if (this.#pieceAt + size > pieceBytes) {
      this.#piece = new Uint8Array(pieceBytes);
      this.#pieceAt = 0;
    }
    const at = this.#pieceAt;
    this.#piece.set(this.#bytes.subarray(start, end), at);
    this.#pieceAt += size;
    return this.#piece.subarray(at, at + size);
  }

  #tag(tag: number, valueBytes: number): void {
    this.#room(valueBytes + 16);
    this.#digits(tag);
    this.#bytes[this.#at++] = equals;
  }

  #digits(value: number): void {
    const count = digitsOf(value);
    for (let index = count - 1; index >= 0; index--) {
      this.#bytes[this.#at + index] = zero + (value % 10);
      value = Math.floor(value / 10);
    }
    this.#at += count;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const wider = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#at + bytes));
    wider.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = wider;
  }
}

function digitsOf(value: number): number {
  let count = 1;
  for (let limit = 10; limit <= value; limit *= 10) count++;
  return count;
}

function badValue(tag: number, what: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `field ${tag}: expected a value, found one ${what}`);
}
