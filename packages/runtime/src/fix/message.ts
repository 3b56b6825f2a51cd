// One FIX message as it came: where each field lies in the bytes, and nothing copied out of them
// before somebody asks. What always holds: the bytes are lent by the stream that read them and the
// object is used again for the next message; who keeps something copies it.

import { moneyScale, type Time } from '@ndts/protocol';
import { readFixDay, readFixTime } from './fix-time.js';

const soh = 1;
const equals = 61;
const zero = 48;
const minus = 45;
const point = 46;
const yes = 89;
const fractionDigits = 8;
/** Scaled by 1e8, a number of so many digits before the point is exact in a float64. */
const shortDigits = 7;
const tagMax = 99_999_999;
/** A field that states the bytes of the data field behind it, which may hold any byte. */
const dataLengthTags = new Map([
  [93, 89],
  [90, 91],
  [95, 96],
  [212, 213],
  [348, 349],
  [350, 351],
  [352, 353],
  [354, 355],
  [356, 357],
  [358, 359],
  [360, 361],
  [362, 363],
  [364, 365],
  [445, 446],
  [618, 619],
  [621, 622],
]);

export class FixMessage {
  bytes: Uint8Array = new Uint8Array(0);
  /** The whole message, from BeginString to the end of CheckSum. */
  start = 0;
  end = 0;
  /** Fields, without CheckSum. */
  count = 0;
  tags = new Int32Array(128);
  starts = new Int32Array(128);
  ends = new Int32Array(128);
  /** MsgType; '' while there is none. */
  type = '';

  /** Finds the fields of what a stream framed: `end` is after CheckSum. */
  read(bytes: Uint8Array, start: number, bodyEnd: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.count = 0;
    this.type = '';
    let dataTag = 0;
    let dataBytes = 0;
    for (let at = start; at < bodyEnd; ) {
      let tag = 0;
      let value = at;
      for (; value < bodyEnd; value++) {
        const byte = bytes[value] as number;
        if (byte === equals || byte === soh) break;
        const digit = byte - zero;
        // Not a number: 0 is no tag, and the check of the message says so.
        tag = digit < 0 || digit > 9 || tag < 0 || tag > tagMax ? -1 : tag * 10 + digit;
      }
      const hasValue = value < bodyEnd && bytes[value] === equals;
      let stop = hasValue ? value + 1 : value;
      const first = stop;
      if (tag === dataTag && first + dataBytes < bodyEnd && bytes[first + dataBytes] === soh)
        stop = first + dataBytes;
      else while (stop < bodyEnd && bytes[stop] !== soh) stop++;
      this.#add(hasValue && tag > 0 ? tag : 0, first, stop);
      dataTag = tag > 88 && tag < 622 ? (dataLengthTags.get(tag) ?? 0) : 0;
      if (dataTag !== 0) dataBytes = this.#number(first, stop);
      at = stop + 1;
    }
    if (this.count > 2 && this.tags[2] === 35) this.type = this.textAt(2);
  }

  /** Which field has this tag; -1: none in [from, to). */
  indexOf(tag: number, from = 0, to = this.count): number {
    const tags = this.tags;
    for (let index = from; index < to; index++) if (tags[index] === tag) return index;
    return -1;
  }

  has(tag: number): boolean {
    return this.indexOf(tag) >= 0;
  }

  textAt(index: number): string {
    const { bytes } = this;
    const start = this.starts[index] ?? 0;
    const end = this.ends[index] ?? 0;
    if (end - start === 1) return String.fromCharCode(bytes[start] as number);
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number);
    return text;
  }

  /** '' when there is none: a field always has a value. */
  text(tag: number, from = 0, to = this.count): string {
    const index = this.indexOf(tag, from, to);
    return index < 0 ? '' : this.textAt(index);
  }

  /** A whole number from 0 on; -1: none, or not a number. */
  whole(tag: number, from = 0, to = this.count): number {
    const index = this.indexOf(tag, from, to);
    return index < 0 ? -1 : this.wholeAt(index);
  }

  wholeAt(index: number): number {
    return this.#number(this.starts[index] ?? 0, this.ends[index] ?? 0);
  }

  isYes(tag: number): boolean {
    const index = this.indexOf(tag);
    return index >= 0 && this.bytes[this.starts[index] ?? 0] === yes;
  }

  /** A decimal number scaled by 1e8; undefined: none, not a number, or finer than that. */
  money(tag: number, from = 0, to = this.count): bigint | undefined {
    const index = this.indexOf(tag, from, to);
    return index < 0 ? undefined : this.moneyAt(index);
  }

  moneyAt(index: number): bigint | undefined {
    const { bytes } = this;
    const end = this.ends[index] ?? 0;
    let at = this.starts[index] ?? 0;
    const negative = bytes[at] === minus;
    if (negative) at++;
    while (at < end - 1 && bytes[at] === zero && bytes[at + 1] !== point) at++;
    const first = at;
    let scaled = 0;
    let digits = 0;
    for (; at < end && bytes[at] !== point; at++, digits++) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9 || digits === 18) return undefined;
      scaled = scaled * 10 + digit;
    }
    const dot = at;
    let decimals = 0;
    for (at += 1; at < end; at++) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) return undefined;
      if (decimals === fractionDigits && digit !== 0) return undefined;
      if (decimals === fractionDigits) continue;
      scaled = scaled * 10 + digit;
      decimals++;
    }
    if (digits + decimals === 0) return undefined;
    const value =
      digits <= shortDigits
        ? BigInt(scaled * 10 ** (fractionDigits - decimals))
        : this.#longMoney(first, dot, decimals);
    return negative ? -value : value;
  }

  /** A decimal number as a float64, for the market's data; NaN: none, or not a number. */
  number(tag: number, from = 0, to = this.count): number {
    const index = this.indexOf(tag, from, to);
    if (index < 0 || this.starts[index] === this.ends[index]) return Number.NaN;
    return Number(this.textAt(index));
  }

  time(tag: number, from = 0, to = this.count): Time | undefined {
    const index = this.indexOf(tag, from, to);
    return index < 0 ? undefined : this.timeAt(index);
  }

  timeAt(index: number): Time | undefined {
    return readFixTime(this.bytes, this.starts[index] ?? 0, this.ends[index] ?? 0);
  }

  dayAt(index: number): number | undefined {
    return readFixDay(this.bytes, this.starts[index] ?? 0, this.ends[index] ?? 0);
  }

  /** The whole message, for whoever keeps it. */
  copy(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(this.start, this.end));
  }

  #longMoney(first: number, dot: number, decimals: number): bigint {
    const whole = BigInt(String.fromCharCode(...this.bytes.subarray(first, dot)));
    let fraction = 0;
    for (let at = dot + 1; at <= dot + decimals; at++)
      fraction = fraction * 10 + ((this.bytes[at] as number) - zero);
    return whole * moneyScale + BigInt(fraction * 10 ** (fractionDigits - decimals));
  }

  #number(start: number, end: number): number {
    if (start >= end || end - start > 15) return -1;
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = (this.bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  #add(tag: number, start: number, end: number): void {
    if (this.count === this.tags.length) this.#grow();
    this.tags[this.count] = tag;
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count += 1;
  }

  #grow(): void {
    const [tags, starts, ends] = [this.tags, this.starts, this.ends].map((old) => {
      const wider = new Int32Array(old.length * 2);
      wider.set(old);
      return wider;
    }) as [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>];
    this.tags = tags;
    this.starts = starts;
    this.ends = ends;
  }
}
