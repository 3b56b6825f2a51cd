// Cancels of strategies that came before their signals, which come another way. What always holds:
// each is taken once; only the newest are kept.

import type { Signal } from './signal.js';

const keptMax = 1000;

export class CancelsAhead {
  readonly #whys = new Map<string, string>();

  keep(clientOrderId: string, why: string): void {
    this.#whys.set(clientOrderId, why);
    if (this.#whys.size <= keptMax) return;
    for (const oldest of [...this.#whys.keys()].slice(0, keptMax / 2)) this.#whys.delete(oldest);
  }

  /** That of the order of a signal that has come; undefined: there is none. */
  take({ instance, ordinal }: Signal): { id: string; why: string } | undefined {
    if (this.#whys.size === 0) return undefined;
    const id = `${instance}-${ordinal}-0`;
    const why = this.#whys.get(id);
    this.#whys.delete(id);
    return why === undefined ? undefined : { id, why };
  }
}
