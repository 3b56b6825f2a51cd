// What a feed could not understand: all of it counted, the newest kept by its beginning, so that a
// person can look. Bounded, whatever comes.

import type { FeedReject, FeedRule } from './feed.js';

const keptDefault = 256;
const sampleBytes = 256;

export class RejectLog {
  readonly #kept: number;
  readonly #rejects: FeedReject[] = [];
  readonly #counts: Partial<Record<FeedRule, number>> = {};
  #count = 0;

  constructor(kept: number = keptDefault) {
    this.#kept = kept;
  }

  get count(): number {
    return this.#count;
  }

  /** By rule; the object goes on counting. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts as Readonly<Record<string, number>>;
  }

  note(timeMs: number, rule: FeedRule, reason: string, what: Uint8Array | string): void {
    this.#count += 1;
    this.#counts[rule] = (this.#counts[rule] ?? 0) + 1;
    if (this.#rejects.length === this.#kept) this.#rejects.shift();
    this.#rejects.push({ timeMs, rule, reason, sample: sampleOf(what) });
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
