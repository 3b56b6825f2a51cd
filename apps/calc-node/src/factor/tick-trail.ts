// hot: no allocation after init
// Which ticks are behind a value: of each symbol the sequences of its newest ticks, so that a row
// can name the first of those that a factor looks at. Always: what a row is told depends on the
// ticks of its symbol only, however they were cut into batches; save() and load() keep it.

import type { TickBatch } from '@ndts/protocol';
import { CustomStates } from './custom-states.js';

export class TickTrail {
  /** By depth, in their order: of each row of the batch the sequence of the tick that comes so many
   * ticks of its symbol before, itself counted; NaN: so many were not seen. */
  readonly firsts: readonly Float64Array[];
  /** Tells trails apart that cannot load what the other has saved. */
  readonly depthMax: number;
  readonly #depths: readonly number[];
  /** Of a symbol: ticks seen, then their sequences, the place of a tick being its number modulo
   * depthMax. */
  readonly #states: CustomStates;

  /** `depths`: at least 1 each. */
  constructor(depths: readonly number[], capacity: number) {
    this.#depths = depths;
    this.depthMax = Math.max(1, ...depths);
    this.#states = new CustomStates(1 + this.depthMax);
    this.firsts = depths.map(() => new Float64Array(capacity));
  }

  get stateBytes(): number {
    return this.#states.bytes;
  }

  push({ symbol, sequence, count }: TickBatch): void {
    const depths = this.#depths;
    for (let row = 0; row < count; row += 1) {
      const state = this.#states.of(symbol[row]!);
      const seen = state[0]! + 1;
      state[0] = seen;
      state[1 + (seen % this.depthMax)] = sequence[row]!;
      for (let at = 0; at < depths.length; at += 1) {
        const first = seen - depths[at]! + 1;
        this.firsts[at]![row] = first < 1 ? Number.NaN : state[1 + (first % this.depthMax)]!;
      }
    }
  }

  save(symbol: number, to: Uint8Array): void {
    this.#states.save(symbol, to);
  }

  load(symbol: number, from: Uint8Array): void {
    this.#states.load(symbol, from);
  }
}
