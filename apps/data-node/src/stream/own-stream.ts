// A subscription of one client alone: from a position, of the past, or with a name whose position
// is kept. Every row is sent; a client that is slow is read for more slowly, which costs nothing.

import { NdtsError } from '@ndts/protocol';
import { oldestPositions, type ShardPositions, type Subscription } from '@ndts/storage';
import type { ClientSubscription, StreamClient } from './client.js';
import { encodeBody, type NameOf, rowFlags, type StreamForm } from './frames.js';
import { type PositionList, shardPositions } from './requests.js';
import type { Turns } from './turns.js';

export interface OwnStreamOptions {
  readonly client: StreamClient;
  readonly id: number;
  readonly kind: string;
  readonly form: StreamForm;
  readonly source: Subscription;
  readonly nameOf: NameOf;
  /** Of all that read for one client. */
  readonly turns: Turns;
  /** The past is over. */
  readonly onLive: () => void;
  /** It ended, and not because the client wanted it. */
  readonly onEnd: (error: unknown) => void;
  /** It holds nothing any more. */
  readonly onClose: () => void;
}

export class OwnStream implements ClientSubscription {
  readonly #options: OwnStreamOptions;
  /** What an acknowledgement adds to: the client names the shards it is about. */
  #acknowledged: ShardPositions | undefined;
  #closed = false;

  constructor(options: OwnStreamOptions) {
    this.#options = options;
  }

  /** @returns where it begins; of the past: where live does */
  async begin(): Promise<ShardPositions> {
    this.#acknowledged = await this.#options.source.from();
    return this.#acknowledged;
  }

  /** Rows are sent from now on. */
  start(): void {
    void this.#run();
  }

  async ack(positions: PositionList): Promise<void> {
    const before = this.#acknowledged ?? oldestPositions(0);
    const { epoch, sequence } = shardPositions(positions, before.sequence.length);
    const all = { epoch: before.epoch.slice(), sequence: before.sequence.slice() };
    for (const [shard] of positions) {
      all.epoch[shard] = epoch[shard] ?? 0;
      all.sequence[shard] = sequence[shard] ?? 0;
    }
    await this.#options.source.ack(all);
    this.#acknowledged = all;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose();
    void this.#options.source.close().catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { client, source, turns, onLive, onEnd } = this.#options;
    try {
      for (;;) {
        await client.writable();
        if (this.#closed || client.gone) return;
        const { value } = await source.next();
        if (value === undefined) break;
        await turns.take();
        // Closed meanwhile: the client was told that nothing of it comes any more.
        if (this.#closed || client.gone) return;
        if (value.next !== undefined) onLive();
        for (const one of value.voids) this.#sendVoid(one);
        if (value.rows.count > 0) this.#send(value.rows.raw, value.next);
      }
      if (!this.#closed) onEnd(new NdtsError('CLOSED', 'the stream ended'));
    } catch (error) {
      if (!this.#closed) onEnd(error);
    }
  }

  #send(
    rows: Parameters<typeof encodeBody>[1]['rows'],
    positions: ShardPositions | undefined,
  ): void {
    const { client, id, kind, form, nameOf } = this.#options;
    const shards = [...new Set(rows.shard)];
    const flags = positions === undefined ? rowFlags.past : rowFlags.none;
    client.sendRows(id, flags, encodeBody(form, { kind, rows, positions, shards }, nameOf));
  }

  #sendVoid(one: object): void {
    const { client, id } = this.#options;
    client.sendText(JSON.stringify({ type: 'void', id, ...one }));
  }
}
