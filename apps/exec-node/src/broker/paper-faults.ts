// How the paper venue misbehaves: by chance, from a seed, and by demand. What always holds: a venue
// that is told to be good draws nothing.

import { type Clock, nsPerMs, type Random } from '@ndts/protocol';

/** Each a chance in a million. */
export interface PaperBehaviour {
  /** Refuses the order. */
  readonly rejectPerMillion: number;
  /** The request never arrives. */
  readonly loseRequestPerMillion: number;
  /** The request is carried out, its answers never arrive. */
  readonly loseAnswersPerMillion: number;
  /** Fills half now and the rest at a later call. */
  readonly partialFillPerMillion: number;
  /** It goes away at a request, before or after it arrives, for outageMs. */
  readonly outagePerMillion: number;
  readonly outageMs: number;
}

const goodBehaviour: PaperBehaviour = {
  rejectPerMillion: 0,
  loseRequestPerMillion: 0,
  loseAnswersPerMillion: 0,
  partialFillPerMillion: 0,
  outagePerMillion: 0,
  outageMs: 0,
};

const million = 1_000_000;

export class PaperFaults {
  readonly #random: Random;
  readonly #clock: Clock;
  #behaviour: PaperBehaviour;
  #demanded = false;
  #awayUntilNs = 0;

  constructor(random: Random, clock: Clock, behaviour: Partial<PaperBehaviour> = {}) {
    this.#random = random;
    this.#clock = clock;
    this.#behaviour = { ...goodBehaviour, ...behaviour };
  }

  set(behaviour: Partial<PaperBehaviour>): void {
    this.#behaviour = { ...this.#behaviour, ...behaviour };
  }

  /** Until it is told otherwise. */
  demand(outage: boolean): void {
    this.#demanded = outage;
  }

  get isAway(): boolean {
    if (this.#demanded) return true;
    return this.#awayUntilNs > 0 && this.#clock.monotonicNs() < this.#awayUntilNs;
  }

  /** When it comes back by itself; Infinity: nothing to wait for. */
  dueNs(): number {
    return !this.#demanded && this.isAway ? this.#awayUntilNs : Infinity;
  }

  /** Goes away now, by chance. */
  mayGoAway(): void {
    if (!this.#chance(this.#behaviour.outagePerMillion)) return;
    this.#awayUntilNs = this.#clock.monotonicNs() + this.#behaviour.outageMs * nsPerMs;
  }

  rejects(): boolean {
    return this.#chance(this.#behaviour.rejectPerMillion);
  }

  losesRequest(): boolean {
    return this.#chance(this.#behaviour.loseRequestPerMillion);
  }

  losesAnswers(): boolean {
    return this.#chance(this.#behaviour.loseAnswersPerMillion);
  }

  fillsInParts(): boolean {
    return this.#chance(this.#behaviour.partialFillPerMillion);
  }

  #chance(perMillion: number): boolean {
    return perMillion > 0 && this.#random.integer(million) < perMillion;
  }
}
