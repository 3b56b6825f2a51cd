// The name of a consumer, held by a subscription: where it goes on, and what it acknowledges. Held
// anew wherever the service is reached anew; taken over by another, it is over.

import { NdtsError } from '@ndts/protocol';
import type { Service, StreamOf } from '../service/service.js';
import type { ShardPositions } from './positions.js';

export class ConsumerHold {
  readonly #name: string;
  readonly #table: string;
  readonly #onLost: () => void;
  #service: Service | undefined;
  #stream: StreamOf<'consumer'> | undefined;
  #lost: NdtsError | undefined;

  /** @param onLost called once, when another took the name over */
  constructor(name: string, table: string, onLost: () => void) {
    this.#name = name;
    this.#table = table;
    this.#onLost = onLost;
  }

  /** Takes the name. @returns the position that was acknowledged last; undefined: none ever */
  async take(service: Service): Promise<ShardPositions | undefined> {
    this.checkHeld();
    await this.#stream?.close();
    const stream = await service.open('consumer', { name: this.#name, table: this.#table });
    this.#service = service;
    this.#stream = stream;
    stream.next().catch((error: unknown) => {
      const isOver = error instanceof NdtsError && error.code === 'LEASE_LOST';
      if (!isOver || this.#stream !== stream) return;
      this.#lost = error;
      this.#onLost();
    });
    return stream.head.position ?? undefined;
  }

  /** Throws LEASE_LOST once another has the name. */
  checkHeld(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Resolves when the position is kept, durably. */
  async acknowledge(position: ShardPositions): Promise<void> {
    this.checkHeld();
    if (this.#service === undefined || this.#stream === undefined)
      throw new NdtsError('CLOSED', `consumer ${this.#name} reads nothing now`);
    const { hold } = this.#stream.head;
    await this.#service.call('acknowledge', { name: this.#name, hold, position });
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }
}
