// Chance from a seed: xoshiro128** over a state drawn from the seed, the same numbers on every
// machine. Not for secrets; those come from identity's SecureRandom.

import { NdtsError, type Random, xxHash32 } from '@ndts/protocol';

const two32 = 4_294_967_296;

export class SeededRandom implements Random {
  readonly #seed: number;
  readonly #state: Uint32Array;
  readonly #forks = new Map<string, number>();

  constructor(seed: number) {
    if (!Number.isSafeInteger(seed))
      throw new NdtsError('INVALID_ARGUMENT', `expected an integer seed, found ${seed}`);
    this.#seed = seed;
    this.#state = expandSeed(seed);
  }

  next(): number {
    const high = this.#next32() >>> 6;
    const low = this.#next32() >>> 5;
    return (high * 134_217_728 + low) / 9_007_199_254_740_992;
  }

  integer(limit: number): number {
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw new NdtsError('INVALID_ARGUMENT', `expected a limit of at least 1, found ${limit}`);
    return Math.floor(this.next() * limit);
  }

  /** Depends on the seed, the label and how often the label was used; not on numbers drawn. */
  fork(label: string): Random {
    const use = this.#forks.get(label) ?? 0;
    this.#forks.set(label, use + 1);
    const high = hashText(`${this.#seed}/${use}/${label}`) & 0x1f_ffff;
    const low = hashText(`${label}/${use}/${this.#seed}`);
    return new SeededRandom(high * two32 + low);
  }

  #next32(): number {
    const state = this.#state;
    const s1 = state[1] as number;
    const mixed = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    state[2] = (state[2] as number) ^ (state[0] as number);
    state[3] = (state[3] as number) ^ s1;
    state[1] = s1 ^ (state[2] as number);
    state[0] = (state[0] as number) ^ (state[3] as number);
    state[2] = (state[2] as number) ^ shifted;
    state[3] = rotateLeft(state[3] as number, 11);
    return mixed;
  }
}

function hashText(text: string): number {
  return xxHash32(new TextEncoder().encode(text)) >>> 0;
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** splitmix32 over both halves of the seed; never all zero. */
function expandSeed(seed: number): Uint32Array {
  const state = new Uint32Array(4);
  let counter = (seed >>> 0) ^ Math.imul(Math.floor(seed / two32) | 0, 0x9e37_79b1);
  for (let index = 0; index < 4; index++) {
    counter = (counter + 0x9e37_79b9) | 0;
    let mixed = counter ^ (counter >>> 16);
    mixed = Math.imul(mixed, 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    state[index] = mixed ^ (mixed >>> 15);
  }
  if (state.every((word) => word === 0)) state[0] = 1;
  return state;
}
