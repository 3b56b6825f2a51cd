// What the node asks of its feed, be it one or a set: which sources there are, and whose rows the
// last poll gave.

import type { Feed } from '../feed/feed.js';
import { FeedSet, type FeedSource } from '../feed/feed-set.js';
import type { NamedSource } from './source-desk.js';

/** The number of a feed that is alone. */
const onlySource = 1;

/** The sources of a feed: those of a set, or the one it is. */
export function sourcesOf(feed: Feed): readonly Pick<FeedSource, 'source' | 'feed'>[] {
  return feed instanceof FeedSet ? feed.sources : [{ source: onlySource, feed }];
}

export function namedSources(feed: Feed): NamedSource[] {
  return sourcesOf(feed).map(({ source, feed: one }) => {
    const { state, isEnded } = one.stats();
    return { source, name: one.name, isConnected: state === 'connected', isEnded };
  });
}

export function feedOf(feed: Feed, source: number): Feed | undefined {
  return sourcesOf(feed).find((one) => one.source === source)?.feed;
}

export function sourceName(feed: Feed, source: number): string {
  return feedOf(feed, source)?.name ?? feed.name;
}

/** Of the rows of the last poll. */
export function polledSource(feed: Feed): number {
  return feed instanceof FeedSet ? feed.source : onlySource;
}
