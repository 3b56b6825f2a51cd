// A service as a role may use it: everybody who is known reads, and who may write is said once,
// here.

import { NdtsError } from '@ndts/protocol';
import type { Principal } from '@ndts/runtime';
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

  constructor(service: Service, principal: Principal) {
    this.shardCount = service.shardCount;
    this.#service = service;
    this.#principal = principal;
  }

  async call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']> {
    this.#checkWrite(name);
    return this.#service.call(name, asked);
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
