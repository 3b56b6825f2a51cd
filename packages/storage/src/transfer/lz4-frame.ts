// What LZ4 packed, unpacked: its frame format, of which Arrow files have one for each buffer.
// Checksums in a frame are passed over: Arrow, whose lengths are compared, writes none.
//
// Always: bytes that are no whole frame are an error, and nothing is read or written beside them.

import { NdtsError } from '@ndts/protocol';

const magic = 0x184d2204;
const leastMatch = 4;

function broken(why: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `packed bytes are not whole: ${why}`);
}

/** Bytes of what is packed, one behind the other; looks back at what it has written. */
class Output {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  literals(from: Uint8Array): void {
    this.#reserve(from.length);
    this.bytes.set(from, this.length);
    this.length += from.length;
  }

  match(distance: number, count: number): void {
    if (distance === 0 || distance > this.length) throw broken('it looks back too far');
    this.#reserve(count);
    const end = this.length + count;
    // A match may overlap itself: each round copies what is there, which doubles.
    for (let left = count; left > 0; ) {
      const start = end - left;
      const part = Math.min(left, start - (this.length - distance));
      this.bytes.copyWithin(start, this.length - distance, this.length - distance + part);
      left -= part;
    }
    this.length = end;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

/** A length of 15 goes on in the bytes behind it. Returns it and where they end. */
function lengthAt(block: Uint8Array, start: number, nibble: number): [number, number] {
  let [length, at] = [nibble, start];
  for (let byte = 255; nibble === 15 && byte === 255; at += 1) {
    byte = block[at] ?? -1;
    if (byte < 0) throw broken('it ends in a length');
    length += byte;
  }
  return [length, at];
}

function unpackBlock(block: Uint8Array, output: Output): void {
  for (let at = 0; at < block.length; ) {
    const token = block[at]!;
    const [literals, start] = lengthAt(block, at + 1, token >> 4);
    if (start + literals > block.length) throw broken('it ends in its bytes');
    output.literals(block.subarray(start, start + literals));
    at = start + literals;
    // The last sequence is bytes alone.
    if (at === block.length) return;
    if (at + 2 > block.length) throw broken('it ends in a distance');
    const distance = block[at]! | (block[at + 1]! << 8);
    const [more, end] = lengthAt(block, at + 2, token & 15);
    output.match(distance, more + leastMatch);
    at = end;
  }
}

export function unpackLz4Frame(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const word = (at: number): number => {
    if (at + 4 > frame.length) throw broken('it ends early');
    return view.getUint32(at, true);
  };
  const flags = frame[4] ?? 0;
  if (word(0) !== magic || flags >> 6 !== 1) throw broken('there is no LZ4 frame');
  const [hasBlockSums, hasSize, hasDictionary] = [flags & 16, flags & 8, flags & 1];
  if (hasDictionary !== 0) throw broken('it needs a dictionary');
  const output = new Output(4 * frame.length);
  let at = 7 + (hasSize === 0 ? 0 : 8);
  for (let size = word(at); size !== 0; size = word(at)) {
    const start = at + 4;
    const end = start + (size & 0x7fffffff);
    if (end > frame.length) throw broken('it ends early');
    const block = frame.subarray(start, end);
    if (size >>> 31 === 1) output.literals(block);
    else unpackBlock(block, output);
    at = end + (hasBlockSums === 0 ? 0 : 4);
  }
  return output.bytes.subarray(0, output.length);
}
