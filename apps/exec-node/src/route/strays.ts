// Orders that are open at the venue and not here, as the last comparison found them: closed in the
// journal, or not in it at all. What always holds: nothing of them counts in the limits; each is
// canceled only when a person asks for it, and then asked for until the venue no longer has it.

import { type Clock, nsPerSecond } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';

export interface StraysDeps {
  readonly scribe: Scribe;
  readonly broker: Gateway;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Stray {
  readonly id: string;
  /** Sent by this node, whose journal holds it closed; else it is somebody else's. */
  readonly isOurs: boolean;
  /** As it is here; undefined: no longer in memory, or never here. */
  readonly order: Order | undefined;
  /** What it is at the venue. */
  readonly mark: string;
}

/** A cancel without effect. */
interface Asked {
  readonly atNs: number;
  readonly times: number;
}

/** How long the first cancel may take before everything is compared again; each further one may
 * take twice as long, because comparing asks much of a venue that does not cancel. */
const answerNs = nsPerSecond;
const doublings = 4;

export class Strays {
  readonly #deps: StraysDeps;
  #byId: ReadonlyMap<string, Stray> = new Map();
  /** Of those that are still there. */
  readonly #asked = new Map<string, Asked>();
  /** Compared since the cancel of any should have been answered. */
  #isCompared = false;
  /** What is there is to be seen as of now. */
  #isOld = false;

  constructor(deps: StraysDeps) {
    this.#deps = deps;
  }

  get(id: string): Stray | undefined {
    return this.#byId.get(id);
  }

  /** Whether an order of this signal is there, or a part of one. */
  hasOf({ instance, ordinal }: { readonly instance: number; readonly ordinal: number }): boolean {
    if (this.#byId.size === 0) return false;
    const signal = `${instance}-${ordinal}-`;
    for (const id of this.#byId.keys()) if (id.startsWith(signal)) return true;
    return false;
  }

  /** Those that the node itself takes back when orders are canceled. */
  ours(): Stray[] {
    return [...this.#byId.values()].filter(({ isOurs }) => isOurs);
  }

  /** Whoever's. */
  all(): Stray[] {
    return [...this.#byId.values()];
  }

  /** Everything is compared before the question which there are has an answer. */
  look(): void {
    this.#isOld = true;
  }

  get isOld(): boolean {
    return this.#isOld;
  }

  /** A comparison found these, and no others. */
  found(strays: readonly Stray[]): void {
    this.#byId = new Map(strays.map((stray) => [stray.id, stray]));
    for (const id of this.#asked.keys()) if (!this.#byId.has(id)) this.#asked.delete(id);
    this.#isCompared = true;
    this.#isOld = false;
  }

  /** Part of the duty cycle: asks again for what a comparison still found. Returns how many. */
  doWork(): number {
    if (!this.#isCompared) return 0;
    this.#isCompared = false;
    let count = 0;
    for (const id of this.#asked.keys()) {
      if (this.isAwaited(id)) continue;
      this.#ask(id);
      count += 1;
    }
    return count;
  }

  /** The venue says that it has ended. */
  ended(id: string): boolean {
    this.#asked.delete(id);
    if (!this.#byId.has(id)) return false;
    const isOld = this.#isOld;
    this.found(this.all().filter((stray) => stray.id !== id));
    this.#isOld = isOld;
    return true;
  }

  /** Its cancel waits for an answer. */
  isAwaited(id: string): boolean {
    const asked = this.#asked.get(id);
    if (asked === undefined) return false;
    const waitNs = answerNs * 2 ** Math.min(asked.times - 1, doublings);
    return this.#deps.clock.monotonicNs() - asked.atNs < waitNs;
  }

  /** Asks the venue for it; whether it is gone, its answer or the next comparison says. The journal
   * keeps who wanted it and why, once. */
  cancel({ id, isOurs }: Stray, actor: string, why: string): void {
    const { scribe, clock, logger } = this.#deps;
    if (!this.#asked.has(id)) {
      const detail = JSON.stringify({ clientOrderId: id, isOurs });
      scribe.action({ actor, action: 'cancelStray', detail, why, time: clock.now() });
      logger.warn({ clientOrderId: id, actor, why }, 'an order that is not open here is canceled');
      // Taking risk away does not wait for a journal that can't be written.
      scribe.flush();
    }
    this.#ask(id);
  }

  #ask(id: string): void {
    const { broker, clock } = this.#deps;
    const times = (this.#asked.get(id)?.times ?? 0) + 1;
    this.#asked.set(id, { atNs: clock.monotonicNs(), times });
    broker.cancel(id);
  }

  /** A cancel should have been answered by now: only a comparison can tell. */
  get isOverdue(): boolean {
    for (const id of this.#asked.keys()) if (!this.isAwaited(id)) return true;
    return this.#isOld;
  }
}
