// Mirrors of the rings of a node of another host, by what is asked for: shards that were first
// asked for together are one puller's. A puller is a thread and a connection, so there are few.
//
// Always: nothing is pulled before somebody asks for it; what nobody has read for a while is
// dropped. Where rings can't be pulled there are none, and who asks later tries again.

import { rmSync } from 'node:fs';
import { openRingPuller, type PullGrant, type RingPuller } from '@ndts/native/fabric';
import { type Clock, type ErrorCode, NdtsError, tickSchema, type Timer } from '@ndts/protocol';
import type { Calls, RingsAsked, Service } from '../../service/service.js';
import { makeMirrorFolder } from './mirror-folder.js';
import { grantLeaseMs } from './ring-grants.js';

export interface RingMirrorsOptions {
  readonly service: Pick<Service, 'shardCount' | 'call'> & { readonly closed: boolean };
  /** Of the node, as this host reaches it. */
  readonly host: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Of a node that has no rings to pull (any more), or enough that pull them. */
const notGiven: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'RATE_LIMITED',
  'NOT_FOUND',
]);

/** Of a node whose rings can't be reached: another port, a firewall, grants that ended. */
const unreachable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'TIMEOUT',
  'LEASE_LOST',
  'CLOSED', // by a renewal that was refused, while the mirrors were waited for
]);

/** Of a table. */
const pullersMax = 4;
/** How long mirrors stay that nobody reads: who comes back at once finds them. */
export const unreadMs = 10_000;

/** One puller's. */
interface Mirrors {
  readonly table: string;
  readonly shards: readonly number[];
  /** In their order; none: they can't be pulled. */
  paths: Promise<readonly string[]>;
  /** Who asked for them and did not leave yet. */
  readers: number;
  /** Drops them, while nobody reads. */
  unread: Timer | undefined;
  puller: RingPuller | undefined;
  dir: string | undefined;
}

export class RingMirrors {
  readonly #options: RingMirrorsOptions;
  readonly #all: readonly number[];
  readonly #mirrors = new Set<Mirrors>();
  /** Whose a mirror is, by its path. */
  readonly #owners = new Map<string, Mirrors>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: RingMirrorsOptions) {
    this.#options = options;
    this.#all = Array.from({ length: options.service.shardCount }, (_, shard) => shard);
  }

  /** As the call `rings` answers; each answer that is not empty is left once. */
  async paths({ table = tickSchema.name, shards }: RingsAsked): Promise<readonly string[]> {
    const wanted = shards ?? this.#all;
    const read = this.#mirrorsOf(table, wanted);
    for (const one of read) {
      one.readers += 1;
      one.unread?.cancel();
    }
    let found: readonly string[] = [];
    try {
      const pathsOf = await Promise.all(read.map((one) => one.paths));
      const byShard = new Map<number, string>();
      for (const [at, one] of read.entries())
        for (const [place, path] of (pathsOf[at] ?? []).entries())
          byShard.set(one.shards[place] ?? 0, path);
      const paths = wanted.flatMap((shard) => byShard.get(shard) ?? []);
      if (paths.length === wanted.length) found = paths;
    } finally {
      if (found.length === 0) for (const one of read) this.#leave(one);
    }
    return found;
  }

  leave(paths: readonly string[]): void {
    const read = new Set(paths.map((path) => this.#owners.get(path)));
    for (const one of read) if (one !== undefined) this.#leave(one);
  }

  /** Those that have any of the shards; what none has yet is pulled from now on. */
  #mirrorsOf(table: string, wanted: readonly number[]): Mirrors[] {
    const there = [...this.#mirrors].filter((one) => one.table === table);
    const have = new Set(there.flatMap((one) => one.shards));
    if (wanted.some((shard) => !have.has(shard))) {
      // The last that may be is that of all the rest.
      const some = there.length < pullersMax - 1 ? wanted : this.#all;
      const made: Mirrors = {
        table,
        shards: some.filter((shard) => !have.has(shard)),
        paths: Promise.resolve([]),
        readers: 0,
        unread: undefined,
        puller: undefined,
        dir: undefined,
      };
      this.#mirrors.add(made);
      made.paths = this.#pull(made);
      there.push(made);
    }
    return there.filter((one) => one.shards.some((shard) => wanted.includes(shard)));
  }

  #leave(one: Mirrors): void {
    one.readers -= 1;
    if (one.readers > 0 || !this.#mirrors.has(one)) return;
    one.unread = this.#options.clock.setTimer(unreadMs, () => this.#drop(one));
  }

  /** Twice is allowed. Who has mirrors mapped keeps them, and sees by the heartbeat that they stand
   * still. */
  close(): void {
    this.#closed = true;
    this.#dropAll();
  }

  #dropAll(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const one of this.#mirrors) this.#drop(one);
  }

  #drop(one: Mirrors): void {
    this.#mirrors.delete(one);
    for (const [path, owner] of this.#owners) if (owner === one) this.#owners.delete(path);
    one.unread?.cancel();
    one.puller?.close();
    if (one.dir !== undefined) rmSync(one.dir, { recursive: true, force: true });
  }

  /** None where the node offers none, or can't be reached so. */
  async #pull(one: Mirrors): Promise<readonly string[]> {
    const { service, host, timeoutMs } = this.#options;
    const grants = await this.#grants(one);
    // All ended meanwhile: nobody would close what is opened now.
    const isOver = this.#closed || !this.#mirrors.has(one);
    if (grants.length !== one.shards.length || isOver) return [];
    try {
      one.dir = makeMirrorFolder();
      one.puller = openRingPuller({
        grants: grants.map((grant) => reachable(grant, host)),
        dir: one.dir,
        // What was there before comes from the node, as far as it is wanted.
        from: 'tail',
      });
      if (this.#timer === undefined) this.#renewLater();
      const paths = await one.puller.mirrors(timeoutMs);
      for (const path of paths) this.#owners.set(path, one);
      return paths;
    } catch (error) {
      this.#drop(one);
      // The connection ended meanwhile, and the puller with it: another may be made.
      if (this.#closed || service.closed)
        throw new NdtsError('UNAVAILABLE', 'the node of the rings ended');
      if (error instanceof NdtsError && unreachable.has(error.code)) return [];
      throw error;
    }
  }

  async #grants({ table, shards }: Mirrors): Promise<Calls['pullRings']['answer']> {
    const { service } = this.#options;
    return service.call('pullRings', { table, shards }).catch((error: unknown) => {
      if (error instanceof NdtsError && notGiven.has(error.code) && !service.closed) return [];
      throw error;
    });
  }

  #renewLater(): void {
    this.#timer = this.#options.clock.setTimer(grantLeaseMs / 3, () => void this.#renew());
  }

  /** Also of what was dropped: it is asked for anew when it is wanted again, and ends with the
   * connection. */
  async #renew(): Promise<void> {
    const { service } = this.#options;
    try {
      await service.call('renewPulls', {});
      if (!this.#closed && !service.closed) this.#renewLater();
    } catch {
      this.#dropAll();
    }
  }
}

/** A server that listens everywhere does not know how it is reached. */
export function reachable(grant: PullGrant, host: string): PullGrant {
  const [, port] = /^(?:0\.0\.0\.0|\[::\]):(\d+)$/.exec(grant.address) ?? [];
  if (port === undefined) return grant;
  return { ...grant, address: `${host.includes(':') ? `[${host}]` : host}:${port}` };
}
