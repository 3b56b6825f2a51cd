// A cleaner for each source: what one venue sent last must not make another's tick a duplicate,
// late or a jump. And one for the rows of all sources together, which only looks for what no single
// source shows: rows far behind what went on before, or far from its prices. Always: all have the
// same rules, and each counts its own source; that of a source that is gone is closed.

import { type Cleaner, cleanSources, createCleaner } from '@ndts/native/clean';
import { NdtsError, type TickBatch, type Time } from '@ndts/protocol';
import type { SourceRules } from './settings.js';

interface Counts {
  readonly refused: Float64Array;
  readonly marked: Float64Array;
}

export class CleanerBank implements Cleaner {
  readonly #given: Cleaner;
  readonly #bySource = new Map<number, Cleaner>();
  /** What others with its number had counted in the rows of all when a source began. */
  readonly #before = new Map<number, Counts>();
  /** Undefined: those the given cleaner was made with. */
  #rules: SourceRules | undefined;
  #merged: Cleaner | undefined;
  #isGiven = false;
  /** Plans given since these rules. */
  readonly #assigned = new Map<number, number>();

  /** The first source gets the cleaner that is given, which its owner closes. */
  constructor(given: Cleaner) {
    this.#given = given;
  }

  clean(batch: TickBatch, rejects: TickBatch, source = 0, now?: Time): number {
    return this.#of(source).clean(batch, rejects, numberOf(source), now);
  }

  /** Rows of any source that are good by themselves, in the order in which they go on. */
  cleanMerged(batch: TickBatch, rejects: TickBatch, source: number): number {
    this.#merged ??= this.#makeMerged();
    return this.#merged.clean(batch, rejects, numberOf(source));
  }

  counts(source: number): Float64Array {
    const number = numberOf(source);
    const own = this.#of(source).counts(number);
    return sum(own, this.#merged?.counts(number), this.#before.get(source)?.refused);
  }

  marked(source: number): Float64Array {
    const number = numberOf(source);
    const own = this.#of(source).marked(number);
    return sum(own, this.#merged?.marked(number), this.#before.get(source)?.marked);
  }

  /** Lets those of all other sources go. */
  keep(sources: ReadonlySet<number>): void {
    for (const [source, cleaner] of this.#bySource) {
      if (sources.has(source)) continue;
      if (cleaner !== this.#given) cleaner.close();
      this.#bySource.delete(source);
      this.#before.delete(source);
    }
  }

  setRules(rules: SourceRules): void {
    this.#given.setRules(rules);
    for (const cleaner of this.#others()) cleaner.setRules(rules);
    this.#merged?.setRules(rulesOfMerged(rules));
    this.#rules = rules;
    this.#assigned.clear();
  }

  assign(symbol: number, plan: number): void {
    this.#given.assign(symbol, plan);
    for (const cleaner of this.#others()) cleaner.assign(symbol, plan);
    this.#merged?.assign(symbol, plan);
    this.#assigned.set(symbol, plan);
  }

  /** Of those that were made here. */
  close(): void {
    for (const cleaner of this.#others()) cleaner.close();
    this.#merged?.close();
    this.#merged = undefined;
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
    const number = numberOf(source);
    const merged = this.#merged;
    if (merged !== undefined)
      this.#before.set(source, { refused: merged.counts(number), marked: merged.marked(number) });
    return made;
  }

  #make(): Cleaner {
    if (!this.#isGiven || this.#rules === undefined) {
      this.#isGiven = true;
      return this.#given;
    }
    return this.#withPlans(createCleaner(this.#rules));
  }

  #makeMerged(): Cleaner {
    if (this.#rules === undefined) throw new NdtsError('INTERNAL', 'there are no rules yet');
    return this.#withPlans(createCleaner(rulesOfMerged(this.#rules)));
  }

  #withPlans(made: Cleaner): Cleaner {
    for (const [symbol, plan] of this.#assigned) made.assign(symbol, plan);
    return made;
  }
}

const mergedRules: ReadonlySet<string> = new Set(['sentinel', 'outOfOrder', 'jump']);

/** Where sources stamp rows differently, the first of one may be behind the last of another. */
function rulesOfMerged(rules: SourceRules): SourceRules {
  const plans = rules.plans.map((plan) => ({
    ...plan,
    disorderNs: plan.disorderNs + plan.skewNs,
    refused: plan.refused.filter((reason) => mergedRules.has(reason)),
    marked: plan.marked.filter((reason) => mergedRules.has(reason)),
  }));
  return { ...rules, plans };
}

function sum(
  counts: Float64Array,
  more: Float64Array | undefined,
  before: Float64Array | undefined,
): Float64Array {
  if (more === undefined) return counts;
  return counts.map((count, at) => count + (more[at] ?? 0) - (before?.[at] ?? 0));
}

/** Each source has a cleaner of its own. Only in the rows of all two share a number, when so many
 * were begun between them; the later one then counts from its beginning. */
function numberOf(source: number): number {
  return source % cleanSources;
}
