// The market of a data node on another host: its rings pulled into mirrors here, its rows asked for
// over the same connection. While the node is away there is no market, and it is looked for; the
// next connection is another market, whatever the node did meanwhile.
//
// Always: rings are mirrors of one connection. When that ends, or they stand still, they are left
// as they are, and who reads them is told of the next ones.

import {
  type BookBatch,
  bookSchema,
  type Clock,
  createBookBatch,
  createTickBatch,
  errorLine,
  NdtsError,
  nsPerMs,
  type RingPosition,
  type TickBatch,
  tickSchema,
  type Timer,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import {
  MarketConnection,
  type MarketConnectionOptions,
  openTickRings,
  type SymbolEntry,
  type TickRingReader,
} from '@ndts/storage';
import {
  type Batches,
  gapRowsMax,
  type History,
  type Market,
  type MarketSource,
  type RowKind,
  rowsBetween,
  type RowWatermark,
} from './market-source.js';

export interface PulledMarketOptions extends MarketConnectionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of this node: symbols of the other are in the same shards. */
  readonly shardCount: number;
  /** Before a strategy sees a row of theirs, and of new ones a moment later. */
  readonly onSymbols: (symbols: readonly SymbolEntry[]) => void | Promise<void>;
}

const checkMs = 250;
const symbolsMs = 2000;
const retryMs = 250;
/** The puller passes the heartbeat of who publishes on. */
const silentNs = 3000 * nsPerMs;

const tables = { ticks: tickSchema.name, books: bookSchema.name } as const;

export class PulledMarket implements MarketSource {
  market: Market | undefined;
  problem = 'the data node was not reached yet';
  readonly #options: PulledMarketOptions;
  readonly #listeners = new Set<() => void>();
  #connection: MarketConnection | undefined;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #following: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: PulledMarketOptions) {
    this.#options = options;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Looks for the node from now on. */
  start(): void {
    this.#following ??= this.#follow();
  }

  /** Twice is allowed. Mirrors are removed: who has them mapped keeps them. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#wake?.();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { logger } = this.#options;
    let told = '';
    while (!this.#isStopped) {
      try {
        await this.#followOne();
        told = '';
      } catch (error) {
        this.problem = `no market: ${errorLine(error)}`;
        if (this.problem !== told) logger.warn({ error: errorLine(error) }, 'no market');
        told = this.problem;
      }
      this.market = undefined;
      await this.#connection?.close();
      this.#connection = undefined;
      await this.#pause(retryMs);
    }
  }

  /** Until it ends. */
  async #followOne(): Promise<void> {
    const { logger } = this.#options;
    const connection = await MarketConnection.open(this.#options);
    this.#connection = connection;
    const market = await this.#open(connection);
    const heart = openTickRings({ paths: market.tickRings, from: 'tail' });
    try {
      this.market = market;
      this.problem = '';
      logger.info({ nodes: this.#options.nodes }, 'the market is followed');
      for (const listener of this.#listeners) listener();
      await this.#watchOver(connection, heart);
    } finally {
      heart.close();
    }
    this.problem = 'the data node is away';
    logger.warn({ nodes: this.#options.nodes }, this.problem);
  }

  async #open(connection: MarketConnection): Promise<Market> {
    const { shardCount, onSymbols } = this.#options;
    if (connection.shardCount !== shardCount)
      throw new NdtsError(
        'CONFIG_INVALID_VALUE',
        `cluster.shards: the data node has ${connection.shardCount}, this one ${shardCount}`,
      );
    await onSymbols(await connection.symbols());
    const tickRings = await connection.rings(tables.ticks);
    if (tickRings.length === 0)
      throw new NdtsError(
        'UNAVAILABLE',
        'the data node has no rings to pull: remote.pull is off there, or their port out of reach',
      );
    const bookRings = await connection.rings(tables.books);
    return {
      tickRings,
      bookRings: bookRings.length === 0 ? undefined : bookRings,
      history: new PulledHistory(connection),
    };
  }

  async #watchOver(connection: MarketConnection, heart: TickRingReader): Promise<void> {
    const { clock, onSymbols } = this.#options;
    let symbolsAtNs = clock.monotonicNs() + symbolsMs * nsPerMs;
    while (!this.#isStopped && !connection.closed) {
      await this.#pause(checkMs);
      const nowNs = clock.monotonicNs();
      if (nowNs - heart.marks(0).heartbeatNs > silentNs) return;
      if (nowNs < symbolsAtNs || connection.closed) continue;
      symbolsAtNs = nowNs + symbolsMs * nsPerMs;
      await onSymbols(await connection.symbols());
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#options.clock.setTimer(ms, resolve);
    });
  }
}

class PulledHistory implements History {
  readonly shardCount: number;
  readonly #connection: MarketConnection;

  constructor(connection: MarketConnection) {
    this.#connection = connection;
    this.shardCount = connection.shardCount;
  }

  async positions(kind: RowKind, watermark: RowWatermark): Promise<RingPosition[]> {
    if (!this.#connection.hasTable(tables[kind])) return [];
    const shards = await this.#connection.shards(tables[kind]);
    return shards.map((shard) => ({ epoch: shard.epoch, sequence: shard[watermark] }));
  }

  lastTicks(symbol: SymbolEntry, batch: TickBatch): Promise<number> {
    return this.#connection.lastTicks(symbol.name, batch);
  }

  async ticksBetween(
    from: readonly RingPosition[],
    to: readonly RingPosition[],
    chunkRows: number,
  ): Promise<Batches<TickBatch> | undefined> {
    if ((rowsBetween(from, to) ?? gapRowsMax + 1) > gapRowsMax) return undefined;
    const past = await this.#connection.between(tables.ticks, from, to);
    return past?.ticks(createTickBatch(chunkRows));
  }

  async booksBetween(
    from: readonly RingPosition[],
    to: readonly RingPosition[],
    chunkRows: number,
  ): Promise<Batches<BookBatch> | undefined> {
    if ((rowsBetween(from, to) ?? gapRowsMax + 1) > gapRowsMax) return undefined;
    if (from.length === 0) return [];
    const past = await this.#connection.between(tables.books, from, to);
    return past?.books(createBookBatch(chunkRows));
  }
}
