// What the data node tells the others: its status four times a second, and its metrics. Numbers
// are read where they are counted; nothing here is on the path of a tick.

import type { Cleaner } from '@ndts/native/clean';
import {
  type Clock,
  type DataStatus,
  type KindStatus,
  type NodeStateName,
  nsPerMs,
  type SourceStatus,
  type TickBatch,
  type Watermarks,
} from '@ndts/protocol';
import type { Counter, Gauge, Metrics } from '@ndts/runtime';
import type { Database } from '@ndts/storage';
import type { NamedSource } from '../arbitrate/source-desk.js';
import { sourceCleanings, sumByRule } from '../clean/rejects.js';
import type { Feed, FeedStats } from '../feed/feed.js';
import type { Publisher } from '../ring/publisher.js';
import type { Appender } from '../store/appender.js';
import type { DurableLag } from '../store/durable-lag.js';
import { RecentRate } from './rate.js';

/** DataStatus with what only the data node's own readers ask for. */
export interface DataNodeStatus extends DataStatus {
  readonly state: NodeStateName;
  /** Why it is not ACTIVE; empty when it is. */
  readonly reason: string;
  readonly feed: FeedStats;
  /** Why the file of cleaning rules is not in force; empty when it is. */
  readonly rulesProblem: string;
}

export interface StatusParts {
  readonly database: Database;
  readonly feed: Feed;
  readonly cleaner: Pick<Cleaner, 'counts' | 'marked'>;
  /** The feeds there are. */
  readonly sources: () => readonly NamedSource[];
  readonly arbitration: () => readonly SourceStatus[];
  readonly appender: Pick<Appender<TickBatch>, 'accepted'>;
  readonly publisher: Publisher<TickBatch>;
  readonly kinds: () => readonly KindStatus[];
  readonly durableLag: DurableLag;
  readonly clock: Clock;
  readonly symbolCount: () => number;
  readonly rulesProblem: () => string;
  readonly state: () => { readonly state: NodeStateName; readonly reason: string };
}

export class StatusReport {
  readonly #parts: StatusParts;
  readonly #rate = new RecentRate();
  #lastShards: DataStatus['shards'] = [];

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  next(): DataNodeStatus {
    const parts = this.#parts;
    const nowNs = parts.clock.monotonicNs();
    const { state, reason } = parts.state();
    const feed = parts.feed.stats();
    const sources = sourceCleanings(parts.cleaner, parts.sources());
    return {
      timeMs: Math.floor(parts.clock.nowMs()),
      ticksPerSecond: this.#rate.sample(parts.appender.accepted, nowNs),
      polled: feed.polled,
      accepted: parts.appender.accepted,
      rejected: sumByRule(sources.map((source) => source.refused)),
      marked: sumByRule(sources.map((source) => source.marked)),
      sources,
      arbitration: parts.arbitration(),
      kinds: parts.kinds(),
      appendWaits: parts.database.stats().appendWaits,
      symbols: parts.symbolCount(),
      watermarks: this.#watermarks(nowNs),
      shards: this.#shards(),
      state,
      reason,
      feed,
      rulesProblem: parts.rulesProblem(),
    };
  }

  #watermarks(nowNs: number): Watermarks {
    const { database, publisher, durableLag } = this.#parts;
    const { marks } = publisher;
    let [accepted, durable, replicated, sealed] = [0, 0, 0, 0];
    for (let first = 0; first < marks.length; first += 4) {
      accepted += marks[first]!;
      durable += marks[first + 1]!;
      replicated += marks[first + 2]!;
      sealed += marks[first + 3]!;
    }
    const lagMs = durableLag.lagNs(database.durablePosition(), nowNs) / nsPerMs;
    return {
      accepted,
      durable,
      replicated,
      sealed,
      durableLagMs: lagMs,
      // One copy: what is replicated is what is durable here.
      replicatedLagMs: lagMs,
      sealedLagTicks: Math.max(0, durable - sealed),
    };
  }

  /** The same list while nothing comes: who has nothing to do makes no garbage of it. */
  #shards(): DataStatus['shards'] {
    const { database, publisher } = this.#parts;
    const { marks } = publisher;
    const isKept = (): boolean => {
      for (let shard = 0; shard < database.shardCount; shard += 1) {
        const last = this.#lastShards[shard];
        if (last?.accepted !== marks[4 * shard] || last?.epoch !== database.epoch(shard))
          return false;
      }
      return true;
    };
    if (!isKept())
      this.#lastShards = Array.from({ length: database.shardCount }, (_, shard) => ({
        shard,
        epoch: database.epoch(shard),
        accepted: marks[4 * shard]!,
      }));
    return this.#lastShards;
  }
}

/** The metrics of a data node, set from its status. */
export class DataMetrics {
  readonly #polled: Counter;
  readonly #accepted: Counter;
  readonly #refused: Counter;
  readonly #marked: Counter;
  readonly #skipped: Counter;
  readonly #backlog: Gauge;
  readonly #durableLag: Gauge;
  readonly #sealedLag: Gauge;
  readonly #degraded: Gauge;
  readonly #rulesWrong: Gauge;
  readonly #seen = new Map<string, number>();

  constructor(metrics: Metrics) {
    this.#polled = metrics.counter('data_ticks_polled_total', 'Ticks taken from the feed.');
    this.#accepted = metrics.counter('data_ticks_accepted_total', 'Ticks accepted by the engine.');
    const labels = ['rule', 'source'];
    this.#refused = metrics.counter('clean_refused_total', 'Ticks refused by cleaning.', labels);
    this.#marked = metrics.counter(
      'clean_marked_total',
      'Ticks that cleaning found something in and let pass.',
      labels,
    );
    this.#skipped = metrics.counter('data_ticks_skipped_total', 'Ticks given up by the feed.');
    this.#backlog = metrics.gauge('data_feed_backlog_ticks', 'Ticks waiting in the feed.');
    this.#durableLag = metrics.gauge(
      'data_durable_lag_seconds',
      'Age of the oldest accepted tick that is not durable.',
    );
    this.#sealedLag = metrics.gauge('data_sealed_lag_ticks', 'Durable ticks not yet in a segment.');
    this.#degraded = metrics.gauge('data_degraded', '1 while the engine refuses ticks.');
    this.#rulesWrong = metrics.gauge(
      'clean_rules_wrong',
      '1 while the file of cleaning rules is not in force.',
    );
  }

  set(status: DataNodeStatus): void {
    this.#polled.inc(this.#grown('polled', status.polled));
    this.#accepted.inc(this.#grown('accepted', status.accepted));
    this.#skipped.inc(this.#grown('skipped', status.feed.skipped));
    for (const { source, refused, marked } of status.sources) {
      this.#count(this.#refused, 'refused', source, refused);
      this.#count(this.#marked, 'marked', source, marked);
    }
    this.#backlog.set(status.feed.backlog);
    this.#durableLag.set(status.watermarks.durableLagMs / 1e3);
    this.#sealedLag.set(status.watermarks.sealedLagTicks);
    this.#degraded.set(status.state === 'DEGRADED' ? 1 : 0);
    this.#rulesWrong.set(status.rulesProblem === '' ? 0 : 1);
  }

  #count(
    counter: Counter,
    what: string,
    source: string,
    counts: Readonly<Record<string, number>>,
  ): void {
    for (const [rule, count] of Object.entries(counts))
      counter.inc({ rule, source }, this.#grown(`${what} ${source} ${rule}`, count));
  }

  #grown(name: string, total: number): number {
    const before = this.#seen.get(name) ?? 0;
    this.#seen.set(name, total);
    return Math.max(0, total - before);
  }
}
