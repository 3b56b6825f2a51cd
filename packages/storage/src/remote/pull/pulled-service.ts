// The service of a node of another host whose rings are pulled here: they are asked for as files,
// and are mirrors in shared memory. History is read by its blocks where they are pulled, too. All
// else is asked of the node.
//
// Always: nothing is pulled before somebody asks for the rings; where they can't be pulled there
// are none, and who asks again tries again. Mirrors are removed when the service is closed, and
// those of processes that were killed when another one pulls.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRingPuller, type PullGrant, type RingPuller } from '@ndts/native/fabric';
import { type Clock, type ErrorCode, NdtsError, tickSchema, type Timer } from '@ndts/protocol';
import type {
  CallName,
  Calls,
  Service,
  StreamName,
  StreamOf,
  Streams,
} from '../../service/service.js';
import type { ServiceConnection } from '../frames/service-connection.js';
import { type BlockMemory, BlockReader } from './block-reader.js';
import { grantLeaseMs } from './ring-grants.js';

export interface PulledServiceOptions {
  readonly service: Pick<ServiceConnection, keyof Service | 'close' | 'closed'>;
  /** Of the node, as this host reaches it. */
  readonly host: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Absent: history comes over the connection. */
  readonly blocks?: BlockMemory;
}

/** Of a node that has no rings to pull, or enough that pull them. */
const notGiven: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['UNAVAILABLE', 'RATE_LIMITED']);

/** Of a node whose rings can't be reached: another port, a firewall, grants that ended. */
const unreachable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'TIMEOUT',
  'LEASE_LOST',
  'CLOSED', // by a renewal that was refused, while the mirrors were waited for
]);

const sharedMemory = '/dev/shm';
const folderPattern = /^ndts-pull-(\d+)-/;

interface PulledRings {
  paths: Promise<readonly string[]>;
  puller: RingPuller | undefined;
  dir: string | undefined;
}

export class PulledService implements Service {
  readonly shardCount: number;
  readonly #options: PulledServiceOptions;
  readonly #blocks: BlockReader | undefined;
  /** By the table of their rows. */
  readonly #rings = new Map<string, PulledRings>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: PulledServiceOptions) {
    this.#options = options;
    this.shardCount = options.service.shardCount;
    const { service, host, clock, blocks } = options;
    if (blocks === undefined) return;
    this.#blocks = new BlockReader({
      service,
      reachable: (grant) => reachable(grant, host),
      memory: blocks,
      clock,
    });
  }

  get closed(): boolean {
    return this.#closed || this.#options.service.closed;
  }

  async call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']> {
    if (name !== 'rings') return this.#options.service.call(name, asked);
    const { table = tickSchema.name } = asked as Calls['rings']['asked'];
    let rings = this.#rings.get(table);
    if (rings === undefined) {
      rings = { paths: Promise.resolve([]), puller: undefined, dir: undefined };
      this.#rings.set(table, rings);
      rings.paths = this.#pull(table, rings);
    }
    return (await rings.paths) as Calls[N]['answer'];
  }

  async open<N extends StreamName>(
    name: N,
    asked: Streams[N]['asked'],
    signal?: AbortSignal,
  ): Promise<StreamOf<N>> {
    const stream = await this.#openBlocks(name, asked);
    if (stream !== undefined) return stream as unknown as StreamOf<N>;
    return this.#options.service.open(name, asked, signal);
  }

  async #openBlocks(
    name: StreamName,
    asked: unknown,
  ): Promise<StreamOf<'load'> | StreamOf<'replay'> | undefined> {
    if (name === 'replay') return this.#blocks?.replay(asked as Streams['replay']['asked']);
    if (name === 'load') return this.#blocks?.load(asked as Streams['load']['asked']);
    return undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#blocks?.close();
    this.#drop();
    await this.#options.service.close();
  }

  /** Who has mirrors mapped keeps them, and sees by the heartbeat that they stand still. */
  #drop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [table, rings] of this.#rings) this.#dropRings(table, rings);
  }

  #dropRings(table: string, rings: PulledRings): void {
    const { puller, dir } = rings;
    if (this.#rings.get(table) === rings) this.#rings.delete(table);
    puller?.close();
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  }

  /** None where the node offers none, or can't be reached so. */
  async #pull(table: string, rings: PulledRings): Promise<readonly string[]> {
    const { service, host, timeoutMs } = this.#options;
    const grants = await service.call('pullRings', { table }).catch((error: unknown) => {
      if (error instanceof NdtsError && notGiven.has(error.code) && !service.closed) return [];
      throw error;
    });
    // All ended meanwhile: nobody would close what is opened now.
    const isOver = this.#closed || this.#rings.get(table) !== rings;
    if (grants.length === 0 || isOver) return [];
    try {
      rings.dir = makeFolder();
      rings.puller = openRingPuller({
        grants: grants.map((grant) => reachable(grant, host)),
        dir: rings.dir,
        // What was there before comes from the node, as far as it is wanted.
        from: 'tail',
      });
      if (this.#timer === undefined) this.#renewLater();
      return await rings.puller.mirrors(timeoutMs);
    } catch (error) {
      this.#dropRings(table, rings);
      // The connection ended meanwhile, and the puller with it: another may be made.
      if (this.closed) throw new NdtsError('UNAVAILABLE', 'the node of the rings ended');
      if (error instanceof NdtsError && unreachable.has(error.code)) return [];
      throw error;
    }
  }

  #renewLater(): void {
    this.#timer = this.#options.clock.setTimer(grantLeaseMs / 3, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    try {
      await this.#options.service.call('renewPulls', {});
      if (!this.closed) this.#renewLater();
    } catch {
      this.#drop();
    }
  }
}

/** A server that listens everywhere does not know how it is reached. */
function reachable(grant: PullGrant, host: string): PullGrant {
  const [, port] = /^(?:0\.0\.0\.0|\[::\]):(\d+)$/.exec(grant.address) ?? [];
  if (port === undefined) return grant;
  return { ...grant, address: `${host.includes(':') ? `[${host}]` : host}:${port}` };
}

function makeFolder(): string {
  const parent = existsSync(sharedMemory) ? sharedMemory : tmpdir();
  for (const name of readdirSync(parent)) {
    const owner = Number(folderPattern.exec(name)?.[1]);
    if (owner > 0 && !isAlive(owner)) removeIfOurs(join(parent, name));
  }
  return mkdtempSync(join(parent, `ndts-pull-${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeIfOurs(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It is somebody else's.
  }
}
