// A service as a role may use it on one connection: everybody who is known reads, and who may write
// is said once, here. What was granted of rings and blocks ends with it.

import { NdtsError, tickSchema } from '@ndts/protocol';
import type { Principal } from '@ndts/runtime';
import { type BlockGrants, isBlockCall, type ReaderBlocks } from '../pull/block-grants.js';
import type { RingGrants } from '../pull/ring-grants.js';
import type { CallName, Calls, Service, StreamName, StreamOf } from '../../service/service.js';

const writes: ReadonlySet<CallName | StreamName> = new Set<CallName | StreamName>([
  'append',
  'createTable',
  'register',
  // A consumer's name is held, and its position kept.
  'consumer',
  'acknowledge',
  'removeConsumer',
]);

export class GuardedService implements Service {
  readonly shardCount: number;
  readonly #service: Service;
  readonly #principal: Principal;
  readonly #pulls: RingGrants | undefined;
  readonly #blocks: ReaderBlocks | undefined;
  /** Of grants, by the table of their rings. */
  readonly #keys = new Map<string, readonly string[]>();
  #closed = false;

  /** `pulls` absent: rings are not pulled; `blocks`: nor are these. */
  constructor(
    service: Service,
    principal: Principal,
    pulls: RingGrants | undefined,
    blocks?: BlockGrants,
  ) {
    this.shardCount = service.shardCount;
    this.#service = service;
    this.#principal = principal;
    this.#pulls = pulls;
    this.#blocks = blocks?.reader();
  }

  /** Twice is allowed. */
  close(): void {
    this.#closed = true;
    this.#revoke();
    this.#blocks?.close();
  }

  async call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']> {
    this.#checkWrite(name);
    const pulls = this.#pulls;
    if (pulls !== undefined && name === 'pullRings')
      return this.#grant(pulls, asked as Calls['pullRings']['asked']) as Calls[N]['answer'];
    if (pulls !== undefined && name === 'renewPulls') {
      pulls.renew([...this.#keys.values()].flat());
      return null as Calls[N]['answer'];
    }
    const blocks = this.#blocks;
    if (blocks !== undefined && isBlockCall(name))
      return blocks.call(name, asked as never) as Promise<Calls[N]['answer']>;
    return this.#service.call(name, asked);
  }

  #grant(
    pulls: RingGrants,
    { table = tickSchema.name, shards }: Calls['pullRings']['asked'],
  ): Calls['pullRings']['answer'] {
    if (this.#closed) throw new NdtsError('CLOSED', 'the connection ended');
    const grants = pulls.grant(table, shards);
    for (const [at, { key }] of grants.entries()) {
      const ring = `${table}/${shards?.[at] ?? at}`;
      pulls.revoke(this.#keys.get(ring) ?? []); // who asks again has no use for the one before
      this.#keys.set(ring, [key]);
    }
    return grants;
  }

  #revoke(): void {
    this.#pulls?.revoke([...this.#keys.values()].flat());
    this.#keys.clear();
  }

  async open<N extends StreamName>(
    name: N,
    asked: never,
    signal?: AbortSignal,
  ): Promise<StreamOf<N>> {
    this.#checkWrite(name);
    return this.#service.open(name, asked, signal);
  }

  #checkWrite(name: CallName | StreamName): void {
    const { name: user, role } = this.#principal;
    if (writes.has(name) && role !== 'admin' && role !== 'node')
      throw new NdtsError('FORBIDDEN', `${user} is a ${role}: ${name} needs admin or node`);
  }
}
