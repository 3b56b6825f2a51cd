// Where ticks come from. A feed owns its connection and its clock work; the data node only asks it
// for what is there. Always: poll never blocks and never allocates per tick, rows of one symbol
// come in the order the venue sent them, and a feed that lost its source says so in its stats
// instead of throwing from poll.

import type { TickBatch } from '@ndts/protocol';

/** A symbol as a feed needs it: the cluster-wide id of its ticks, the name it subscribes to. */
export interface FeedSymbol {
  readonly id: number;
  readonly name: string;
}

export type FeedState = 'disconnected' | 'connecting' | 'connected' | 'failed';

export interface FeedStats {
  readonly state: FeedState;
  /** Ticks handed out by poll since the start. */
  readonly polled: number;
  /** Ticks the source had and poll never handed out: lost at the venue or given up as too old. */
  readonly skipped: number;
  /** Ticks that wait to be polled now. */
  readonly backlog: number;
  readonly reconnects: number;
  /** Why it is not connected; empty when it is. */
  readonly reason: string;
}

export interface Feed {
  readonly name: string;
  /** Resolves once ticks may come. Reconnecting later is the feed's own business. */
  connect(): Promise<void>;
  /** Fills rows [0, n), sets batch.count to n and returns it; n is at most batch.capacity. */
  poll(batch: TickBatch): number;
  /** Allowed at any moment, also twice; poll gives nothing afterwards. */
  disconnect(): Promise<void>;
  stats(): FeedStats;
}
