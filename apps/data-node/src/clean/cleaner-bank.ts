// A cleaner for each source: what one venue sent last must not make another's tick a duplicate,
// late or a jump. Always: all have the same rules, and each counts its own source.

import { type Cleaner, type CleanRules, cleanSources, createCleaner } from '@ndts/native/clean';
import type { TickBatch, Time } from '@ndts/protocol';

export class CleanerBank implements Cleaner {
  readonly #given: Cleaner;
  readonly #bySource = new Map<number, Cleaner>();
  /** Undefined: those the given cleaner was made with. */
  #rules: CleanRules | undefined;
  /** Plans given since these rules. */
  readonly #assigned = new Map<number, number>();

  /** The first source gets the cleaner that is given, which its owner closes. */
  constructor(given: Cleaner) {
    this.#given = given;
  }

  clean(batch: TickBatch, rejects: TickBatch, source = 0, now?: Time): number {
    const number = numberOf(source);
    return this.#of(number).clean(batch, rejects, number, now);
  }

  counts(source: number): Float64Array {
    const number = numberOf(source);
    return this.#of(number).counts(number);
  }

  marked(source: number): Float64Array {
    const number = numberOf(source);
    return this.#of(number).marked(number);
  }

  setRules(rules: CleanRules): void {
    this.#given.setRules(rules);
    for (const cleaner of this.#others()) cleaner.setRules(rules);
    this.#rules = rules;
    this.#assigned.clear();
  }

  assign(symbol: number, plan: number): void {
    this.#given.assign(symbol, plan);
    for (const cleaner of this.#others()) cleaner.assign(symbol, plan);
    this.#assigned.set(symbol, plan);
  }

  /** Of those that were made here. */
  close(): void {
    for (const cleaner of this.#others()) cleaner.close();
    this.#bySource.clear();
  }

  #others(): Cleaner[] {
    return [...this.#bySource.values()].filter((cleaner) => cleaner !== this.#given);
  }

  #of(source: number): Cleaner {
    const known = this.#bySource.get(source);
    if (known !== undefined) return known;
    const made = this.#make();
    this.#bySource.set(source, made);
    return made;
  }

  #make(): Cleaner {
    if (this.#bySource.size === 0 || this.#rules === undefined) return this.#given;
    const made = createCleaner(this.#rules);
    for (const [symbol, plan] of this.#assigned) made.assign(symbol, plan);
    return made;
  }
}

/** Sources beyond what a cleaner tells apart share the last number. */
function numberOf(source: number): number {
  return Math.min(source, cleanSources - 1);
}
