// What a calc node needs of a data node of another host: the rings of its ticks and books, pulled
// into mirrors here, and the rows before them, by symbol and by sequence.
//
// Always: it is one connection. When that ends it is closed, mirrors stand still, and every call is
// UNAVAILABLE; who wants to go on opens another one.

import type { TableBatch, TableInfo } from '@ndts/native/db';
import {
  type BookBatch,
  type Clock,
  type ErrorCode,
  NdtsError,
  type RingPosition,
  type TickBatch,
  tickSchema,
} from '@ndts/protocol';
import { type OpenedService, openNodeService } from '../../client/open-service.js';
import { batchOf } from '../../service/rows.js';
import type { Calls, RawRows, ShardInfo } from '../../service/service.js';
import { rowsToBooks, rowsToTicks } from '../../table/market-rows.js';
import type { RemoteTls } from '../network/network-connection.js';
import { parseNodeAddress } from '../network/node-address.js';
import { BlockMemory } from './block-reader.js';

export interface MarketConnectionOptions {
  /** `host:port`; the first that answers is asked. */
  readonly nodes: readonly string[];
  readonly token: string;
  readonly tls?: RemoteTls;
  readonly clock: Clock;
  /** How long to look for a node, and to wait for mirrors. */
  readonly timeoutMs: number;
}

const neverThere: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['WRONG_EPOCH', 'INVALID_ARGUMENT']);

/** Rows between two positions. Batches are filled again. */
export interface PastMarket {
  ticks(batch: TickBatch): AsyncGenerator<TickBatch>;
  books(batch: BookBatch): AsyncGenerator<BookBatch>;
}

export class MarketConnection {
  readonly #opened: OpenedService;
  readonly #tables = new Map<string, TableInfo>();

  private constructor(opened: OpenedService) {
    this.#opened = opened;
  }

  /** UNAVAILABLE where no node listens; UNAUTHENTICATED for a token it does not know. */
  static async open(options: MarketConnectionOptions): Promise<MarketConnection> {
    const nodes = options.nodes.map(parseNodeAddress);
    const opened = await openNodeService({ ...options, nodes, blocks: new BlockMemory(0) });
    const made = new MarketConnection(opened);
    try {
      for (const table of await opened.service.call('tables', {}))
        made.#tables.set(table.name, table);
      return made;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  get closed(): boolean {
    return this.#opened.closed;
  }

  get shardCount(): number {
    return this.#opened.service.shardCount;
  }

  /** Of those that were there when the connection began. */
  hasTable(name: string): boolean {
    return this.#tables.has(name);
  }

  symbols(): Promise<Calls['symbols']['answer']> {
    return this.#opened.service.call('symbols', {});
  }

  /** Mirrors by shard; none where the node publishes no such rows. UNAVAILABLE: they can't be
   * pulled. */
  async rings(table: string): Promise<readonly string[]> {
    if (!this.hasTable(table)) return [];
    return this.#opened.service.call('rings', { table });
  }

  /** Of rows of a table, by shard. */
  shards(table: string): Promise<readonly ShardInfo[]> {
    return this.#opened.service.call('shards', { table });
  }

  /** The newest ticks of a symbol, oldest first, as many as the batch takes. */
  async lastTicks(symbol: string, batch: TickBatch): Promise<number> {
    const asked = { table: tickSchema.name, symbol, count: batch.capacity };
    rowsToTicks(
      this.#rows(tickSchema.name, await this.#opened.service.call('newest', asked)),
      batch,
    );
    return batch.count;
  }

  /** Rows from these positions on, up to others, shard by shard in their order; undefined: what was
   * seen before the positions is not there any more. */
  async between(
    table: string,
    from: readonly RingPosition[],
    until: readonly RingPosition[],
  ): Promise<PastMarket | undefined> {
    const { service } = this.#opened;
    const open = async (batch: number) =>
      service.open('tail', {
        table,
        from: {
          epoch: Uint32Array.from(from, ({ epoch }) => epoch),
          sequence: Float64Array.from(from, ({ sequence }) => sequence),
        },
        until: Float64Array.from(until, ({ sequence }) => sequence),
        batch,
      });
    try {
      const first = await open(1);
      await first.close();
      if (first.head.voids.length > 0) return undefined;
    } catch (error) {
      // Of a node that was put back to an earlier state, or of another one.
      if (error instanceof NdtsError && neverThere.has(error.code)) return undefined;
      throw error;
    }
    const rowsIn = (rows: RawRows): TableBatch => this.#rows(table, rows);
    async function* batches(capacity: number): AsyncGenerator<TableBatch> {
      const stream = await open(capacity);
      try {
        for (let item = await stream.next(); item !== undefined; item = await stream.next())
          yield rowsIn(item.rows);
      } finally {
        await stream.close();
      }
    }
    return {
      async *ticks(batch) {
        for await (const rows of batches(batch.capacity)) {
          rowsToTicks(rows, batch);
          yield batch;
        }
      },
      async *books(batch) {
        for await (const rows of batches(batch.capacity)) {
          rowsToBooks(rows, batch);
          yield batch;
        }
      },
    };
  }

  /** Twice is allowed. Removes the mirrors: who has them mapped keeps them. */
  close(): Promise<void> {
    return this.#opened.close();
  }

  #rows(name: string, rows: RawRows): TableBatch {
    const table = this.#tables.get(name);
    if (table === undefined) throw new NdtsError('NOT_FOUND', `the node has no table ${name}`);
    const batch = batchOf(table, rows);
    batch.sequence.set(rows.sequence);
    if (rows.shard !== undefined) batch.shard.set(rows.shard);
    if (rows.epoch !== undefined) batch.epoch.set(rows.epoch);
    return batch;
  }
}
