// Messages of a client out of the bytes as they arrive, and the fields of one message.
//
// Always: what comes from outside is measured before it is believed. A length that is too small or
// too large ends the connection before anything of that size is held; a field that reaches beyond
// its message is an error, never another message's bytes.

import { isUtf8 } from 'node:buffer';
import { PostgresError } from './postgres-error.js';

export interface Message {
  /** Its letter; 0: the first message of a connection has none. */
  readonly type: number;
  readonly body: Buffer;
}

export class MessageReader {
  #chunks: Buffer[] = [];
  /** Of the first chunk: what was read of it. */
  #start = 0;
  #bytes = 0;
  #startup = true;
  #bytesMax: number;

  /** `bytesMax`: of one message, its length included. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What has arrived and is not read yet. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The first message is read: those that follow have letters. */
  endStartup(): void {
    this.#startup = false;
  }

  allow(bytesMax: number): void {
    this.#bytesMax = bytesMax;
  }

  /** The next whole message; undefined: it is not there yet. Throws 08P01. */
  next(): Message | undefined {
    const typeBytes = this.#startup ? 0 : 1;
    const headerBytes = typeBytes + 4;
    if (this.#bytes < headerBytes) return undefined;
    const header = this.#first(headerBytes);
    const length = header.readUInt32BE(typeBytes);
    if (length < 4 || length > this.#bytesMax)
      throw violation(
        `expected a message of 4 to ${this.#bytesMax} bytes, found a length of ${length}`,
      );
    const whole = typeBytes + length;
    if (this.#bytes < whole) return undefined;
    const bytes = this.#first(whole);
    this.#skip(whole);
    return { type: typeBytes === 0 ? 0 : (bytes[0] ?? 0), body: bytes.subarray(headerBytes) };
  }

  /** So many bytes, which have arrived, in one piece. */
  #first(count: number): Buffer {
    const first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length - this.#start < count) {
      this.#chunks[0] = first.subarray(this.#start);
      this.#chunks = [Buffer.concat(this.#chunks)];
      this.#start = 0;
    }
    return this.#chunks[0]!.subarray(this.#start, this.#start + count);
  }

  #skip(count: number): void {
    this.#bytes -= count;
    this.#start += count;
    if (this.#start < this.#chunks[0]!.length) return;
    this.#chunks.shift();
    this.#start = 0;
  }
}

/** The fields of a message, in their order. */
export class BodyReader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get remaining(): number {
    return this.#body.length - this.#at;
  }

  byte(): number {
    return this.bytes(1)[0]!;
  }

  int16(): number {
    return this.bytes(2).readInt16BE();
  }

  int32(): number {
    return this.bytes(4).readInt32BE();
  }

  bytes(count: number): Buffer {
    if (count < 0 || count > this.remaining)
      throw violation(`a field needs ${count} bytes, the message has ${this.remaining} left`);
    const bytes = this.#body.subarray(this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }

  /** Up to its zero byte. */
  text(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) throw violation('a text of the message has no end');
    const bytes = this.bytes(end - this.#at);
    this.#at += 1;
    return decodeText(bytes);
  }

  /** A list whose length stands before it; negative lengths are none. */
  list<T>(read: () => T): T[] {
    const count = this.bytes(2).readUInt16BE();
    return Array.from({ length: count }, read);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.remaining > 0) throw violation(`the message has ${this.remaining} bytes too many`);
  }
}

export function decodeText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new PostgresError('22021', 'expected text in UTF-8');
  return bytes.toString('utf8');
}

function violation(text: string): PostgresError {
  return new PostgresError('08P01', text, { severity: 'FATAL' });
}
