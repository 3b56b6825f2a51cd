// What a feed could not understand: all of it counted, the newest kept by its beginning, so that a
// person can look. Bounded, whatever comes.

import type { FeedReject } from './feed.js';

const keptDefault = 256;
const sampleBytes = 256;

export class RejectLog {
  readonly #kept: number;
  readonly #rejects: FeedReject[] = [];
  #count = 0;

  constructor(kept: number = keptDefault) {
    this.#kept = kept;
  }

  get count(): number {
    return this.#count;
  }

  note(timeMs: number, reason: string, what: Uint8Array | string): void {
    this.#count += 1;
    if (this.#rejects.length === this.#kept) this.#rejects.shift();
    this.#rejects.push({ timeMs, reason, sample: sampleOf(what) });
  }

  /** Newest first. */
  list(limit: number): readonly FeedReject[] {
    return this.#rejects.slice(Math.max(0, this.#rejects.length - limit)).reverse();
  }
}

/** The beginning, with a dot for what does not print. */
function sampleOf(what: Uint8Array | string): string {
  const text =
    typeof what === 'string'
      ? what.slice(0, sampleBytes)
      : Buffer.from(what.buffer, what.byteOffset, Math.min(what.length, sampleBytes)).toString();
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '.');
}
