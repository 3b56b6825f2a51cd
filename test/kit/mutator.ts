// Inputs for fuzzing: a sample, changed in ways that parsers fail at. Always: the same seed and the
// same samples give the same inputs.

import type { SeededRandom } from '@ndts/runtime';

/** Numbers, marks and bytes that stand at the borders of what parsers take. */
const tokens = [
  '',
  '0',
  '-1',
  '1e308',
  '1e999',
  '-0',
  'NaN',
  'Infinity',
  '1.7976931348623157E308',
  '9007199254740993',
  '99999999999999999999',
  'null',
  'true',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  ',',
  ';',
  ':',
  '\n',
  '\r\n',
  '\t',
  '\\',
  '\0',
  '&a',
  '*a',
  '<<',
  '!!js',
  '\u{feff}',
  '\u{1f600}',
  '__proto__',
  'constructor',
  '2026-02-30',
  '24:00:00',
  '1970-01-01T00:00:00Z',
].map((text) => Buffer.from(text));

export class Mutator {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** One of the samples, changed one to six times. */
  next(samples: readonly Uint8Array[]): Buffer {
    let bytes: Buffer = Buffer.from(this.#one(samples));
    for (let times = 1 + this.#random.integer(6); times > 0; times -= 1)
      bytes = this.#change(bytes, samples);
    return bytes;
  }

  #change(bytes: Buffer, samples: readonly Uint8Array[]): Buffer {
    const [from, to] = this.#range(bytes.length);
    const [head, middle, tail] = [
      bytes.subarray(0, from),
      bytes.subarray(from, to),
      bytes.subarray(to),
    ];
    switch (this.#random.integer(8)) {
      case 0:
        return flipped(bytes, this.#random.integer(8 * bytes.length || 1));
      case 1:
        return Buffer.concat([head, tail]);
      case 2:
        return Buffer.concat([head, middle, middle, tail]);
      case 3:
        return Buffer.concat([head, this.#one(tokens), tail]);
      case 4:
        return Buffer.concat([bytes.subarray(0, from), this.#one(tokens), bytes.subarray(from)]);
      case 5:
        return bytes.subarray(0, to);
      case 6: {
        const other = Buffer.from(this.#one(samples));
        const [start, end] = this.#range(other.length);
        return Buffer.concat([head, other.subarray(start, end), tail]);
      }
      default: {
        const changed = Buffer.from(middle);
        for (let at = 0; at < changed.length; at += 1) changed[at] = this.#random.integer(256);
        return Buffer.concat([head, changed, tail]);
      }
    }
  }

  /** Short ones mostly. */
  #range(length: number): [from: number, to: number] {
    const from = this.#random.integer(length + 1);
    const most = this.#random.integer(4) === 0 ? length : 12;
    return [from, Math.min(length, from + this.#random.integer(most + 1))];
  }

  #one<T>(of: readonly T[]): T {
    return of[this.#random.integer(of.length)] as T;
  }
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}
