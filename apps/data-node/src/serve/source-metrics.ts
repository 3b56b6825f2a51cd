// What each feed does, as metrics: what came and what was wrong with it, and beside other feeds of
// the same symbols how far behind the first it is and how the lead came and went. Set from status;
// a feed that is gone keeps its counts and has 0 where something is measured now.

import type { SourceStatus } from '@ndts/protocol';
import type { Counter, Gauge, Metrics } from '@ndts/runtime';
import type { FeedStats } from '../feed/feed.js';

const outcomes = ['first', 'copies', 'repeats', 'late', 'missed'] as const;
const quantiles = [
  ['0.5', 'behindUsP50'],
  ['0.99', 'behindUsP99'],
  ['1', 'behindUsMax'],
] as const;

export class SourceMetrics {
  readonly #messages: Counter;
  readonly #malformed: Counter;
  readonly #connected: Gauge;
  readonly #rows: Counter;
  readonly #behind: Gauge;
  readonly #leadShare: Gauge;
  readonly #failovers: Counter;
  readonly #returns: Counter;
  readonly #seen = new Map<string, number>();
  readonly #feeds = new Set<string>();
  #sources = new Set<string>();

  constructor(metrics: Metrics) {
    const source = ['source'];
    this.#messages = metrics.counter('feed_messages_total', 'Messages or records came.', source);
    this.#malformed = metrics.counter(
      'feed_malformed_total',
      'Messages or records that could not be used.',
      ['source', 'rule'],
    );
    this.#connected = metrics.gauge('feed_connected', '1 while the feed is connected.', source);
    this.#rows = metrics.counter(
      'source_rows_total',
      'Good ticks of a feed beside others: the first of all, copies, repeats, late, missed.',
      ['source', 'outcome'],
    );
    this.#behind = metrics.gauge(
      'source_behind_seconds',
      'How far behind the first the copies of a feed were; quantiles, 1 the most.',
      ['source', 'quantile'],
    );
    this.#leadShare = metrics.gauge(
      'source_lead_share',
      'Of the symbols that any feed leads: the part that this one does.',
      source,
    );
    const [failovers, returns] = ['source_failovers_total', 'source_returns_total'];
    this.#failovers = metrics.counter(failovers, 'Symbols it lost the lead of.', source);
    this.#returns = metrics.counter(returns, 'Symbols it got the lead of back.', source);
  }

  setFeed(source: string, stats: FeedStats): void {
    this.#feeds.add(source);
    this.#grow('messages', this.#messages, { source }, stats.messages);
    for (const [rule, count] of Object.entries(stats.malformedBy))
      this.#grow('malformed', this.#malformed, { source, rule }, count);
    this.#connected.set({ source }, stats.state === 'connected' ? 1 : 0);
  }

  /** The others are gone. */
  keepFeeds(sources: ReadonlySet<string>): void {
    for (const source of this.#feeds)
      if (!sources.has(source)) {
        this.#connected.set({ source }, 0);
        this.#feeds.delete(source);
      }
  }

  setArbitration(all: readonly SourceStatus[]): void {
    const led = all.reduce((sum, one) => sum + one.leads, 0);
    for (const one of all) {
      const source = one.name;
      for (const outcome of outcomes)
        this.#grow('rows', this.#rows, { source, outcome }, one[outcome]);
      for (const [quantile, field] of quantiles)
        this.#behind.set({ source, quantile }, one[field] / 1e6);
      this.#leadShare.set({ source }, led === 0 ? 0 : one.leads / led);
      this.#grow('failovers', this.#failovers, { source }, one.failovers);
      this.#grow('returns', this.#returns, { source }, one.returns);
    }
    this.#clearGone(new Set(all.map(({ name }) => name)));
  }

  #clearGone(sources: Set<string>): void {
    for (const source of this.#sources) {
      if (sources.has(source)) continue;
      this.#leadShare.set({ source }, 0);
      for (const [quantile] of quantiles) this.#behind.set({ source, quantile }, 0);
    }
    this.#sources = sources;
  }

  /** A feed of the same name that began anew counts from 0. */
  #grow(
    what: string,
    counter: Counter,
    labels: Readonly<Record<string, string>>,
    total: number,
  ): void {
    const key = `${what} ${Object.values(labels).join(' ')}`;
    const before = this.#seen.get(key) ?? 0;
    this.#seen.set(key, total);
    counter.inc(labels, total < before ? total : total - before);
  }
}
