// Which of two gateways orders may go to. What always holds: one that could not be reached takes no
// order before it was asked for all that is there and compared with the journal; as long as it
// can't be asked, that the other one does not know an order says nothing about that order.

import { type BrokerListener, type Clock, NdtsError } from '@ndts/protocol';
import type { ClosedPart, Gateway } from '../broker/gateway.js';

/** Between two attempts to reach one that never answered. */
const retryNs = 1e9;

/** Of one gateway. */
interface Standing {
  /** connect() has succeeded. */
  isAttached: boolean;
  isConnecting: boolean;
  retryAtNs: number;
  failure: unknown;
  /** Compared since it was last out of reach. */
  isAdmitted: boolean;
  /** Asked by the comparison under way, and in reach since. */
  isAsked: boolean;
  isLost: boolean;
}

export class Admission {
  readonly #clock: Clock;
  readonly #standings: ReadonlyMap<Gateway, Standing>;
  #hear: ((from: Gateway) => BrokerListener) | undefined;

  constructor(gateways: readonly Gateway[], clock: Clock) {
    this.#clock = clock;
    this.#standings = new Map(gateways.map((one) => [one, newStanding()]));
  }

  /** Resolves once all have answered or failed; rejects when none has answered. */
  async connect(hear: (from: Gateway) => BrokerListener): Promise<void> {
    this.#hear = hear;
    await Promise.all([...this.#standings.keys()].map((one) => this.#connect(one)));
    const all = [...this.#standings.values()];
    if (!all.some(({ isAttached }) => isAttached)) throw all[0]?.failure;
  }

  async #connect(one: Gateway): Promise<void> {
    const standing = this.#of(one);
    if (standing.isAttached || standing.isConnecting || this.#hear === undefined) return;
    standing.isConnecting = true;
    try {
      await one.connect(this.#hear(one));
      standing.isAttached = true;
    } catch (error) {
      standing.failure = error;
      standing.retryAtNs = this.#clock.monotonicNs() + retryNs;
    } finally {
      standing.isConnecting = false;
    }
  }

  /** Part of the duty cycle: sees who went away, and tries again to reach who never answered. */
  doWork(): void {
    const now = this.#clock.monotonicNs();
    for (const [one, standing] of this.#standings) {
      if (!one.connected()) {
        standing.isAdmitted = false;
        standing.isLost = true;
      }
      if (!standing.isAttached && now >= standing.retryAtNs) void this.#connect(one);
    }
  }

  async disconnect(): Promise<void> {
    this.#hear = undefined;
    for (const [one, standing] of this.#standings) {
      await one.disconnect();
      Object.assign(standing, { isAttached: false, isAdmitted: false });
    }
  }

  /** In reach, and compared since it is. */
  isOpen(one: Gateway): boolean {
    return this.#of(one).isAdmitted && one.connected();
  }

  /** Whether questions go to it. */
  isAsked(one: Gateway): boolean {
    return this.#of(one).isAsked;
  }

  /** Questions go to those that are in reach now, until the next survey; `all`: also to those that
   * take no orders yet. */
  survey(all: boolean): void {
    const up = [...this.#standings.keys()].filter((one) =>
      all ? one.connected() : this.isOpen(one),
    );
    for (const [one, standing] of this.#standings) {
      // With none in reach the questions say so.
      standing.isAsked = up.length === 0 || up.includes(one);
      standing.isLost = false;
    }
  }

  /** Those that were asked since the survey, and stayed in reach, are compared. */
  admit(): void {
    for (const [one, standing] of this.#standings)
      if (standing.isAsked && !standing.isLost && one.connected()) standing.isAdmitted = true;
  }

  /** One is in reach and was not compared since. */
  get isPending(): boolean {
    for (const [one, standing] of this.#standings)
      if (!standing.isAdmitted && one.connected()) return true;
    return false;
  }

  get areAllAsked(): boolean {
    for (const { isAsked } of this.#standings.values()) if (!isAsked) return false;
    return true;
  }

  /** Those that take no orders. */
  closed(): ClosedPart[] {
    return [...this.#standings.keys()]
      .filter((one) => !this.isOpen(one))
      .map((one) => ({ name: one.card.name, isUp: one.connected() }));
  }

  #of(one: Gateway): Standing {
    const standing = this.#standings.get(one);
    if (standing === undefined) throw new NdtsError('INTERNAL', 'a gateway of another pair');
    return standing;
  }
}

function newStanding(): Standing {
  return {
    ...{ isAttached: false, isConnecting: false, retryAtNs: 0, failure: undefined },
    ...{ isAdmitted: false, isAsked: true, isLost: false },
  };
}
