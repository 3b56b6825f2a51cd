// What a comparison of journal and broker finds, and what becomes of it by policy. What always
// holds: only what lasts is adopted; what can't be told from outside stops trading unless a person
// chose to be told only; PnL that does not add up stops it always.

import type { ConfigValues, Time } from '@ndts/protocol';

export type Policy = ConfigValues['exec']['differences'];

export interface Difference {
  /** With what is here and what is there, so that equal lines are of equal states. */
  readonly text: string;
  /** adoptable: what the broker has says all; external: an order of somebody else; lost: only a
   * person can say; broken: the journal contradicts itself. */
  readonly kind: 'adoptable' | 'external' | 'lost' | 'broken';
  /** Of an order that is open at the venue alone: what it is there. Who arms trading again while it
   * stands knows it. */
  readonly mark?: string;
}

export interface Found {
  /** What still differs. */
  readonly differences: readonly Difference[];
  /** What differed until now. */
  readonly adopted: readonly string[];
}

/** One comparison. */
export class Comparison implements Found {
  readonly differences: Difference[] = [];
  readonly adopted: string[] = [];
  /** When it began: what was told until then is in the broker's answers. */
  readonly begun: Time;
  /** By symbol: the lines of orders that have executed more than was told. */
  readonly short = new Map<number, string>();
  readonly #adopting: ReadonlySet<string>;

  /** `adopting`: lines that are adopted where they are found again. */
  constructor(begun: Time, adopting: ReadonlySet<string>) {
    this.begun = begun;
    this.#adopting = adopting;
  }

  add(kind: Difference['kind'], text: string, mark?: string): void {
    this.differences.push(mark === undefined ? { kind, text } : { kind, text, mark });
  }

  /** Adopts what the line says, or notes it. `adopt`: false when it can't be. */
  adoptOrAdd(text: string, adopt: () => boolean): void {
    if (this.#adopting.has(text) && adopt()) this.adopted.push(text);
    else this.add('adoptable', text);
  }
}

export function textsOf(differences: readonly Difference[]): string[] {
  return differences.map(({ text }) => text);
}

/** Those of what lasts that stop trading. `known`: marks of what a person let stand. */
export function halting(
  differences: readonly Difference[],
  policy: Policy,
  known: ReadonlySet<string>,
): Difference[] {
  return differences.filter(
    ({ kind, mark }) =>
      (mark === undefined || !known.has(mark)) &&
      (kind === 'broken' || policy === 'halt' || (policy === 'adopt' && kind !== 'external')),
  );
}
