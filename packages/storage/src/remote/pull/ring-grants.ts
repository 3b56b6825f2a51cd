// The rings of this node for readers on other hosts: who is let in gets grants of a few seconds,
// and renews them while it reads. docs/protocol/pull.md says what a grant is.
//
// Always: a grant is one client's own; what is revoked, or not renewed, reads nothing any more.

import { createPullServer, type PullGrant, type PullServer } from '@ndts/native/fabric';
import { NdtsError } from '@ndts/protocol';

export interface RingGrantsOptions {
  /** 'tcp' or 'libfabric'. */
  readonly provider: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Files of the rings, by shard. */
  readonly paths: readonly string[];
}

/** How long a reader may say nothing. */
export const grantLeaseMs = 15_000;

export class RingGrants {
  readonly #server: PullServer;
  readonly #paths: readonly string[];

  /** Throws UNAVAILABLE where there is no such provider, PORT_IN_USE, IO_ERROR. */
  constructor({ provider, host, port, paths }: RingGrantsOptions) {
    this.#server = createPullServer({ provider, address: host, port });
    this.#paths = paths;
  }

  /** New ones of all rings, by shard. */
  grant(): readonly PullGrant[] {
    const grants: PullGrant[] = [];
    try {
      for (const path of this.#paths) grants.push(this.#server.exposeRing(path, grantLeaseMs));
    } catch (error) {
      this.revoke(grants.map((grant) => grant.key));
      throw error;
    }
    return grants;
  }

  /** Throws NOT_FOUND for one that ended. */
  renew(keys: Iterable<string>): void {
    for (const key of keys) this.#server.renew(key, grantLeaseMs);
  }

  revoke(keys: Iterable<string>): void {
    for (const key of keys) {
      try {
        this.#server.revoke(key);
      } catch (error) {
        // Its lease ended before.
        if (!(error instanceof NdtsError) || error.code !== 'NOT_FOUND') throw error;
      }
    }
  }

  stats(): ReturnType<PullServer['stats']> {
    return this.#server.stats();
  }

  /** Twice is allowed. */
  close(): void {
    this.#server.close();
  }
}
