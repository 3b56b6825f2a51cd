// The service of a node of another host whose rings are pulled here: they are asked for as files,
// and are mirrors in shared memory. History is read by its blocks where they are pulled, too. All
// else is asked of the node.
//
// Always: mirrors are removed when the service is closed, and those of processes that were killed
// when another one pulls.

import type { Clock } from '@ndts/protocol';
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
import { reachable, RingMirrors } from './ring-mirrors.js';

export interface PulledServiceOptions {
  readonly service: Pick<ServiceConnection, 'shardCount' | 'call' | 'open' | 'close' | 'closed'>;
  /** Of the node, as this host reaches it. */
  readonly host: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Absent: history comes over the connection. */
  readonly blocks?: BlockMemory;
}

export class PulledService implements Service {
  readonly shardCount: number;
  readonly #service: PulledServiceOptions['service'];
  readonly #mirrors: RingMirrors;
  readonly #blocks: BlockReader | undefined;
  #closed = false;

  constructor(options: PulledServiceOptions) {
    const { service, host, clock, blocks } = options;
    this.#service = service;
    this.shardCount = service.shardCount;
    this.#mirrors = new RingMirrors(options);
    if (blocks === undefined) return;
    this.#blocks = new BlockReader({
      service,
      reachable: (grant) => reachable(grant, host),
      memory: blocks,
      clock,
    });
  }

  get closed(): boolean {
    return this.#closed || this.#service.closed;
  }

  async call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']> {
    if (name !== 'rings') return this.#service.call(name, asked);
    return (await this.#mirrors.paths(asked as Calls['rings']['asked'])) as Calls[N]['answer'];
  }

  leaveRings(paths: readonly string[]): void {
    this.#mirrors.leave(paths);
  }

  async open<N extends StreamName>(
    name: N,
    asked: Streams[N]['asked'],
    signal?: AbortSignal,
  ): Promise<StreamOf<N>> {
    const stream = await this.#openBlocks(name, asked);
    if (stream !== undefined) return stream as unknown as StreamOf<N>;
    return this.#service.open(name, asked, signal);
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
    this.#mirrors.close();
    await this.#service.close();
  }
}
