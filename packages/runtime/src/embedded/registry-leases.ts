// The leases of the embedded registry: who holds one, until when, and which keys go with it. In
// memory only: a lease does not outlive the process that keeps time for it.

import { type Clock, NdtsError, type Random, type Timer, nsPerMs } from '@ndts/protocol';

interface HeldLease {
  readonly id: string;
  readonly ttlMs: number;
  readonly keys: Set<string>;
  expiresNs: number;
  timer: Timer | undefined;
}

const ttlMsMax = 86_400_000;

export class RegistryLeases {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onEnd: (lease: string, keys: readonly string[]) => void;
  readonly #leases = new Map<string, HeldLease>();

  constructor(
    clock: Clock,
    random: Random,
    onEnd: (lease: string, keys: readonly string[]) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#onEnd = onEnd;
  }

  grant(ttlMs: number): string {
    if (!(ttlMs > 0 && ttlMs <= ttlMsMax))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected a time to live of 1 to ${ttlMsMax} ms, found ${ttlMs}`,
      );
    let id = this.#newId();
    while (this.#leases.has(id)) id = this.#newId();
    const expiresNs = this.#clock.monotonicNs() + ttlMs * nsPerMs;
    const lease: HeldLease = { id, ttlMs, keys: new Set(), expiresNs, timer: undefined };
    this.#leases.set(id, lease);
    this.#arm(lease, ttlMs);
    return id;
  }

  renew(id: string): void {
    const lease = this.#held(id);
    lease.expiresNs = this.#clock.monotonicNs() + lease.ttlMs * nsPerMs;
  }

  /** Ends it now; its keys go. Ending one that is gone is a no-op. */
  end(id: string): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.timer?.cancel();
    this.#leases.delete(id);
    this.#onEnd(id, [...lease.keys]);
  }

  /** LEASE_LOST when it is gone, also when only its timer is late. */
  check(id: string): void {
    this.#held(id);
  }

  attach(id: string, key: string): void {
    this.#held(id).keys.add(key);
  }

  detach(id: string, key: string): void {
    this.#leases.get(id)?.keys.delete(key);
  }

  close(): void {
    for (const lease of this.#leases.values()) lease.timer?.cancel();
    this.#leases.clear();
  }

  #held(id: string): HeldLease {
    const lease = this.#leases.get(id);
    if (lease !== undefined && this.#clock.monotonicNs() < lease.expiresNs) return lease;
    this.end(id);
    throw new NdtsError('LEASE_LOST', `the lease ${id} expired or was revoked`);
  }

  #arm(lease: HeldLease, delayMs: number): void {
    lease.timer = this.#clock.setTimer(delayMs, () => {
      const leftNs = lease.expiresNs - this.#clock.monotonicNs();
      if (leftNs <= 0) this.end(lease.id);
      else this.#arm(lease, Math.ceil(leftNs / nsPerMs));
    });
  }

  #newId(): string {
    const half = (): string => this.#random.integer(0x1_0000_0000).toString(16).padStart(8, '0');
    return half() + half();
  }
}
