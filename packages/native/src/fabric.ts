// One-sided pulls: a server exposes rings of this host under grants, a puller on another host
// follows them into mirrors - rings there, read with openTickRings as any other. How it works and
// what a grant is: docs/protocol/pull.md. Serving and pulling run on native threads; nothing here
// is on the hot path. Every handle belongs to one thread; closing twice is allowed, any other call
// after close is CLOSED.

import type { ErrorCode } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

/** The right to read one ring. It is a secret: whoever has it can read. */
export interface PullGrant {
  readonly provider: string;
  readonly address: string;
  /** Hexadecimal. */
  readonly key: string;
  readonly region: number;
  /** Hexadecimal. */
  readonly base: string;
  readonly length: number;
  /** By the server's clock, which alone decides. */
  readonly expiresAtMs: number;
}

export interface PullServerOptions {
  /** 'tcp'; 'libfabric' for the provider of it that suits the machine, or a full name of one;
   * 'mapped' for this host only. */
  readonly provider: string;
  /** Host to listen on; for 'mapped' a folder of mode 0700. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface PullServerStats {
  readonly connections: number;
  /** Not counted by libfabric and mapped memory, where no code of the server runs for a read. */
  readonly reads: number;
  readonly bytes: number;
  readonly refused: number;
}

export interface PullServer {
  exposeRing(path: string, leaseMs: number): PullGrant;
  /** All of it. */
  exposeArena(arena: { readonly handle: unknown }, leaseMs: number): PullGrant;
  /** From now on the lease ends in leaseMs. NOT_FOUND when it is over. */
  renew(key: string, leaseMs: number): void;
  /** No read begins after this. */
  revoke(key: string): void;
  stats(): PullServerStats;
  close(): void;
}

export interface RingPullerOptions {
  /** Of one server. */
  readonly grants: readonly PullGrant[];
  /** Folder of the mirrors, in shared memory; one puller's own: LOCKED for a second. */
  readonly dir: string;
  /** Where mirrors begin: what the ring still holds, or only what comes. */
  readonly from: 'oldest' | 'tail';
  /** The longest pause between two looks at idle rings; up to eight times as long after seconds. */
  readonly sleepUsMax?: number;
}

export interface PulledRingStats {
  /** Of the mirror; '' before there is one. */
  readonly path: string;
  /** 'OK' while it is followed; else why it ended: LEASE_LOST, WRONG_EPOCH, CORRUPT. */
  readonly end: ErrorCode;
  readonly shard: number;
  readonly epoch: number;
  readonly slots: number;
  /** Overtaken before they were read; void in the mirror. */
  readonly voids: number;
  readonly headerReads: number;
  readonly headerRetries: number;
}

export interface RingPullerStats {
  readonly rings: readonly PulledRingStats[];
  readonly connected: boolean;
  /** Why there is no connection; it is tried again by itself. */
  readonly connection: string;
  readonly connects: number;
  /** Turns of the thread, by what it did after them. */
  readonly worked: number;
  readonly spun: number;
  readonly yielded: number;
  readonly slept: number;
}

export interface RingPuller {
  /** Paths of the mirrors in the order of the grants, once all are there. Rejects with why a ring
   * ended, why there is no connection, or TIMEOUT. */
  mirrors(timeoutMs: number): Promise<string[]>;
  stats(): RingPullerStats;
  /** Follows another ring instead: a new epoch, or a new key. Its mirror is a new file. */
  replace(index: number, grant: PullGrant): void;
  /** Removes the mirrors; who has them mapped keeps them. */
  close(): void;
}

interface NativeRingPuller {
  mirrors(timeoutMs: number): Promise<void>;
  stats(): RingPullerStats;
  replace(index: number, grant: PullGrant): void;
  close(): void;
}

const classes = addon as {
  readonly PullServer: new (provider: string, address: string, port: number) => NativePullServer;
  readonly RingPuller: new (
    grants: readonly PullGrant[],
    dir: string,
    from: 'oldest' | 'tail',
    sleepUsMax: number,
  ) => NativeRingPuller;
};

const defaultSleepUsMax = 1000;

interface NativePullServer extends Omit<PullServer, 'exposeArena'> {
  exposeArena(handle: unknown, leaseMs: number): PullGrant;
}

class AddonPullServer implements PullServer {
  readonly #native: NativePullServer;

  constructor({ provider, address, port }: PullServerOptions) {
    this.#native = native(() => new classes.PullServer(provider, address, port));
  }

  exposeRing(path: string, leaseMs: number): PullGrant {
    return native(() => this.#native.exposeRing(path, leaseMs));
  }

  exposeArena({ handle }: { readonly handle: unknown }, leaseMs: number): PullGrant {
    return native(() => this.#native.exposeArena(handle, leaseMs));
  }

  renew(key: string, leaseMs: number): void {
    native(() => this.#native.renew(key, leaseMs));
  }

  revoke(key: string): void {
    native(() => this.#native.revoke(key));
  }

  stats(): PullServerStats {
    return native(() => this.#native.stats());
  }

  close(): void {
    this.#native.close();
  }
}

class AddonRingPuller implements RingPuller {
  readonly #native: NativeRingPuller;

  constructor({ grants, dir, from, sleepUsMax }: RingPullerOptions) {
    this.#native = native(
      () => new classes.RingPuller(grants, dir, from, sleepUsMax ?? defaultSleepUsMax),
    );
  }

  async mirrors(timeoutMs: number): Promise<string[]> {
    try {
      await this.#native.mirrors(timeoutMs);
    } catch (error) {
      throw toNdtsError(error);
    }
    return this.stats().rings.map((ring) => ring.path);
  }

  stats(): RingPullerStats {
    return native(() => this.#native.stats());
  }

  replace(index: number, grant: PullGrant): void {
    native(() => this.#native.replace(index, grant));
  }

  close(): void {
    this.#native.close();
  }
}

export function createPullServer(options: PullServerOptions): PullServer {
  return new AddonPullServer(options);
}

export function openRingPuller(options: RingPullerOptions): RingPuller {
  return new AddonRingPuller(options);
}
