// The rings of this node for readers on other hosts: who is let in gets grants of a few seconds,
// and renews them while it reads. docs/protocol/pull.md says what a grant is.
//
// Always: a grant is one client's own; what is revoked, or not renewed, reads nothing any more.

import { createPullServer, type PullGrant, type PullServer } from '@ndts/native/fabric';
import { NdtsError } from '@ndts/protocol';
import type { Gauge, Metrics } from '@ndts/runtime';
import { type RingPaths, ringsOf } from '../../service/ring-paths.js';

export interface RingGrantsOptions {
  /** 'tcp' or 'libfabric'. */
  readonly provider: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly paths: RingPaths;
  readonly metrics: Metrics;
}

/** Not counted by libfabric, where no code of this process runs for a read. */
const counters = {
  reads: ['pull_reads_total', 'One-sided reads of rings by other hosts.'],
  bytes: ['pull_bytes_total', 'Bytes that other hosts read of rings.'],
  refused: ['pull_refused_total', 'One-sided reads that were refused.'],
} as const;

/** How long a reader may say nothing. */
export const grantLeaseMs = 15_000;

export class RingGrants {
  readonly #server: PullServer;
  readonly #connections: Gauge;
  readonly #paths: RingPaths;
  #closed = false;

  /** Throws UNAVAILABLE where there is no such provider, PORT_IN_USE, IO_ERROR. */
  constructor({ provider, host, port, paths, metrics }: RingGrantsOptions) {
    const server = createPullServer({ provider, address: host, port });
    this.#server = server;
    this.#paths = paths;
    const figures = Object.entries(counters).map(
      ([figure, [name, help]]) =>
        [figure as keyof typeof counters, metrics.counter(name, help)] as const,
    );
    let before = server.stats();
    this.#connections = metrics.gauge(
      'pull_connections',
      'Readers on other hosts.',
      [],
      (gauge) => {
        if (this.#closed) return;
        const stats = server.stats();
        gauge.set(stats.connections);
        for (const [figure, counter] of figures) counter.inc(stats[figure] - before[figure]);
        before = stats;
      },
    );
  }

  /** What else is read through the same port. */
  get server(): PullServer {
    return this.#server;
  }

  /** New ones of the rings of a table, in the order of the shards; none where there are no rings.
   * @param table as it was asked for; undefined: ticks @param shards undefined: all */
  grant(table?: unknown, shards?: unknown): readonly PullGrant[] {
    const grants: PullGrant[] = [];
    try {
      for (const path of ringsOf(this.#paths, table, shards))
        grants.push(this.#server.exposeRing(path, grantLeaseMs));
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
    if (this.#closed) return; // all ended with the server
    for (const key of keys) {
      try {
        this.#server.revoke(key);
      } catch (error) {
        // Its lease ended before.
        if (!(error instanceof NdtsError) || error.code !== 'NOT_FOUND') throw error;
      }
    }
  }

  /** Twice is allowed. */
  close(): void {
    this.#closed = true;
    this.#server.close();
    this.#connections.set(0);
  }
}
