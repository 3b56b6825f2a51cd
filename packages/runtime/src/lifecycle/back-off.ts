// How long to wait before the next try: longer each time, up to a limit, and never the same for
// two, so that many who lost one venue do not come back at once. Always: a delay is between half
// of its step and the whole.

import type { Random } from '@ndts/protocol';

export interface BackOffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const backOffDefault: BackOffOptions = { firstMs: 250, maxMs: 30_000 };

export class BackOff {
  readonly #options: BackOffOptions;
  readonly #random: Random;
  #stepMs: number;

  constructor(random: Random, options: BackOffOptions = backOffDefault) {
    this.#options = options;
    this.#random = random;
    this.#stepMs = options.firstMs;
  }

  nextMs(): number {
    const stepMs = this.#stepMs;
    this.#stepMs = Math.min(this.#options.maxMs, 2 * stepMs);
    return stepMs * (0.5 + this.#random.next() / 2);
  }

  /** The source works: the next loss begins from the first step. */
  reset(): void {
    this.#stepMs = this.#options.firstMs;
  }
}
