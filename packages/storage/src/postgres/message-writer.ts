// Messages to a client, one behind another in one growing buffer. Always: begin() and end() come in
// pairs; take() hands the bytes over and starts anew.

const firstBytes = 16 * 1024;

export class MessageWriter {
  #buffer = Buffer.allocUnsafe(firstBytes);
  #at = 0;
  #lengthAt = 0;

  get bytes(): number {
    return this.#at;
  }

  /** @param type the letter of the message */
  begin(type: string): void {
    this.#reserve(5);
    this.#buffer[this.#at] = type.charCodeAt(0);
    this.#lengthAt = this.#at + 1;
    this.#at += 5;
  }

  end(): void {
    this.#buffer.writeInt32BE(this.#at - this.#lengthAt, this.#lengthAt);
  }

  /** Back to before the message that was begun. */
  drop(): void {
    this.#at = this.#lengthAt - 1;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value;
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#at = this.#buffer.writeUInt16BE(value & 0xffff, this.#at);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#at = this.#buffer.writeInt32BE(value | 0, this.#at);
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeBigInt64BE(value, this.#at);
  }

  float32(value: number): void {
    this.#reserve(4);
    this.#at = this.#buffer.writeFloatBE(value, this.#at);
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleBE(value, this.#at);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** With a zero byte behind it. */
  text(text: string): void {
    this.#reserve(text.length * 3 + 1);
    this.#at += this.#buffer.write(text, this.#at, 'utf8');
    this.#buffer[this.#at++] = 0;
  }

  /** With its length before it: a value in a row. */
  value(text: string): void {
    this.#reserve(text.length * 3 + 4);
    const lengthAt = this.#at;
    const start = lengthAt + 4;
    let at = start;
    // Most values are short and plain: a loop is quicker than the encoder.
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        at = start + this.#buffer.write(text, start, 'utf8');
        break;
      }
      this.#buffer[at++] = code;
    }
    this.#buffer.writeInt32BE(at - start, lengthAt);
    this.#at = at;
  }

  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#at);
    this.#buffer = Buffer.allocUnsafe(Math.max(firstBytes, this.#at));
    this.#at = 0;
    return bytes;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + count));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
