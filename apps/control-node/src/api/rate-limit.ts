// A token bucket per client, by the handed-in clock. Bounded: a client that has been quiet long
// enough for its bucket to be full again is forgotten, and never more than clientsMax are kept.

import { type Clock, nsPerSecond } from '@ndts/protocol';

interface Bucket {
  tokens: number;
  atNs: number;
}

const clientsMax = 10_000;

export interface BucketShape {
  readonly perSecond: number;
  readonly burst: number;
}

export class RateLimiter {
  readonly #clock: Clock;
  readonly #shape: () => BucketShape;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, shape: () => BucketShape) {
    this.#clock = clock;
    this.#shape = shape;
  }

  /** True: go on. False: too many. */
  take(client: string): boolean {
    const { perSecond, burst } = this.#shape();
    const nowNs = this.#clock.monotonicNs();
    const bucket = this.#buckets.get(client) ?? { tokens: burst, atNs: nowNs };
    const refilled = bucket.tokens + ((nowNs - bucket.atNs) / nsPerSecond) * perSecond;
    bucket.tokens = Math.min(burst, refilled);
    bucket.atNs = nowNs;
    // Taken out and put back: the map stays in the order of last use.
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    this.#forget(nowNs, burst / perSecond);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  #forget(nowNs: number, fullAfterSeconds: number): void {
    for (const [client, bucket] of this.#buckets) {
      const quietSeconds = (nowNs - bucket.atNs) / nsPerSecond;
      if (quietSeconds <= fullAfterSeconds && this.#buckets.size <= clientsMax) return;
      this.#buckets.delete(client);
    }
  }
}
