// hot: no allocation after init
// Uniform 32-bit draws for the simulator (xoshiro128**, state expanded by splitmix32). The state
// sits in a typed array, because a float64 handed from call to call would be boxed. Always: the
// same seed gives the same draws on every machine, for ever; the tests hold the first ones.

export class Draws {
  readonly #state = new Int32Array(4);

  constructor(seed: number) {
    let word = seed | 0;
    for (let index = 0; index < 4; index += 1) {
      word = (word + 0x9e3779b9) | 0;
      let mixed = word ^ (word >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      this.#state[index] = mixed ^ (mixed >>> 15);
    }
  }

  /** Uniform in the int32 range. */
  next(): number {
    const state = this.#state;
    const second = state[1]!;
    const product = Math.imul(second, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    state[2]! ^= state[0]!;
    state[3]! ^= second;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= second << 9;
    const fourth = state[3]!;
    state[3] = (fourth << 11) | (fourth >>> 21);
    return result;
  }

  /** Uniform integer in [0, limit), limit at most 2^21. */
  below(limit: number): number {
    return Math.floor(((this.next() >>> 0) * limit) / 4_294_967_296);
  }
}
