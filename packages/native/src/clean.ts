// The cleaning rules as one native pass over a batch. engine/clean/cleaner.h states the rules and
// the order in which they are tried.
// hot: no allocation after init

import type { TickBatch } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

export interface CleanRules {
  readonly priceMax: number;
  readonly spreadMax: number;
  readonly disorderNs: number;
}

export interface Cleaner {
  /** Moves the good rows to the front in order and sets batch.count; bad rows are copied to
   * `rejects` (up to its capacity, count set) with their reason in rejects.flags. Returns how many
   * rows were refused. */
  clean(batch: TickBatch, rejects: TickBatch): number;
  /** Refused so far, by CleanReason number. */
  counts(): Float64Array;
  setRules(rules: CleanRules): void;
  close(): void;
}

interface NativeCleaner {
  clean(
    buffer: ArrayBuffer,
    capacity: number,
    count: number,
    rejectBuffer: ArrayBuffer,
    rejectCapacity: number,
    result: Uint32Array,
  ): void;
  counts(): Float64Array;
  setRules(priceMax: number, spreadMax: number, disorderNs: number): void;
  close(): void;
}

const { Cleaner: NativeCleaner } = addon as {
  Cleaner: new (priceMax: number, spreadMax: number, disorderNs: number) => NativeCleaner;
};

class AddonCleaner implements Cleaner {
  readonly #native: NativeCleaner;
  /** Rows kept, rejects copied. */
  readonly #result = new Uint32Array(2);

  constructor(rules: CleanRules) {
    const { priceMax, spreadMax, disorderNs } = rules;
    this.#native = native(() => new NativeCleaner(priceMax, spreadMax, disorderNs));
  }

  clean(batch: TickBatch, rejects: TickBatch): number {
    const offered = batch.count;
    try {
      this.#native.clean(
        batch.buffer,
        batch.capacity,
        offered,
        rejects.buffer,
        rejects.capacity,
        this.#result,
      );
    } catch (error) {
      throw toNdtsError(error);
    }
    const kept = this.#result[0] ?? 0;
    batch.count = kept;
    rejects.count = this.#result[1] ?? 0;
    return offered - kept;
  }

  counts(): Float64Array {
    return native(() => this.#native.counts());
  }

  setRules(rules: CleanRules): void {
    native(() => this.#native.setRules(rules.priceMax, rules.spreadMax, rules.disorderNs));
  }

  close(): void {
    this.#native.close();
  }
}

export function createCleaner(rules: CleanRules): Cleaner {
  return new AddonCleaner(rules);
}
