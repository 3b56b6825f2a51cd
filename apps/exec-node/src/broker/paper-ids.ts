// The client order ids the simulated venue let go from memory, compactly. Ids of the platform are
// instance-ordinal-leg, maybe behind the prefix of a node, with ordinals that only grow, so a
// highest one per instance and leg stands for all below it; others are kept one by one. What always
// holds: an id that was added is known for ever; one that was never added may count as known when
// it is below a highest one.

import type { RecordState } from './paper-record.js';

const platformId = /^([a-z]*\d+)-(\d+)-(\d+)$/;
/** Of a child: the order it belongs to, and its number there. */
const childId = /^(.+)\.(\d+)$/;

export class PaperIds {
  /** Instance and leg -> highest ordinal. */
  readonly #highest = new Map<string, number>();
  readonly #others = new Set<string>();

  add(id: string): void {
    const parts = partsOf(id);
    if (parts === undefined) this.#others.add(id);
    else this.raise(parts.series, parts.ordinal);
  }

  raise(series: string, ordinal: number): void {
    if (ordinal > (this.#highest.get(series) ?? -1)) this.#highest.set(series, ordinal);
  }

  has(id: string): boolean {
    const parts = partsOf(id);
    if (parts === undefined) return this.#others.has(id);
    return parts.ordinal <= (this.#highest.get(parts.series) ?? -1);
  }

  *lines(): Generator<RecordState> {
    for (const [series, ordinal] of this.#highest) yield { kind: 'highest', series, ordinal };
    for (const known of this.#others) yield { kind: 'known', known };
  }
}

function partsOf(id: string): { series: string; ordinal: number } | undefined {
  const [, parent, number] = childId.exec(id) ?? [];
  if (parent !== undefined) return { series: parent, ordinal: Number(number) };
  const [, instance, digits, leg] = platformId.exec(id) ?? [];
  const ordinal = Number(digits);
  if (!Number.isSafeInteger(ordinal)) return undefined;
  return { series: `${instance}/${leg}`, ordinal };
}
