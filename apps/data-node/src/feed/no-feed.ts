// The feed of a data node that only serves what is stored (feed.kind = none).

import { type Feed, type FeedStats, noStats, pollNothing } from './feed.js';

export function createNoFeed(): Feed {
  let stats: FeedStats = noStats;
  return {
    name: 'none',
    abilities: { trades: false, book: false, waits: true, repairs: false },
    connect: async () => {
      stats = { ...noStats, state: 'connected' };
    },
    subscribe: () => undefined,
    unsubscribe: () => undefined,
    poll: pollNothing,
    pollTrades: pollNothing,
    pollBook: pollNothing,
    dueNs: () => Number.POSITIVE_INFINITY,
    disconnect: async () => {
      stats = noStats;
    },
    stats: () => stats,
    rejects: () => [],
  };
}
