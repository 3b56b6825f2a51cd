// Where a calc node takes its market from: the rings it reads live, and the rows before them. On
// the host of the data node these are its own rings and its own database; elsewhere mirrors of its
// rings, and rows it is asked for.
//
// Always: a market is one life of who publishes. When that ends there is none until the next one,
// whose rows go on where those of the last one ended, or are told as lost.

import type { BookBatch, RingPosition, TickBatch } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';

export type RowKind = 'ticks' | 'books';

/** What a row is when a strategy sees it. */
export const watermarks = ['accepted', 'durable', 'replicated'] as const;
export type RowWatermark = (typeof watermarks)[number];

type Sometime<T> = T | Promise<T>;
/** Filled again, one after the other. */
export type Batches<Batch> = Iterable<Batch> | AsyncIterable<Batch>;

export interface History {
  readonly shardCount: number;
  /** By shard: behind the rows that there are now. None for rows that nobody keeps. */
  positions(kind: RowKind, watermark: RowWatermark): Sometime<RingPosition[]>;
  /** The newest ticks of a symbol, oldest first, as many as the batch takes. */
  lastTicks(symbol: SymbolEntry, batch: TickBatch): Sometime<number>;
  /** Rows from these positions up to others, shard by shard; the rows of a symbol are in order.
   * undefined: what was seen before the first is not there any more, or there are too many. */
  ticksBetween(
    from: readonly RingPosition[],
    to: readonly RingPosition[],
    chunkRows: number,
  ): Sometime<Batches<TickBatch> | undefined>;
  booksBetween(
    from: readonly RingPosition[],
    to: readonly RingPosition[],
    chunkRows: number,
  ): Sometime<Batches<BookBatch> | undefined>;
}

export interface Market {
  /** Files by shard. */
  readonly tickRings: readonly string[];
  /** undefined: no books are taken. */
  readonly bookRings: readonly string[] | undefined;
  readonly history: History;
}

export interface MarketSource {
  /** undefined: nobody publishes now; `problem` says why. */
  readonly market: Market | undefined;
  readonly problem: string;
  /** Told when there is another market. @returns from now on not any more */
  watch(listener: () => void): () => void;
}

/** A longer gap takes longer than to begin anew. */
export const gapRowsMax = 500_000;

/** How many rows lie between two positions; undefined: the second is not behind the first. */
export function rowsBetween(
  from: readonly RingPosition[],
  to: readonly RingPosition[],
): number | undefined {
  if (from.length !== to.length) return undefined;
  let rows = 0;
  for (const [shard, { sequence }] of from.entries()) {
    const end = to[shard]!.sequence;
    if (sequence > end) return undefined;
    rows += end - sequence;
  }
  return rows;
}

/** Of who publishes in this process, and lives as long as it. */
export class OwnMarket implements MarketSource {
  readonly problem = '';
  readonly market: Market;

  constructor(market: Market) {
    this.market = market;
  }

  watch(): () => void {
    return () => undefined;
  }
}
