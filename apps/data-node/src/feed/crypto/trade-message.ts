// hot: no allocation after init
// The commonest message read where it lies: trades, byte for byte as CcxtSource writes them.
// Always: what is read is to the bit what JSON.parse makes of it; a message that is written in any
// other way (spaces, escapes, exponents, signs, numbers of more than 15 digits), says anything
// else, or is of a symbol that is not known is not read here but as JSON.

import { TradeFlags } from '@ndts/protocol';
import type { KnownName } from '../name-table.js';

/** Through which names are found by their bytes. */
export interface NamesByBytes {
  find(bytes: Uint8Array, from: number, to: number): KnownName | undefined;
}

const tradesMax = 256;
const digitsMax = 15;
const head = bytesOf('{"kind":"trades","symbol":"');
const middle = bytesOf('","trades":[');
const buy = bytesOf('"buy"');
const sell = bytesOf('"sell"');
const none = bytesOf('null');
/** All of them are exact, as is a whole number of 15 digits: their quotient is rounded once, as the
 * text is. */
const powers = Float64Array.from({ length: digitsMax + 1 }, (_, power) => 10 ** power);
const [quote, comma, point, zero, backslash] = [34, 44, 46, 48, 92];
const [open, close, end] = [91, 93, 125];

export class TradeMessage {
  readonly ms = new Float64Array(tradesMax);
  readonly price = new Float64Array(tradesMax);
  readonly quantity = new Float64Array(tradesMax);
  /** NaN: it has none that is a whole number. */
  readonly number = new Float64Array(tradesMax);
  /** Of TradeFlags; 0: neither side. */
  readonly side = new Uint8Array(tradesMax);
  name: KnownName | undefined;
  count = 0;
  #bytes: Uint8Array = head;
  #at = 0;
  /** Of #text(): its value as a number, as `number`. */
  #idNumber = Number.NaN;

  /** False: nothing was read. */
  read(bytes: Uint8Array, names: NamesByBytes): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    this.count = 0;
    if (!this.#skip(head)) return false;
    const from = this.#at;
    if (!this.#toQuote()) return false;
    this.name = names.find(bytes, from, this.#at);
    if (this.name === undefined || !this.#skip(middle)) return false;
    if (bytes[this.#at] === close) this.#at += 1;
    else if (!this.#trades()) return false;
    return bytes[this.#at] === end && this.#at + 1 === bytes.length;
  }

  #trades(): boolean {
    const bytes = this.#bytes;
    for (;;) {
      if (this.count === tradesMax || !this.#trade(this.count)) return false;
      this.count += 1;
      const byte = bytes[this.#at];
      this.#at += 1;
      if (byte === close) return true;
      if (byte !== comma) return false;
    }
  }

  #trade(at: number): boolean {
    if (!this.#is(open)) return false;
    const ms = this.#decimal();
    if (!this.#is(comma)) return false;
    const price = this.#decimal();
    if (!this.#is(comma)) return false;
    const quantity = this.#decimal();
    // A NaN compares as false.
    if (!(ms > 0 && price >= 0 && quantity >= 0) || !this.#is(comma)) return false;
    if (!this.#id() || !this.#is(comma)) return false;
    this.ms[at] = ms;
    this.price[at] = price;
    this.quantity[at] = quantity;
    this.number[at] = this.#idNumber;
    if (this.#skip(buy)) this.side[at] = TradeFlags.buy;
    else if (this.#skip(sell)) this.side[at] = TradeFlags.sell;
    else if (this.#skip(none)) this.side[at] = 0;
    else return false;
    return this.#is(close);
  }

  #is(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #skip(text: Uint8Array): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index += 1)
      if (bytes[this.#at + index] !== text[index]) return false;
    this.#at += text.length;
    return true;
  }

  /** To the end of a text that means what it says. */
  #toQuote(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    for (; at < bytes.length && bytes[at] !== quote; at += 1) {
      const byte = bytes[at]!;
      if (byte < 32 || byte > 126 || byte === backslash) return false;
    }
    this.#at = at;
    return at < bytes.length;
  }

  #id(): boolean {
    this.#idNumber = Number.NaN;
    if (this.#skip(none)) return true;
    if (!this.#is(quote)) return false;
    const from = this.#at;
    if (!this.#toQuote()) return false;
    const digits = this.#at - from;
    let value = digits >= 1 && digits <= digitsMax ? 0 : Number.NaN;
    for (let at = from; at < this.#at && value >= 0; at += 1) {
      const digit = this.#bytes[at]! - zero;
      value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
    }
    this.#idNumber = value;
    this.#at += 1;
    return true;
  }

  /** NaN: no plain decimal number. */
  #decimal(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    const from = at;
    let value = 0;
    let pointAt = -1;
    for (; ; at += 1) {
      const byte = bytes[at]!;
      if (byte === point && pointAt < 0 && at > from) {
        pointAt = at;
        continue;
      }
      const digit = byte - zero;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      if (at - from > digitsMax) return Number.NaN;
    }
    const wholeDigits = (pointAt < 0 ? at : pointAt) - from;
    const fraction = pointAt < 0 ? 0 : at - pointAt - 1;
    if (wholeDigits === 0 || (pointAt >= 0 && fraction === 0)) return Number.NaN;
    if (wholeDigits > 1 && bytes[from] === zero) return Number.NaN;
    if (wholeDigits + fraction > digitsMax) return Number.NaN;
    this.#at = at;
    return fraction === 0 ? value : value / powers[fraction]!;
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
