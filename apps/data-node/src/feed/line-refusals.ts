// hot: no allocation after init, but for what is opened and for rules that a request meets first
// Which of the rows that came by line protocol a rule refused, for whoever sent them. Always: a row
// is counted for the intake it came by, however many send at once; one that is closed counts
// nothing any more.

import type { TickBatch, TradeBatch } from '@ndts/protocol';
import type { RowKind } from './feed-rows.js';

export class LineRefusals {
  readonly #open = new Map<number, Map<string, number>>();
  /** By kind and place in the batch that was polled last: the intake. */
  readonly #intakes: Partial<Record<RowKind, Float64Array>> = {};
  #last = 0;

  open(): { readonly id: number; readonly counts: ReadonlyMap<string, number> } {
    const counts = new Map<string, number>();
    this.#last += 1;
    this.#open.set(this.#last, counts);
    return { id: this.#last, counts };
  }

  close(id: number): void {
    this.#open.delete(id);
  }

  /** The sequences of the batch are intakes; whoever has it may change them afterwards. */
  notePolled(kind: RowKind, { sequence, count, capacity }: TickBatch | TradeBatch): void {
    let intakes = this.#intakes[kind];
    if (intakes === undefined || intakes.length < capacity) {
      intakes = new Float64Array(capacity);
      this.#intakes[kind] = intakes;
    }
    for (let row = 0; row < count; row += 1) intakes[row] = sequence[row]!;
  }

  /** `place` in the batch that was polled last. */
  note(kind: RowKind, place: number, rule: string): void {
    this.count(this.#intakes[kind]?.[place] ?? 0, rule);
  }

  count(id: number, rule: string): void {
    const counts = this.#open.get(id);
    counts?.set(rule, (counts.get(rule) ?? 0) + 1);
  }
}
