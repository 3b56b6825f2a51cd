// Secrets that live for a while in memory: sessions and one-time tickets. They go with the process.

import { type Clock, nsPerMs } from '@ndts/protocol';
import type { Principal } from './roles.js';
import type { SecureRandom } from './secure-random.js';

interface Entry {
  readonly principal: Principal;
  readonly expiresNs: number;
}

const secretBytes = 32;

export class ExpiringSecrets {
  readonly #clock: Clock;
  readonly #random: SecureRandom;
  readonly #lifeMs: number;
  readonly #countMax: number;
  /** In the order of making, so in the order of expiry. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, random: SecureRandom, lifeMs: number, countMax: number) {
    this.#clock = clock;
    this.#random = random;
    this.#lifeMs = lifeMs;
    this.#countMax = countMax;
  }

  /** Above the limit the oldest goes: a flood of logins costs no memory. */
  create(principal: Principal): string {
    this.#forgetExpired();
    const oldest = this.#entries.keys().next();
    if (this.#entries.size >= this.#countMax && oldest.done !== true)
      this.#entries.delete(oldest.value);
    const secret = Buffer.from(this.#random.bytes(secretBytes)).toString('base64url');
    const expiresNs = this.#clock.monotonicNs() + this.#lifeMs * nsPerMs;
    this.#entries.set(secret, { principal, expiresNs });
    return secret;
  }

  find(secret: string): Principal | undefined {
    const entry = this.#entries.get(secret);
    if (entry === undefined) return undefined;
    if (this.#clock.monotonicNs() < entry.expiresNs) return entry.principal;
    this.#entries.delete(secret);
    return undefined;
  }

  delete(secret: string): void {
    this.#entries.delete(secret);
  }

  deleteOf(name: string): void {
    for (const [secret, { principal }] of this.#entries)
      if (principal.name === name) this.#entries.delete(secret);
  }

  #forgetExpired(): void {
    const nowNs = this.#clock.monotonicNs();
    for (const [secret, { expiresNs }] of this.#entries) {
      if (expiresNs > nowNs) return;
      this.#entries.delete(secret);
    }
  }
}
